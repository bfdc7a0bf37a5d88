//! The object that `createHdrImageTransferCache` returns: functions that share a cache.

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr;
use std::rc::Rc;
use std::time::Instant;

use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi::{Env, JsValue, check_status, sys};
use napi_derive::napi;

use super::arguments::{Arguments, CacheOptions};
use super::buffer::Bytes;
use super::environment::Environment;
use super::function::{self, Values};
use super::images::{CachedBuffer, Slots};
use crate::cache::{Cache, Image};
use crate::convert::Conversion;

/// A cache of converted images, created by {@link createHdrImageTransferCache}.
///
/// Its functions need no `this`: `const { getConverted } = cache` works. The garbage collector frees the images with the
/// cache.
// `script.js` creates the object; this declares it.
#[napi(object, object_from_js = false, object_to_js = false)]
#[expect(dead_code, reason = "a declaration for index.d.ts")]
pub struct HdrImageTransferCache<'env> {
    /// Returns the image `source`, converted from `sourceTransfer` to `targetTransfer`.
    ///
    /// - Equal transfers: returns `source` itself. Nothing is converted or cached.
    /// - Cache miss, the first call for an `imageId` and a `targetTransfer`: converts `source`, which is not modified,
    ///   into a new Buffer, and caches it. The least recently used images are evicted if needed.
    /// - Cache hit, a later call: returns the same Buffer object. `source` is not read, except for its length: with
    ///   another length, or if the cached Buffer was detached, the call is a cache miss.
    ///
    /// All callers share one Buffer; treat it as read-only. It stays valid after it is evicted.
    ///
    /// @param imageId Identifies the image. Any string.
    /// @param sourceTransfer The transfer function of `source`.
    /// @param targetTransfer The transfer function to convert to.
    /// @param source Pixels in `rgb48le`, full range: R, G, B, 16 bits each, little-endian. Any alignment, and any kind of
    /// memory.
    /// @returns The converted image, or `source` for equal transfers.
    /// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string, or `source` is not a Buffer or Uint8Array.
    /// `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, or `source` is detached.
    /// @throws {RangeError} `ERR_OUT_OF_RANGE`: the byteLength of `source` is odd or, with `ootf: "luminance"`, not a
    /// multiple of 6.
    /// @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: there is no memory for the converted image or for `imageId`.
    /// @example
    /// ```ts
    /// // For each image of each frame. Only the first call converts.
    /// const pixels = cache.getConverted("hero", "hlg", "pq", source);
    /// ```
    #[napi(
        ts_type = "(imageId: string, sourceTransfer: HdrTransfer, targetTransfer: HdrTransfer, source: Buffer) => Buffer"
    )]
    pub get_converted: Unknown<'env>,
    /// The number of cached images.
    #[napi(ts_type = "() => number")]
    pub size: Unknown<'env>,
    /// The total bytes of the cached images.
    #[napi(ts_type = "() => number")]
    pub bytes_used: Unknown<'env>,
    /// Counters since the cache was created, its content, and its limits. A new object on each call.
    ///
    /// @example
    /// ```ts
    /// const { hits, misses, conversionMs } = cache.stats();
    /// logger.info(`${hits} hits, ${misses} misses in ${conversionMs.toFixed(1)} ms`);
    /// ```
    #[napi(ts_type = "() => HdrImageTransferCacheStats")]
    pub stats: Unknown<'env>,
    /// Removes the images of `imageId`, for both target transfers.
    ///
    /// @param imageId Identifies the image.
    /// @returns Whether an image was removed.
    /// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string.
    /// @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: there is no memory for `imageId`.
    #[napi(ts_type = "(imageId: string) => boolean")]
    pub delete: Unknown<'env>,
    /// Removes all images. The counters of `stats()` are not reset.
    #[napi(ts_type = "() => void")]
    pub clear: Unknown<'env>,
}

/// Counters since a cache was created, its content, and its limits.
#[napi(object, object_from_js = false)]
pub struct HdrImageTransferCacheStats {
    /// Calls of `getConverted` that returned a cached image.
    pub hits: f64,
    /// Calls of `getConverted` that converted an image, whether it was then cached or not.
    pub misses: f64,
    /// Images removed to make room for others.
    pub evictions: f64,
    /// Calls of `getConverted` with equal transfers.
    pub passthroughs: f64,
    /// The time that the misses took, to allocate and to convert, in milliseconds.
    pub conversion_ms: f64,
    /// The number of cached images.
    pub entries: f64,
    /// The total bytes of the cached images.
    pub bytes_used: f64,
    /// The limit on the number of images, as given; `Infinity` for no limit.
    pub max_entries: f64,
    /// The limit on the bytes, as given.
    pub max_bytes: f64,
}

/// The native part of a cache. JavaScript has it as an external value, and passes it to each call.
struct NativeCache {
    options: CacheOptions,
    cache: RefCell<Cache<CachedBuffer>>,
    slots: RefCell<Slots>,
    environment: Rc<Environment>,
}

/// A new cache.
pub fn create<'env>(env: &'env Env, options: CacheOptions) -> napi::Result<Unknown<'env>> {
    let environment = Environment::of(env)?;
    let cache = RefCell::new(Cache::new(options.limits()));
    let native =
        NativeCache { options, cache, slots: RefCell::default(), environment: Rc::clone(&environment) };
    environment.create_cache(env, native.into_external(env)?)
}

/// The functions of a cache, in the order of the parameters of `script.js`. JavaScript passes
/// its native part to all of them and, where Buffers may be cached or removed, the holder of its Buffers.
pub fn functions<'env>(env: &'env Env) -> napi::Result<[Unknown<'env>; 6]> {
    Ok([
        function::create(env, c"getConverted", get_converted)?,
        function::create(env, c"size", size)?,
        function::create(env, c"bytesUsed", bytes_used)?,
        function::create(env, c"stats", stats)?,
        function::create(env, c"delete", delete)?,
        function::create(env, c"clear", clear)?,
    ])
}

fn get_converted<'call>(env: &'call Env, values: Values<'call, 8>) -> napi::Result<Unknown<'call>> {
    let [native, holder, image_id, source_index, target_index, source, source_transfer, target_transfer] =
        values;
    let native = NativeCache::of(native)?;
    let environment = &native.environment;
    let arguments = Arguments::new(env, "getConverted");
    environment.with_id_buffer(|buffer| {
        let mut id = arguments.image_id(image_id, buffer)?;
        let from = arguments.indexed_transfer("sourceTransfer", source_transfer, source_index)?;
        let to = arguments.indexed_transfer("targetTransfer", target_transfer, target_index)?;
        let rendering = native.options.rendering;
        let source = arguments.image("source", source, rendering.ootf)?;
        let Some(conversion) = Conversion::between(from, to, rendering) else {
            native.cache.borrow_mut().count_passthrough();
            return Ok(source.value());
        };

        let byte_length = source.byte_length();
        let is_valid =
            |cached: &Bytes| cached.byte_length() == byte_length && matches!(cached.is_detached(), Ok(false));
        let cached = native
            .cache
            .borrow_mut()
            .get(&mut id, to, |image| Bytes::of(image.value.value(env)?).filter(is_valid));
        if let Some(cached) = cached {
            return Ok(cached.value());
        }

        let key = id.to_key(to).map_err(|_| arguments.out_of_memory("the imageId", id.byte_length()))?;
        let start = Instant::now();
        let Some(converted) = environment.allocate(env, byte_length)? else {
            return Err(arguments.out_of_memory("the converted image", byte_length));
        };
        source.convert_to(env, environment, converted, conversion)?;
        let value = native.slots.borrow_mut().insert(env, holder, converted)?;
        let removed = native.cache.borrow_mut().store(key, Image { byte_length, value }, start.elapsed());
        native.release(env, holder, removed);
        Ok(converted)
    })
}

fn size<'call>(env: &'call Env, [native]: Values<'call, 1>) -> napi::Result<Unknown<'call>> {
    (NativeCache::of(native)?.cache.borrow().len() as f64).into_unknown(env)
}

fn bytes_used<'call>(env: &'call Env, [native]: Values<'call, 1>) -> napi::Result<Unknown<'call>> {
    (NativeCache::of(native)?.cache.borrow().bytes_used() as f64).into_unknown(env)
}

fn stats<'call>(env: &'call Env, [native]: Values<'call, 1>) -> napi::Result<Unknown<'call>> {
    let NativeCache { options, cache, .. } = NativeCache::of(native)?;
    let (counters, entries, bytes_used) = {
        let cache = cache.borrow();
        (cache.counters(), cache.len(), cache.bytes_used())
    };
    let stats = HdrImageTransferCacheStats {
        hits: counters.hits as f64,
        misses: counters.misses as f64,
        evictions: counters.evictions as f64,
        passthroughs: counters.passthroughs as f64,
        conversion_ms: 1000.0 * counters.conversion.as_secs_f64(),
        entries: entries as f64,
        bytes_used: bytes_used as f64,
        max_entries: options.max_entries,
        max_bytes: options.max_bytes,
    };
    stats.into_unknown(env)
}

fn delete<'call>(
    env: &'call Env,
    [native, holder, image_id]: Values<'call, 3>,
) -> napi::Result<Unknown<'call>> {
    let native = NativeCache::of(native)?;
    let arguments = Arguments::new(env, "delete");
    let removed = native.environment.with_id_buffer(|buffer| {
        let mut id = arguments.image_id(image_id, buffer)?;
        Ok::<_, napi::Error>(native.cache.borrow_mut().delete(&mut id))
    })?;
    let was_cached = !removed.is_empty();
    native.release(env, holder, removed);
    was_cached.into_unknown(env)
}

fn clear<'call>(env: &'call Env, [native, holder]: Values<'call, 2>) -> napi::Result<Unknown<'call>> {
    let native = NativeCache::of(native)?;
    let removed = native.cache.borrow_mut().clear();
    native.release(env, holder, removed);
    ().into_unknown(env)
}

impl NativeCache {
    fn into_external<'env>(self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let native = Box::into_raw(Box::new(self));
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
    fn of<'call>(external: Unknown<'call>) -> napi::Result<&'call NativeCache> {
        let mut native = ptr::null_mut();
        // SAFETY: a value that is not external is an error.
        check_status!(unsafe {
            sys::napi_get_value_external(external.value().env, external.raw(), &mut native)
        })?;
        // SAFETY: only `script.js` can call the functions, with what `into_external` returned.
        Ok(unsafe { &*native.cast() })
    }

    unsafe extern "C" fn finalize(_env: sys::napi_env, native: *mut c_void, _hint: *mut c_void) {
        // SAFETY: `into_external` passed ownership of this box to the finalizer, which runs once.
        drop(unsafe { Box::from_raw(native.cast::<NativeCache>()) });
    }

    fn release(&self, env: &Env, holder: Unknown, images: Vec<Image<CachedBuffer>>) {
        let mut slots = self.slots.borrow_mut();
        images.into_iter().for_each(|image| slots.release(env, holder, image.value));
    }
}
