//! The native functions of a cache, which `api.js` calls.
//!
//! JavaScript owns the Buffers, each in a slot of an object. Native code knows the numbers of the slots only:
//! a reference to a Buffer would keep a dropped cache alive until a finalizer deletes it, in a later turn of
//! the event loop on Node.js. So the Buffers are freed at once; only the ids wait for the finalizer.

use std::cell::{RefCell, RefMut};
use std::ffi::c_void;
use std::ptr;
use std::time::Instant;

use napi::bindgen_prelude::{FromNapiValue, ToNapiValue, Unknown};
use napi::{Env, JsValue, ValueType, check_status, sys};

use super::arguments::{Arguments, CacheOptions};
use super::buffer::{Bytes, convert_to_new};
use super::error::{Error, Result};
use super::function::{Returned, Values, object};
use crate::cache::{Cache, ImageId, Limits};
use crate::convert::Conversion;

/// The memory of a longer image id is freed after a call. A JavaScript string can have a gigabyte.
const MAX_CACHED_ID_UNITS: usize = 1 << 12;

/// The native part of a cache. JavaScript has it as an external value, and passes it to each call.
struct NativeCache {
    options: CacheOptions,
    images: Cache<u32>,
    slots: Slots,
    /// When the current cache miss began.
    miss_start: Instant,
    /// Where image ids are read to, so that a look-up does not allocate.
    id_buffer: Vec<u16>,
}

/// The slots of the object that has the Buffers.
#[derive(Default)]
struct Slots {
    free: Vec<u32>,
    count: u32,
}

/// `createCache(limits)`: a new native part.
pub fn create<'call>(env: &'call Env, [limits]: Values<'call, 1>) -> Returned<'call> {
    let options = Arguments { function: "createHdrImageTransferCache" }.cache_options(limits)?;
    // Limits beyond the address space are those of the address space.
    let (max_entries, max_bytes) = (options.max_entries as usize, options.max_bytes as usize);
    let native = NativeCache {
        options,
        images: Cache::new(Limits { max_entries, max_bytes }),
        slots: Slots::default(),
        miss_start: Instant::now(),
        id_buffer: Vec::new(),
    };
    Ok(native.into_external(env)?)
}

/// `lookUp(cache, imageId, transfers, source)`: the slot of the cached image, −1 − byteLength for a cache
/// miss, or `source` itself for equal transfers.
pub fn look_up<'call>(
    env: &'call Env,
    [native, image_id, transfers, source]: Values<'call, 4>,
) -> Returned<'call> {
    let NativeCache { options, images, miss_start, id_buffer, .. } = &mut *NativeCache::of(native)?;
    let arguments = Arguments { function: "getConverted" };
    with_id(id_buffer, arguments, image_id, |mut id| {
        let [from, to] = arguments.transfers(["sourceTransfer", "targetTransfer"], transfers)?;
        let source = arguments.image("source", source, options.rendering.ootf)?;
        if from == to {
            images.count_passthrough();
            return Ok(source.value);
        }
        if let Some(slot) = images.get(&mut id, to, source.byte_length) {
            return Ok(slot.into_unknown(env)?);
        }
        *miss_start = Instant::now();
        Ok((-1.0 - source.byte_length as f64).into_unknown(env)?)
    })
}

/// `removeDetached(cache, buffers, imageId, transfers, buffer)`, after a cache hit: whether its Buffer is
/// detached. Then the image is removed, and was no hit.
pub fn remove_detached<'call>(
    env: &'call Env,
    [native, buffers, image_id, transfers, buffer]: Values<'call, 5>,
) -> Returned<'call> {
    let is_detached = Bytes::of(buffer).is_some_and(|buffer| buffer.is_detached());
    if is_detached {
        let NativeCache { images, slots, id_buffer, .. } = &mut *NativeCache::of(native)?;
        let arguments = Arguments { function: "getConverted" };
        let [_, to] = arguments.transfers(["sourceTransfer", "targetTransfer"], transfers)?;
        let slot = with_id(id_buffer, arguments, image_id, |mut id| Ok(images.take_back_hit(&mut id, to)))?;
        slots.release(env, buffers, slot);
    }
    Ok(is_detached.into_unknown(env)?)
}

/// `convert(cache, buffers, imageId, transfers, source, byteLength, target)`, after a cache miss: converts
/// `source` to `target`, caches it, and returns it. `target` is a new Buffer, or undefined if there was no
/// memory for it.
///
/// It reads all arguments again, since nothing is held between the two calls: a `Buffer.allocUnsafeSlow` that
/// was replaced may call the cache.
pub fn convert<'call>(
    env: &'call Env,
    [native, buffers, image_id, transfers, source, byte_length, target]: Values<'call, 7>,
) -> Returned<'call> {
    let NativeCache { options, images, slots, miss_start, id_buffer } = &mut *NativeCache::of(native)?;
    let arguments = Arguments { function: "getConverted" };
    let [from, to] = arguments.transfers(["sourceTransfer", "targetTransfer"], transfers)?;
    // As it was at the look-up: another thread may have grown the memory of `source` since.
    // SAFETY: a value that is not a number is an error.
    let byte_length = unsafe { f64::from_napi_value(env.raw(), byte_length.raw()) }? as usize;
    if target.get_type()? == ValueType::Undefined {
        return Err(arguments.out_of_memory("the converted image", byte_length));
    }
    let key = with_id(id_buffer, arguments, image_id, |mut id| {
        id.to_key(to).map_err(|_| arguments.out_of_memory("the imageId", id.byte_length()))
    })?;
    let conversion = Conversion::between(from, to, options.rendering)
        .ok_or_else(|| Error::Internal("equal transfers need no conversion".to_owned()))?;
    convert_to_new(source, target, byte_length, conversion);
    let slot = slots.take();
    set_element(env, buffers, slot, target)?;
    let removed = images.store(key, byte_length, slot, miss_start.elapsed());
    slots.release(env, buffers, removed);
    Ok(target)
}

/// `size(cache)`: the number of cached images.
pub fn size<'call>(env: &'call Env, [native]: Values<'call, 1>) -> Returned<'call> {
    Ok((NativeCache::of(native)?.images.len() as f64).into_unknown(env)?)
}

/// `bytesUsed(cache)`: the total bytes of the cached images.
pub fn bytes_used<'call>(env: &'call Env, [native]: Values<'call, 1>) -> Returned<'call> {
    Ok((NativeCache::of(native)?.images.bytes_used() as f64).into_unknown(env)?)
}

/// `stats(cache)`: its counters, content and limits.
pub fn stats<'call>(env: &'call Env, [native]: Values<'call, 1>) -> Returned<'call> {
    let NativeCache { options, images, .. } = &*NativeCache::of(native)?;
    let counters = images.counters();
    let stats = [
        ("hits", counters.hits as f64),
        ("misses", counters.misses as f64),
        ("evictions", counters.evictions as f64),
        ("passthroughs", counters.passthroughs as f64),
        ("conversionMs", 1000.0 * counters.conversion.as_secs_f64()),
        ("entries", images.len() as f64),
        ("bytesUsed", images.bytes_used() as f64),
        ("maxEntries", options.max_entries),
        ("maxBytes", options.max_bytes),
    ];
    Ok(object(env, stats)?.into_unknown(env)?)
}

/// `remove(cache, buffers, imageId)`: removes both conversions of an image, and returns whether there was
/// one.
pub fn remove<'call>(env: &'call Env, [native, buffers, image_id]: Values<'call, 3>) -> Returned<'call> {
    let NativeCache { images, slots, id_buffer, .. } = &mut *NativeCache::of(native)?;
    let arguments = Arguments { function: "delete" };
    let removed = with_id(id_buffer, arguments, image_id, |mut id| Ok(images.delete(&mut id)))?;
    let was_cached = !removed.is_empty();
    slots.release(env, buffers, removed);
    Ok(was_cached.into_unknown(env)?)
}

/// `clear(cache, buffers)`: removes all images.
pub fn clear<'call>(env: &'call Env, [native, buffers]: Values<'call, 2>) -> Returned<'call> {
    let NativeCache { images, slots, .. } = &mut *NativeCache::of(native)?;
    slots.release(env, buffers, images.clear());
    Ok(().into_unknown(env)?)
}

impl NativeCache {
    fn into_external<'env>(self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let native = Box::into_raw(Box::new(RefCell::new(self)));
        let mut external = ptr::null_mut();
        // SAFETY: the finalizer takes ownership of the box.
        let status = unsafe {
            sys::napi_create_external(
                env.raw(),
                native.cast(),
                Some(NativeCache::finalize),
                ptr::null_mut(),
                &mut external,
            )
        };
        if let Err(error) = check_status!(status) {
            // SAFETY: no external owns the box.
            drop(unsafe { Box::from_raw(native) });
            return Err(error);
        }
        // SAFETY: Node-API returned `external` as a value of `env`.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), external) })
    }

    /// The native part of a cache, which is valid during the call that has it as an argument.
    fn of<'call>(external: Unknown<'call>) -> napi::Result<RefMut<'call, NativeCache>> {
        let mut native = ptr::null_mut();
        // SAFETY: a value that is not external is an error.
        check_status!(unsafe {
            sys::napi_get_value_external(external.value().env, external.raw(), &mut native)
        })?;
        // SAFETY: only `api.js` can call the functions, with what `into_external` returned. The argument
        // keeps the external alive during the call.
        let native = unsafe { &*native.cast::<RefCell<NativeCache>>() };
        // Borrowed for the call, during which no JavaScript runs.
        Ok(native.borrow_mut())
    }

    unsafe extern "C" fn finalize(_env: sys::napi_env, native: *mut c_void, _hint: *mut c_void) {
        // SAFETY: `into_external` passed ownership of this box to the finalizer, which runs once.
        drop(unsafe { Box::from_raw(native.cast::<RefCell<NativeCache>>()) });
    }
}

/// Runs `body` with an image id.
fn with_id<R>(
    buffer: &mut Vec<u16>,
    arguments: Arguments,
    image_id: Unknown,
    body: impl FnOnce(ImageId) -> Result<R>,
) -> Result<R> {
    let result = arguments.image_id(image_id, buffer).and_then(body);
    if buffer.capacity() > MAX_CACHED_ID_UNITS {
        *buffer = Vec::new();
    }
    result
}

impl Slots {
    /// A slot that is empty.
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }

    /// Empties slots. If that fails, as in a worker that is terminated, a slot keeps its Buffer alive until
    /// it is used again.
    fn release(&mut self, env: &Env, buffers: Unknown, slots: impl IntoIterator<Item = u32>) {
        for slot in slots {
            let _ = ().into_unknown(env).and_then(|undefined| set_element(env, buffers, slot, undefined));
            self.free.push(slot);
        }
    }
}

/// Sets an element of the object that has the Buffers. It has no prototype, so this runs no JavaScript.
fn set_element(env: &Env, buffers: Unknown, slot: u32, value: Unknown) -> napi::Result<()> {
    // SAFETY: all are values of `env`.
    check_status!(unsafe { sys::napi_set_element(env.raw(), buffers.raw(), slot, value.raw()) })
}
