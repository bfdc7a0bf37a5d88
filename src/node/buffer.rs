//! Buffers: looking at those of callers, making new ones, keeping hold of them.

use std::mem::MaybeUninit;
use std::{ptr, slice};

use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi::{Env, JsValue, ValueType, check_status, sys};

use crate::convert::{Conversion, Sample};
use crate::fresh_memory::ask_for_huge_pages;

/// A `Buffer` or other `Uint8Array`, with the length it had when looked at.
///
/// Any JavaScript that runs later may detach or resize it, so its memory is looked up when it is used, and
/// is not used if there is less of it by then.
///
/// Of a `SharedArrayBuffer`, other threads may read and write the bytes at any time, also while they are
/// borrowed here as a slice. Rust has no promise for that. What keeps it harmless is that a conversion has
/// a result for any 16 bits, within its table, and that no length or branch depends on a sample.
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
        is_uint8_array.then_some(Bytes { value, byte_length: array.length })
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

    /// Writes the converted image to `target`, whose bytes may be uninitialised. Gives `false`, and does
    /// nothing, when the two are not apart, or `target` is not as long as this was when looked at, or this
    /// is shorter by now.
    #[must_use]
    pub fn convert_to(&self, target: &Bytes, conversion: Conversion) -> bool {
        let length = self.byte_length;
        let (from, from_length) = self.memory();
        let (to, to_length) = target.memory();
        let are_apart = from.addr() + length <= to.addr() || to.addr() + length <= from.addr();
        if from_length < length || to_length != length || !are_apart {
            return false;
        }
        // SAFETY: `from` has `length` bytes, to which this thread does not write while they are borrowed:
        // `to` is apart, and no JavaScript runs. For other threads, see `Bytes`.
        let source = unsafe { slice::from_raw_parts(from, length) };
        // SAFETY: `to` has `length` bytes, which this thread does not use otherwise meanwhile.
        let target = unsafe {
            slice::from_raw_parts_mut(to.cast::<MaybeUninit<Sample>>(), length / size_of::<Sample>())
        };
        ask_for_huge_pages(target);
        conversion.convert(source.as_chunks().0, target);
        true
    }

    /// Converts the image where it is.
    pub fn convert_in_place(&self, conversion: Conversion) {
        let (data, length) = self.memory();
        // Another thread may have let shared memory grow.
        let length = length.min(self.byte_length);
        // SAFETY: these are its bytes, which this thread does not use otherwise meanwhile. For other
        // threads, see `Bytes`.
        let bytes = unsafe { slice::from_raw_parts_mut(data, length) };
        conversion.convert_in_place(bytes.as_chunks_mut().0);
    }

    /// Where its bytes are now, and how many: never null, so that a slice can start there.
    fn memory(&self) -> (*mut u8, usize) {
        let mut data = ptr::null_mut();
        let length = typed_array(self.value, &mut data, ptr::null_mut()).map_or(0, |array| array.length);
        (if data.is_null() { ptr::dangling_mut() } else { data.cast() }, length)
    }
}

/// Makes Buffers, by a function of JavaScript's.
///
/// When memory is short, `Buffer.allocUnsafeSlow` throws, after a garbage collection, where Node-API's
/// `napi_create_buffer` ends the process. It is JavaScript that catches what it throws, because that cannot
/// catch the end of a worker thread by mistake, as native code can.
pub struct Allocator(Held);

impl Allocator {
    /// Gives `undefined` when there is no memory. That is a `RangeError`, and so is a stack overflow.
    const SCRIPT: &str = "(byteLength) => {
        try {
            return Buffer.allocUnsafeSlow(byteLength);
        } catch (error) {
            if (error instanceof RangeError && !error.message.includes('call stack')) return undefined;
            throw error;
        }
    }";

    /// Makes the function.
    pub fn new(env: &Env) -> napi::Result<Allocator> {
        let function: Unknown = env.run_script(Allocator::SCRIPT)?;
        Ok(Allocator(Held::new(function)?))
    }

    /// A new, uninitialised `Buffer` with memory of its own; `None` when there is no memory for it. (Or
    /// anything at all, if somebody replaced `Buffer.allocUnsafeSlow`.)
    pub fn allocate<'env>(&self, env: &'env Env, byte_length: usize) -> napi::Result<Option<Unknown<'env>>> {
        let function = self.0.value(env)?;
        let this = ().into_unknown(env)?;
        let arguments = [(byte_length as f64).into_unknown(env)?.raw()];
        let mut result = ptr::null_mut();
        // SAFETY: all are values of `env`. An exception stays on its way, and is told by the status.
        check_status!(unsafe {
            sys::napi_call_function(
                env.raw(),
                this.raw(),
                function.raw(),
                arguments.len(),
                arguments.as_ptr(),
                &mut result,
            )
        })?;
        // SAFETY: `result` was just given as a value of `env`.
        let buffer = unsafe { Unknown::from_raw_unchecked(env.raw(), result) };
        Ok((buffer.get_type()? != ValueType::Undefined).then_some(buffer))
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

/// Tells the garbage collector that Buffers of so many bytes were let go.
///
/// It learns of memory when it is allocated, and would let some hundred MiB of dead images pile up. Memory
/// that comes and goes at once changes nothing in its books, but lets it see whether it is time. Only evictions
/// are told: they come in numbers, where a host deletes or clears once in a while.
pub fn urge_collection(env: &Env, bytes: usize) {
    if bytes == 0 {
        return;
    }
    let bytes = bytes as i64;
    let mut total = 0;
    // SAFETY: `total` is a place for the result. A failure leaves the collector to itself.
    unsafe { sys::napi_adjust_external_memory(env.raw(), bytes, &mut total) };
    // SAFETY: as above.
    unsafe { sys::napi_adjust_external_memory(env.raw(), -bytes, &mut total) };
}
