//! The object that `createHdrImageTransferCache` gives: functions that share one cache.

use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::rc::Rc;
use std::time::Instant;

use napi::Env;
use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi_derive::napi;

use super::arguments::Call;
use super::buffer::{Allocator, Bytes, Held, urge_collection};
use super::error::throw;
use super::function;
use crate::cache::{Cache, Id, Image, Limits};
use crate::convert::{Conversion, Rendering};
use crate::error::Error;

/// A cache of converted images. Its functions need no `this`: `const { getConverted } = cache` works.
///
/// Its images are released with it, when it is garbage-collected. Only a cache that is reachable from one of
/// its own Buffers is not collected; call `clear()` on such a one.
#[napi(object, object_from_js = false)]
pub struct HdrImageTransferCache<'env> {
    /// Returns the image `source` converted from `sourceTransfer` to `targetTransfer`.
    ///
    /// - Equal transfers: returns `source` itself; nothing is converted or kept.
    /// - The first request for an `imageId` and a `targetTransfer`: converts `source`, which is not
    ///   modified, into a new Buffer. The Buffer is kept if the limits allow, evicting the least recently
    ///   used ones if needed.
    /// - Later requests: return that very Buffer, without reading `source`. If `source` has another
    ///   length, or the kept Buffer was transferred away, the image is converted anew and replaced.
    ///
    /// `source` is `rgb48le`, full range: 16-bit little-endian samples, three a pixel, in memory of any
    /// kind and alignment. All who ask for the same image share one Buffer: read it, do not write to it.
    ///
    /// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string, or `source` not a Buffer or
    /// Uint8Array. `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, or `source` was
    /// transferred away.
    /// @throws {RangeError} `ERR_OUT_OF_RANGE`: `source` has an odd byteLength, or, where `ootf` is
    /// `"luminance"`, one that is not a multiple of 6.
    /// @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: no memory for the converted image, or for `imageId`.
    #[napi(
        ts_type = "(imageId: string, sourceTransfer: HdrTransfer, targetTransfer: HdrTransfer, source: Buffer) => Buffer"
    )]
    pub get_converted: Unknown<'env>,
    /// The number of images held.
    #[napi(ts_type = "() => number")]
    pub size: Unknown<'env>,
    /// The total bytes of the images held.
    #[napi(ts_type = "() => number")]
    pub bytes_used: Unknown<'env>,
    /// Counters since the cache was created, what it holds, and its limits.
    #[napi(ts_type = "() => HdrImageTransferCacheStats")]
    pub stats: Unknown<'env>,
    /// Releases the images of `imageId`, for both targets. Returns whether there were any.
    ///
    /// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `imageId` is not a string.
    /// @throws {Error} `ERR_MEMORY_ALLOCATION_FAILED`: no memory for `imageId`.
    #[napi(ts_type = "(imageId: string) => boolean")]
    pub delete: Unknown<'env>,
    /// Releases all images. The counters of `stats()` are not reset.
    #[napi(ts_type = "() => void")]
    pub clear: Unknown<'env>,
}

/// Counters since a cache was created, what it holds, and its limits.
#[napi(object, object_from_js = false)]
pub struct HdrImageTransferCacheStats {
    /// Calls of `getConverted` answered with a kept image.
    pub hits: f64,
    /// Calls of `getConverted` that converted an image, whether it was kept or not.
    pub misses: f64,
    /// Images released to make room for others.
    pub evictions: f64,
    /// Calls of `getConverted` with equal transfers.
    pub passthroughs: f64,
    /// Time the misses took to allocate and convert, in milliseconds.
    pub conversion_ms: f64,
    /// Images held now.
    pub entries: f64,
    /// Total bytes of the images held now.
    pub bytes_used: f64,
    /// The limit on the number of images; `Infinity` when there is none.
    pub max_entries: f64,
    /// The limit on bytes.
    pub max_bytes: f64,
}

impl<'env> HdrImageTransferCache<'env> {
    /// An object with an empty cache.
    pub fn new(
        env: &'env Env,
        limits: Limits,
        rendering: Rendering,
    ) -> napi::Result<HdrImageTransferCache<'env>> {
        let shared = Rc::new(Shared {
            rendering,
            cache: RefCell::new(Cache::new(limits)),
            allocator: Allocator::new(env)?,
            id_buffer: Cell::new(Vec::new()),
        });
        Ok(HdrImageTransferCache {
            get_converted: shared.function(env, c"getConverted", Shared::get_converted)?,
            size: shared.function(env, c"size", Shared::size)?,
            bytes_used: shared.function(env, c"bytesUsed", Shared::bytes_used)?,
            stats: shared.function(env, c"stats", Shared::stats)?,
            delete: shared.function(env, c"delete", Shared::delete)?,
            clear: shared.function(env, c"clear", Shared::clear)?,
        })
    }
}

/// What the functions of one object share. It goes, and lets go of all images, with the last of them.
struct Shared {
    /// How all images are converted.
    rendering: Rendering,
    cache: RefCell<Cache<Held>>,
    allocator: Allocator,
    /// Where image ids are read to, kept from call to call. It is taken out for the time of a call.
    id_buffer: Cell<Vec<u16>>,
}

/// The longest `id_buffer` to keep, in UTF-16 units. One id could have it take a gigabyte.
const KEPT_ID_BUFFER: usize = 1 << 20;

/// One of the functions: its arguments are those of JavaScript, and so is its result.
type Method<const N: usize> =
    for<'call> fn(&Shared, &'call Env, [Unknown<'call>; N]) -> napi::Result<Unknown<'call>>;

impl Shared {
    fn function<'env, const N: usize>(
        self: &Rc<Self>,
        env: &'env Env,
        name: &'static CStr,
        method: Method<N>,
    ) -> napi::Result<Unknown<'env>> {
        let shared = Rc::clone(self);
        function::create(env, name, move |env, arguments| method(&shared, env, arguments))
    }

    fn get_converted<'call>(
        &self,
        env: &'call Env,
        [image_id, source_transfer, target_transfer, source]: [Unknown<'call>; 4],
    ) -> napi::Result<Unknown<'call>> {
        let call = Call::new(env, "getConverted");
        self.with_image_id(call, image_id, |mut id| {
            let from = call.transfer("sourceTransfer", source_transfer)?;
            let to = call.transfer("targetTransfer", target_transfer)?;
            let source = call.image("source", source, self.rendering.ootf)?;
            let Some(conversion) = Conversion::between(from, to, self.rendering) else {
                self.cache.borrow_mut().count_passthrough();
                return Ok(source.value());
            };

            let byte_length = source.byte_length();
            let is_current =
                |kept: &Bytes| kept.byte_length() == byte_length && matches!(kept.is_detached(), Ok(false));
            let hit = self
                .cache
                .borrow_mut()
                .get(&mut id, to, |image| Bytes::of(image.held.value(env).ok()?).filter(is_current));
            if let Some(kept) = hit {
                return Ok(kept.value());
            }

            let start = Instant::now();
            let converted = self.convert(env, call, source, conversion)?;
            let image = Image { byte_length, held: Held::new(converted)? };
            let stored = self.cache.borrow_mut().store(&mut id, to, image, start.elapsed());
            let evicted_bytes = stored.map_err(|_| call.no_memory("the imageId", id.byte_length()))?;
            urge_collection(env, evicted_bytes);
            Ok(converted)
        })
    }

    /// Converts an image into a new Buffer.
    fn convert<'call>(
        &self,
        env: &'call Env,
        call: Call,
        source: Bytes,
        conversion: Conversion,
    ) -> napi::Result<Unknown<'call>> {
        let byte_length = source.byte_length();
        let Some(buffer) = self.allocator.allocate(env, byte_length)? else {
            return Err(call.no_memory("the converted image", byte_length));
        };
        match Bytes::of(buffer) {
            Some(target) if source.convert_to(&target, conversion) => Ok(buffer),
            _ => Err(throw(env, &Error::AllocatorReplaced { function: call.function })),
        }
    }

    fn size<'call>(&self, env: &'call Env, []: [Unknown<'call>; 0]) -> napi::Result<Unknown<'call>> {
        (self.cache.borrow().len() as f64).into_unknown(env)
    }

    fn bytes_used<'call>(&self, env: &'call Env, []: [Unknown<'call>; 0]) -> napi::Result<Unknown<'call>> {
        (self.cache.borrow().bytes_used() as f64).into_unknown(env)
    }

    fn stats<'call>(&self, env: &'call Env, []: [Unknown<'call>; 0]) -> napi::Result<Unknown<'call>> {
        let cache = self.cache.borrow();
        let counters = cache.counters();
        let limits = cache.limits();
        let stats = HdrImageTransferCacheStats {
            hits: counters.hits as f64,
            misses: counters.misses as f64,
            evictions: counters.evictions as f64,
            passthroughs: counters.passthroughs as f64,
            conversion_ms: 1000.0 * counters.conversion.as_secs_f64(),
            entries: cache.len() as f64,
            bytes_used: cache.bytes_used() as f64,
            max_entries: limits.max_entries.map_or(f64::INFINITY, |max| max as f64),
            max_bytes: limits.max_bytes as f64,
        };
        stats.into_unknown(env)
    }

    fn delete<'call>(
        &self,
        env: &'call Env,
        [image_id]: [Unknown<'call>; 1],
    ) -> napi::Result<Unknown<'call>> {
        self.with_image_id(Call::new(env, "delete"), image_id, |mut id| {
            self.cache.borrow_mut().delete(&mut id).into_unknown(env)
        })
    }

    fn clear<'call>(&self, env: &'call Env, []: [Unknown<'call>; 0]) -> napi::Result<Unknown<'call>> {
        self.cache.borrow_mut().clear();
        ().into_unknown(env)
    }

    /// Reads an image id and does something with it.
    fn with_image_id<R>(
        &self,
        call: Call,
        image_id: Unknown,
        body: impl FnOnce(Id) -> napi::Result<R>,
    ) -> napi::Result<R> {
        let mut buffer = self.id_buffer.take();
        let result = call.image_id(image_id, &mut buffer).and_then(body);
        if buffer.len() <= KEPT_ID_BUFFER {
            self.id_buffer.set(buffer);
        }
        result
    }
}
