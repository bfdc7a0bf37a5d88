//! Access to the memory of Buffers.

use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, AtomicU16};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::{ptr, slice};

use napi::bindgen_prelude::Unknown;
use napi::{Env, JsValue, check_status, sys};

use super::environment::{Environment, MemoryKind};
use crate::convert::{Conversion, Sample};

/// A `Buffer` or other `Uint8Array`, with its length at the time of [`Bytes::of`].
///
/// JavaScript that runs later may detach or resize it. So its memory is looked up when it is used, and is not used
/// if it is shorter by then.
#[derive(Clone, Copy)]
pub struct Bytes<'env> {
    value: Unknown<'env>,
    byte_length: usize,
}

impl<'env> Bytes<'env> {
    /// `None` if the value is not a `Uint8Array`.
    pub fn of(value: Unknown<'env>) -> Option<Bytes<'env>> {
        let (kind, byte_length) = typed_array(value, ptr::null_mut(), ptr::null_mut())?;
        (kind == sys::TypedarrayType::uint8_array).then_some(Bytes { value, byte_length })
    }

    /// The `Uint8Array` itself.
    pub fn value(&self) -> Unknown<'env> {
        self.value
    }

    /// Its length in bytes.
    pub fn byte_length(&self) -> usize {
        self.byte_length
    }

    /// Whether its ArrayBuffer is detached. Its length is 0 then.
    pub fn is_detached(&self) -> napi::Result<bool> {
        if self.byte_length != 0 {
            return Ok(false);
        }
        let mut is_detached = false;
        let array_buffer = self.array_buffer()?;
        // SAFETY: `array_buffer` is a value of this environment.
        check_status!(unsafe {
            sys::napi_is_detached_arraybuffer(self.value.value().env, array_buffer.raw(), &mut is_detached)
        })?;
        Ok(is_detached)
    }

    /// Who may write to its memory.
    pub fn memory_kind(&self, env: &Env, environment: &Environment) -> napi::Result<MemoryKind> {
        environment.memory_kind(env, self.array_buffer()?)
    }

    /// Writes the converted image to `target`, a new Buffer of the same length.
    ///
    /// # Panics
    /// If `target` is anything else, or this was changed. Only a `Buffer.allocUnsafeSlow` that was replaced before the
    /// addon was loaded can do that.
    pub fn convert_to(
        &self,
        env: &Env,
        environment: &Environment,
        target: Unknown,
        conversion: Conversion,
    ) -> napi::Result<()> {
        let target = Bytes::of(target).unwrap_or(*self);
        let kind = self.memory_kind(env, environment)?;
        let target_kind = target.memory_kind(env, environment)?;
        // No JavaScript runs from here on, so that the memory of both stays as it is.
        let length = self.byte_length;
        let (source, source_length) = self.memory();
        let (target, target_length) = target.memory();
        let is_disjoint = source.addr() + length <= target.addr() || target.addr() + length <= source.addr();
        assert!(
            target_kind == MemoryKind::Exclusive
                && target_length == length
                && source_length >= length
                && is_disjoint,
            "Buffer.allocUnsafeSlow was replaced, and returned no new Buffer"
        );
        let count = length / size_of::<Sample>();
        // SAFETY: the target has `length` bytes, which nothing else accesses: it is not shared, and not part of the
        // source.
        let target = unsafe { slice::from_raw_parts_mut(target.cast::<MaybeUninit<Sample>>(), count) };
        if kind == MemoryKind::Shared {
            // SAFETY: the source is shared memory of at least `length` bytes.
            match unsafe { SharedSamples::new(source, count) } {
                SharedSamples::Words(samples, _guard) => conversion.convert_image(samples, target),
                SharedSamples::Bytes(samples, _guard) => conversion.convert_image(samples, target),
            }
        } else {
            // SAFETY: the source has at least `length` bytes. No other thread has them, except for asynchronous calls
            // that still write to the Buffer, which the documentation forbids. This thread does not write them.
            let source = unsafe { slice::from_raw_parts(source.cast::<Sample>(), count) };
            conversion.convert_image(source, target);
        }
        Ok(())
    }

    /// Converts the image in place. `kind` is the kind of its memory.
    pub fn convert_in_place(&self, kind: MemoryKind, conversion: Conversion) {
        let (start, length) = self.memory();
        // Another thread may have grown shared memory.
        let count = length.min(self.byte_length) / size_of::<Sample>();
        if kind == MemoryKind::Shared {
            // SAFETY: this is shared memory of at least `count` samples.
            match unsafe { SharedSamples::new(start, count) } {
                SharedSamples::Words(samples, _guard) => conversion.convert_shared_image_in_place(samples),
                SharedSamples::Bytes(samples, _guard) => conversion.convert_shared_image_in_place(samples),
            }
        } else {
            // SAFETY: the memory has at least `count` samples. No other thread has them, except for asynchronous calls
            // that still use the Buffer, which the documentation forbids. This thread uses them here only.
            let samples = unsafe { slice::from_raw_parts_mut(start.cast::<Sample>(), count) };
            conversion.convert_image_in_place(samples);
        }
    }

    fn array_buffer(&self) -> napi::Result<Unknown<'env>> {
        let mut array_buffer = ptr::null_mut();
        typed_array(self.value, ptr::null_mut(), &mut array_buffer)
            .ok_or_else(|| napi::Error::from_reason("a Uint8Array has no ArrayBuffer"))?;
        // SAFETY: Node-API returned it as a value of this environment.
        Ok(unsafe { Unknown::from_raw_unchecked(self.value.value().env, array_buffer) })
    }

    /// The current address and length in bytes. The address is never null, as slices require.
    fn memory(&self) -> (*mut u8, usize) {
        let mut data = ptr::null_mut();
        let length = typed_array(self.value, &mut data, ptr::null_mut()).map_or(0, |(_, length)| length);
        (if data.is_null() { ptr::dangling_mut() } else { data.cast() }, length)
    }
}

/// Samples of a SharedArrayBuffer: by words at an even address, otherwise by bytes.
enum SharedSamples<'memory> {
    Words(&'memory [AtomicU16], RwLockReadGuard<'static, ()>),
    Bytes(&'memory [[AtomicU8; 2]], RwLockWriteGuard<'static, ()>),
}

impl SharedSamples<'_> {
    /// # Safety
    /// The memory must have `count` samples, and be a SharedArrayBuffer's. Native code accesses those by this type only.
    /// JavaScript may access them at the same time, in any size, by single loads and stores, which Rust does not define
    /// but takes for atomic ones. No value is trusted.
    unsafe fn new(start: *mut u8, count: usize) -> Self {
        /// Rust does not define races between accesses of different sizes, so a conversion by bytes excludes all others of
        /// shared memory. Views at odd addresses are rare.
        static BY_BYTES: RwLock<()> = RwLock::new(());
        if start.addr().is_multiple_of(align_of::<AtomicU16>()) {
            let guard = BY_BYTES.read().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the memory has `count` words, and is aligned to words. The caller vouches for other threads.
            SharedSamples::Words(unsafe { slice::from_raw_parts(start.cast(), count) }, guard)
        } else {
            let guard = BY_BYTES.write().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the memory has `count` pairs of bytes. The caller vouches for other threads.
            SharedSamples::Bytes(unsafe { slice::from_raw_parts(start.cast(), count) }, guard)
        }
    }
}

/// The kind of a typed array, as one of [`sys::TypedarrayType`]; `None` if the value is not a typed array.
pub fn typed_array_kind(value: Unknown) -> Option<sys::napi_typedarray_type> {
    typed_array(value, ptr::null_mut(), ptr::null_mut()).map(|(kind, _)| kind)
}

/// The kind and the length of a typed array. Its data and ArrayBuffer are written to where these pointers are not null;
/// they take longer, since V8 may have to create the ArrayBuffer.
fn typed_array(
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
