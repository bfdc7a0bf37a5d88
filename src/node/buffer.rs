//! Access to the memory of Buffers.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::{ptr, slice};

use napi::bindgen_prelude::Unknown;
use napi::{JsValue, sys};

use crate::convert::{Conversion, Sample, SharedSamples};

/// A `Buffer` or other `Uint8Array`, with its length at the time of [`Bytes::of`]. JavaScript that runs later
/// may detach or resize it, so its memory is looked up when it is used.
#[derive(Clone, Copy)]
pub struct Bytes<'env> {
    pub value: Unknown<'env>,
    pub byte_length: usize,
}

impl<'env> Bytes<'env> {
    /// `None` if the value is not a `Uint8Array`.
    pub fn of(value: Unknown<'env>) -> Option<Bytes<'env>> {
        let (kind, byte_length) = typed_array(value, ptr::null_mut(), ptr::null_mut())?;
        (kind == sys::TypedarrayType::uint8_array).then_some(Bytes { value, byte_length })
    }

    /// Whether its ArrayBuffer is detached. Its length is 0 then.
    pub fn is_detached(&self) -> bool {
        let (mut array_buffer, mut is_detached) = (ptr::null_mut(), false);
        if self.byte_length == 0 && typed_array(self.value, ptr::null_mut(), &mut array_buffer).is_some() {
            // SAFETY: `array_buffer` belongs to this environment.
            unsafe {
                sys::napi_is_detached_arraybuffer(self.value.value().env, array_buffer, &mut is_detached)
            };
        }
        is_detached
    }

    /// Converts the image in place.
    pub fn convert_in_place(&self, conversion: Conversion) {
        let memory = Memory::of(self.value);
        // Another thread may have grown shared memory.
        let count = memory.byte_length.min(self.byte_length) / size_of::<Sample>();
        if memory.is_shared {
            // SAFETY: the SharedArrayBuffer has at least `count` samples, and never shrinks. The handle of the
            // call keeps it alive. Native code accesses it in this way only.
            conversion.convert_shared_image_in_place(&unsafe { SharedSamples::new(memory.start, count) });
        } else {
            // SAFETY: the memory has at least `count` samples. No other thread has them, except for
            // asynchronous calls that still use the Buffer, which the documentation forbids. This thread uses
            // them here only.
            conversion.convert_image_in_place(unsafe { slice::from_raw_parts_mut(memory.start, count) });
        }
    }
}

/// Converts an image of `byte_length` bytes to `target`, a new Buffer.
///
/// # Panics
/// If the source is not a `Uint8Array` of at least this length, or if the target is not one of this length,
/// is shared, or overlaps the source. Only a `Buffer.allocUnsafeSlow` that was replaced before the addon was
/// loaded can do that.
pub fn convert_to_new(source: Unknown, target: Unknown, byte_length: usize, conversion: Conversion) {
    let is_source = is_same(source, target);
    // No JavaScript runs from here on, so that the memory of both stays as it is.
    let (source, target) = (Memory::of(source), Memory::of(target));
    assert!(
        source.is_uint8_array
            && target.is_uint8_array
            && source.byte_length >= byte_length
            && target.byte_length == byte_length
            && !target.is_shared
            && !is_source
            && source.is_disjoint_from(&target),
        "Buffer.allocUnsafeSlow was replaced, and returned no new Buffer"
    );
    let count = byte_length / size_of::<Sample>();
    let start = target.start.cast::<MaybeUninit<Sample>>();
    // SAFETY: the target has `count` samples, which nothing else accesses: it is not shared, and not part of
    // the source.
    let target = unsafe { slice::from_raw_parts_mut(start, count) };
    if source.is_shared {
        // SAFETY: the SharedArrayBuffer has at least `count` samples, and never shrinks. The handle of the call
        // keeps it alive. Native code accesses it in this way only.
        conversion.convert_shared_image(&unsafe { SharedSamples::new(source.start, count) }, target);
    } else {
        // SAFETY: the source has at least `count` samples. No other thread has them, except for asynchronous
        // calls that still write to the Buffer, which the documentation forbids. This thread does not write
        // them.
        conversion.convert_image(unsafe { slice::from_raw_parts(source.start, count) }, target);
    }
}

/// The memory of a typed array, until JavaScript runs.
struct Memory {
    is_uint8_array: bool,
    /// Never null, as slices require, and aligned to words if there is no memory.
    start: *mut Sample,
    byte_length: usize,
    /// Whether it is a SharedArrayBuffer.
    is_shared: bool,
}

impl Memory {
    /// Of anything but a typed array, none.
    fn of(value: Unknown) -> Memory {
        let (mut data, mut array_buffer) = (ptr::null_mut(), ptr::null_mut());
        let info = typed_array(value, &mut data, &mut array_buffer);
        let (kind, byte_length) = info.unwrap_or((-1, 0));
        // SAFETY: it is null, which Node-API rejects, or a value of this environment.
        let array_buffer = unsafe { Unknown::from_raw_unchecked(value.value().env, array_buffer) };
        Memory {
            is_uint8_array: kind == sys::TypedarrayType::uint8_array,
            start: if data.is_null() { ptr::dangling_mut::<u16>().cast() } else { data.cast() },
            byte_length,
            // Node-API does not take a SharedArrayBuffer for an ArrayBuffer.
            is_shared: !array_buffer.is_arraybuffer().unwrap_or(false),
        }
    }

    fn is_disjoint_from(&self, other: &Memory) -> bool {
        let (start, other_start) = (self.start.addr(), other.start.addr());
        start + self.byte_length <= other_start || other_start + other.byte_length <= start
    }
}

/// Whether both are the same object.
fn is_same(one: Unknown, other: Unknown) -> bool {
    let mut is_same = false;
    // SAFETY: both are values of this environment.
    unsafe { sys::napi_strict_equals(one.value().env, one.raw(), other.raw(), &mut is_same) };
    is_same
}

/// The kind of a typed array, one of [`sys::TypedarrayType`], and its length; `None` if the value is none.
/// Its data and ArrayBuffer are written to where these pointers are not null; they take longer, since V8 may
/// have to create the ArrayBuffer.
pub fn typed_array(
    value: Unknown,
    data: *mut *mut c_void,
    array_buffer: *mut sys::napi_value,
) -> Option<(sys::napi_typedarray_type, usize)> {
    let (mut kind, mut length) = (-1, 0);
    // SAFETY: all pointers are null or valid. A value that is not a typed array is an error.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            value.value().env,
            value.raw(),
            &mut kind,
            &mut length,
            data,
            array_buffer,
            ptr::null_mut(),
        )
    };
    (status == sys::Status::napi_ok).then_some((kind, length))
}
