//! The Node-API bindings.
//!
//! | module | content |
//! | --- | --- |
//! | [`arguments`] | validation of JavaScript arguments |
//! | [`buffer`] | access to the memory of Buffers |
//! | [`cache_object`] | the object that `createHdrImageTransferCache` returns |
//! | [`environment`] | what is shared within a JavaScript environment |
//! | [`error`] | the mapping of errors to JavaScript classes and codes |
//! | [`function`] | closures as JavaScript functions |
//! | [`images`] | the Buffers of a cache |
//! | [`reference`] | references to JavaScript values |
//! | `script.js` | the JavaScript part: creates the cache object, and allocates |
//!
//! Two rules hold: all arguments are validated before anything changes, and no Rust state is borrowed while JavaScript
//! may run, because it may call back.
//!
//! # Adding an option
//! Add a field to `ConvertTransferOptions` and to [`Rendering`](crate::convert::Rendering), and read it in
//! `Arguments::rendering`. The compiler points to the kernels; the fallback in `examples/host` needs it, too.
#![allow(unsafe_code, reason = "Node-API is a C interface")]

mod arguments;
mod buffer;
mod cache_object;
mod environment;
mod error;
mod function;
mod images;
mod reference;

use napi::Env;
use napi::bindgen_prelude::{Object, Unknown};
use napi_derive::napi;

use crate::convert::Conversion;
use arguments::Arguments;
use environment::Environment;
use error::catch_panic;

/// Called when an environment loads the addon.
#[napi(module_exports)]
pub fn load(_exports: Object, env: Env) -> napi::Result<()> {
    // The threads of the pool outlive a worker that loaded the addon, and their code must, too.
    napi::bindgen_prelude::retain_current_module_for_unload_safety();
    Environment::create(&env, &cache_object::functions(&env)?)
}

/// Creates an empty cache of converted images.
///
/// @param limits The maximum number of images, with 200 MiB for their bytes, or an options object.
/// @default 16 images and 200 MiB
/// @returns The cache. Create one for each render job.
/// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `limits` or an option has the wrong type. `ERR_INVALID_ARG_VALUE`: `ootf`
/// is neither `"per-channel"` nor `"luminance"`.
/// @throws {RangeError} `ERR_OUT_OF_RANGE`: a limit is negative, fractional, infinite or NaN, or `peakLuminance` is not
/// from 1 to 10000.
/// @example
/// ```ts
/// const cache = createHdrImageTransferCache({ maxBytes: 400 * 2 ** 20 });
/// ```
#[napi(
    ts_args_type = "limits?: number | HdrImageTransferCacheOptions | null",
    ts_return_type = "HdrImageTransferCache"
)]
pub fn create_hdr_image_transfer_cache<'env>(
    env: &'env Env,
    limits: Option<Unknown<'env>>,
) -> napi::Result<Unknown<'env>> {
    catch_panic(|| {
        let options = Arguments::new(env, "createHdrImageTransferCache").cache_options(limits)?;
        cache_object::create(env, options)
    })
}

/// Converts an image or video frame in place. Equal transfers leave it unchanged.
///
/// @param buf Pixels in `rgb48le`, full range: R, G, B, 16 bits each, little-endian. Any alignment. The conversion of a
/// SharedArrayBuffer takes longer.
/// @param from The transfer function of `buf`.
/// @param to The transfer function to convert to.
/// @param options How HLG is rendered.
/// @throws {TypeError} `ERR_INVALID_ARG_TYPE`: `buf` is not a Buffer or Uint8Array, or `options` or one of them has the
/// wrong type. `ERR_INVALID_ARG_VALUE`: a transfer is neither `"pq"` nor `"hlg"`, `ootf` is neither `"per-channel"` nor
/// `"luminance"`, or the ArrayBuffer of `buf` is detached or immutable.
/// @throws {RangeError} `ERR_OUT_OF_RANGE`: the byteLength of `buf` is odd or, with `ootf: "luminance"`, not a multiple of
/// 6, or `peakLuminance` is not from 1 to 10000.
/// @example
/// ```ts
/// convertTransfer(frame, "hlg", "pq");
/// ```
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
        let arguments = Arguments::new(env, "convertTransfer");
        // First, because getters of options may change `buf`.
        let rendering = arguments.convert_options(options)?;
        let image = arguments.image("buf", buf, rendering.ootf)?;
        let memory_kind = arguments.writable("buf", &image, &*Environment::of(env)?)?;
        let from = arguments.transfer("from", from)?;
        let to = arguments.transfer("to", to)?;
        if let Some(conversion) = Conversion::between(from, to, rendering) {
            image.convert_in_place(memory_kind, conversion);
        }
        Ok(())
    })
}
