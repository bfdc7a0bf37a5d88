//! The border to JavaScript: what Node.js calls, and nothing else.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`arguments`] | reads and checks what JavaScript passed |
//! | [`buffer`] | makes Buffers, and keeps hold of them |
//! | [`cache_object`] | the object that `createHdrImageTransferCache` gives |
//! | [`error`] | turns an error into a JavaScript exception |
//! | [`function`] | turns a closure into a JavaScript function |
//!
//! Two rules hold here. Every argument is checked before anything changes. And no borrow of Rust state
//! is held while JavaScript may run, since that may call back in.
#![allow(unsafe_code, reason = "Node-API is a C interface")]

mod arguments;
mod buffer;
mod cache_object;
mod error;
mod function;

use napi::Env;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;

use crate::convert::Conversion;
use arguments::Call;
use cache_object::HdrImageTransferCache;
use error::catch_panic;

/// Creates an empty cache of converted images.
///
/// @param limits The maximum number of images (`maxBytes` is then 200 MiB), or an options object.
/// Default: 16 images and 200 MiB.
/// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `limits`, or an option, is of the wrong type.
/// `ERR_INVALID_ARG_VALUE`: `ootf` is neither `"per-channel"` nor `"luminance"`.
/// @throws {RangeError} `ERR_OUT_OF_RANGE`: a limit is negative, fractional, infinite or NaN, or
/// `peakLuminance` is not from 1 to 10000.
#[napi(ts_args_type = "limits?: number | HdrImageTransferCacheOptions | null")]
pub fn create_hdr_image_transfer_cache<'env>(
    env: &'env Env,
    limits: Option<Unknown<'env>>,
) -> napi::Result<HdrImageTransferCache<'env>> {
    catch_panic(|| {
        let (limits, rendering) = Call::new(env, "createHdrImageTransferCache").cache_options(limits)?;
        HdrImageTransferCache::new(env, limits, rendering)
    })
}

/// Converts an image in place. Equal transfers leave it unchanged.
///
/// @param buf `rgb48le`, full range: samples of 16 bits, little-endian, three a pixel, in memory of any
/// kind and alignment.
/// @param from The transfer function that it has.
/// @param to The one that it is to have.
/// @param options The HLG OOTF, and the display. Default: per channel, 1000 cd/m².
/// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `buf` is not a Buffer or Uint8Array, or `options`, or one of
/// them, is of the wrong type. `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, `ootf` is
/// neither `"per-channel"` nor `"luminance"`, or `buf` was transferred away.
/// @throws {RangeError} `ERR_OUT_OF_RANGE`: `buf` has an odd byteLength, or, where `ootf` is `"luminance"`,
/// one that is not a multiple of 6; or `peakLuminance` is not from 1 to 10000.
#[napi(
    ts_args_type = "buf: Uint8Array, from: HdrTransfer, to: HdrTransfer, options?: ConvertTransferOptions | null"
)]
pub fn convert_transfer<'env>(
    env: &'env Env,
    buf: Unknown<'env>,
    from: Unknown,
    to: Unknown,
    options: Option<Unknown<'env>>,
) -> napi::Result<()> {
    catch_panic(|| {
        let call = Call::new(env, "convertTransfer");
        // First, since reading options may run JavaScript, which may do anything to the Buffer.
        let rendering = call.convert_options(options)?;
        let image = call.image("buf", buf, rendering.ootf)?;
        let from = call.transfer("from", from)?;
        let to = call.transfer("to", to)?;
        if let Some(conversion) = Conversion::between(from, to, rendering) {
            image.convert_in_place(conversion);
        }
        Ok(())
    })
}
