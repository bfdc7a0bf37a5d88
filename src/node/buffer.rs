//! Buffers: looking at those of callers, making new ones, keeping hold of them.

use std::mem::MaybeUninit;
use std::{ptr, slice};

use napi::bindgen_prelude::{Function, JsObjectValue, Unknown};
use napi::{Env, JsValue, check_status, sys};

use crate::convert::{Conversion, Sample};

/// A `Buffer` or other `Uint8Array`, with the length it had when looked at.
///
/// Any JavaScript that runs later may detach or resize it, so its memory is looked up when it is used, and
/// is not used if the length is another by then.
#[derive(Clone, Copy)]
pub struct Bytes<'env> {
    value: Unknown<'env>,
    byte_length: usize,
}

/// What Node-API knows of a typed array.
struct TypedArray {
    kind: sys::napi_typedarray_type,
    length: usize,
}

impl<'env> Bytes<'env> {
    /// Looks at a value; `None` when it is not a `Uint8Array`.
    pub fn of(value: Unknown<'env>) -> Option<Bytes<'env>> {
        let array = typed_array(value, ptr::null_mut(), ptr::null_mut())?;
        let is_uint8_array = array.kind == sys::TypedarrayType::uint8_array;
        is_uint8_array.then_some(Bytes {
            value,
            byte_length: array.length,
        })
    }

    /// A new, uninitialised `Buffer` with memory of its own; `None` when there is no memory for it.
    ///
    /// It is JavaScript's `Buffer.allocUnsafeSlow` that makes it: when memory is short, that throws, after
    /// a garbage collection, where Node-API's `napi_create_buffer` ends the process.
    pub fn allocate(env: &'env Env, byte_length: usize) -> napi::Result<Option<Bytes<'env>>> {
        let class: Function<f64, Unknown> = env.get_global()?.get_named_property("Buffer")?;
        let allocate: Function<f64, Unknown> = class.get_named_property("allocUnsafeSlow")?;
        Ok(allocate.call(byte_length as f64).ok().and_then(Bytes::of))
    }

    /// The `Uint8Array` itself.
    pub fn value(&self) -> Unknown<'env> {
        self.value
    }

    /// How many bytes it has.
    pub fn byte_length(&self) -> usize {
        self.byte_length
    }

    /// Whether its memory was transferred away. Otherwise such a `Uint8Array` looks like an empty one.
    pub fn is_detached(&self) -> napi::Result<bool> {
        if self.byte_length != 0 {
            return Ok(false);
        }
        let mut array_buffer = ptr::null_mut();
        typed_array(self.value, ptr::null_mut(), &mut array_buffer);
        let mut is_detached = false;
        // SAFETY: `array_buffer` is a value, or null, which gives a status.
        check_status!(unsafe {
            sys::napi_is_detached_arraybuffer(self.value.value().env, array_buffer, &mut is_detached)
        })?;
        Ok(is_detached)
    }

    /// Writes the converted image to `target`, whose bytes may be uninitialised.
    pub fn convert_to(&self, target: &Bytes, conversion: Conversion) -> napi::Result<()> {
        let (from, to) = (self.data()?, target.data()?);
        let length = self.byte_length;
        let are_apart = from.addr() + length <= to.addr() || to.addr() + length <= from.addr();
        if target.byte_length != length || !are_apart {
            return Err(napi::Error::from_reason(
                "Buffer.allocUnsafeSlow was replaced: it gave no new memory",
            ));
        }
        // SAFETY: `from` has `length` bytes, and nothing writes to them while they are borrowed: JavaScript
        // of this thread does not run, and `to` is apart. (Another thread may write to a SharedArrayBuffer.
        // A sample is then any 16 bits, and the conversion has a result for all of them.)
        let source = unsafe { slice::from_raw_parts(from, length) };
        // SAFETY: `to` has `length` bytes, to which nothing else has access meanwhile.
        let target = unsafe {
            slice::from_raw_parts_mut(to.cast::<MaybeUninit<Sample>>(), length / size_of::<Sample>())
        };
        conversion.convert(source.as_chunks().0, target);
        Ok(())
    }

    /// Converts the image where it is.
    pub fn convert_in_place(&self, conversion: Conversion) -> napi::Result<()> {
        // SAFETY: these are its bytes, and nothing else has access to them meanwhile: JavaScript of this
        // thread does not run. (For a SharedArrayBuffer, see `convert_to`.)
        let bytes = unsafe { slice::from_raw_parts_mut(self.data()?, self.byte_length) };
        conversion.convert_in_place(bytes.as_chunks_mut().0);
        Ok(())
    }

    /// Where its bytes are. Not null, even if there are none.
    fn data(&self) -> napi::Result<*mut u8> {
        let mut data = ptr::null_mut();
        let length = typed_array(self.value, &mut data, ptr::null_mut()).map(|array| array.length);
        if length != Some(self.byte_length) {
            return Err(napi::Error::from_reason(
                "the Uint8Array changed its length during the call",
            ));
        }
        Ok(if data.is_null() {
            ptr::dangling_mut()
        } else {
            data.cast()
        })
    }
}

/// The kind of a typed array, as one of [`sys::TypedarrayType`]; `None` when the value is none.
pub fn typed_array_kind(value: Unknown) -> Option<sys::napi_typedarray_type> {
    typed_array(value, ptr::null_mut(), ptr::null_mut()).map(|array| array.kind)
}

/// Looks at a typed array, and at its data and its ArrayBuffer where a place for them is given. They cost
/// more than the rest: V8 may have to make the ArrayBuffer first.
fn typed_array(
    value: Unknown,
    data: *mut *mut std::ffi::c_void,
    array_buffer: *mut sys::napi_value,
) -> Option<TypedArray> {
    let mut array = TypedArray { kind: -1, length: 0 };
    // SAFETY: every place to write to is of the right type, or null. A value that is no typed array gives
    // a status.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            value.value().env,
            value.raw(),
            &mut array.kind,
            &mut array.length,
            data,
            array_buffer,
            ptr::null_mut(),
        )
    };
    (status == sys::Status::napi_ok).then_some(array)
}

/// A hold on a JavaScript value, which lives at least as long as this.
pub struct Held {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Held {
    /// Takes hold of a value.
    pub fn new(value: Unknown) -> napi::Result<Held> {
        let env = value.value().env;
        let mut reference = ptr::null_mut();
        // SAFETY: the value is one of `env`. A count of 1 makes the reference a strong one.
        check_status!(unsafe { sys::napi_create_reference(env, value.raw(), 1, &mut reference) })?;
        Ok(Held { env, reference })
    }

    /// The value.
    pub fn value<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference is there until this is dropped, and a strong one has its value.
        check_status!(unsafe { sys::napi_get_reference_value(env.raw(), self.reference, &mut value) })?;
        // SAFETY: `value` was just given as a value of `env`.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), value) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the reference is there, and is dropped where `env` is valid: in a call from JavaScript
        // or in a finalizer.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
