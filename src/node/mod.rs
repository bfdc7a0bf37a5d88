//! The Node-API bindings.
//!
//! | module | content |
//! | --- | --- |
//! | `api.js` | the public functions: they own the Buffers, and call the native functions |
//! | [`native_cache`] | the native functions of a cache |
//! | [`arguments`] | the rules for arguments and options |
//! | [`values`] | reading JavaScript values, and describing them in error messages |
//! | [`buffer`] | access to the memory of Buffers |
//! | [`function`] | Rust functions as JavaScript functions |
//! | [`error`] | the errors of the API, and their JavaScript classes and codes |
//!
//! JavaScript calls native code. Native code runs JavaScript in three places only, where nothing is borrowed:
//! [`load`] runs `api.js`, options have getters or are proxies, and a setter sees the `code` of an error.
//! Arguments are validated before anything changes.
//!
//! # A cache miss
//! `getConverted` of `api.js` calls [`native_cache::look_up`], which finds nothing, allocates a Buffer, and
//! calls [`native_cache::convert`], which converts into it and puts it into a slot. If the Buffer of a hit is
//! detached, [`native_cache::remove_detached`] removes the image, and the next look-up finds nothing.
#![allow(unsafe_code, reason = "Node-API is a C interface")]

mod arguments;
mod buffer;
mod error;
mod function;
mod native_cache;
mod values;

use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;

use crate::convert::Conversion;
use arguments::Arguments;
use error::Error;
use function::{Returned, Values, create, define, object};

/// Called when an environment, the main thread or a worker, loads the addon.
#[napi(module_exports)]
pub fn load(mut exports: Object, env: Env) -> napi::Result<()> {
    let native = object(
        &env,
        [
            ("transfers", arguments::transfer_names(&env)?),
            ("createCache", create(&env, native_cache::create)?),
            ("lookUp", create(&env, native_cache::look_up)?),
            ("removeDetached", create(&env, native_cache::remove_detached)?),
            ("convert", create(&env, native_cache::convert)?),
            ("size", create(&env, native_cache::size)?),
            ("bytesUsed", create(&env, native_cache::bytes_used)?),
            ("stats", create(&env, native_cache::stats)?),
            ("remove", create(&env, native_cache::remove)?),
            ("clear", create(&env, native_cache::clear)?),
            ("convertTransfer", create(&env, convert_transfer)?),
            ("rejectArgument", create(&env, arguments::reject_argument)?),
        ],
    )?;

    let api: Function<FnArgs<(Object,)>, Object> = env.run_script(include_str!("api.js"))?;
    let public = api.call((native,).into())?;
    let names = ["convertTransfer", "createHdrImageTransferCache"];
    let functions: napi::Result<Vec<(&str, Unknown)>> =
        names.into_iter().map(|name| Ok((name, public.get_named_property(name)?))).collect();
    define(&env, &mut exports, functions?)
}

/// Converts `buf` in place.
fn convert_transfer<'call>(
    env: &'call Env,
    [buf, transfers, options, is_immutable]: Values<'call, 4>,
) -> Returned<'call> {
    let arguments = Arguments { function: "convertTransfer" };
    // First, because getters of options may change `buf`.
    let rendering = arguments.convert_options(options)?;
    let image = arguments.image("buf", buf, rendering.ootf)?;
    // SAFETY: a value that is not a boolean is an error.
    if unsafe { bool::from_napi_value(env.raw(), is_immutable.raw()) }? {
        let expected = "a Buffer whose ArrayBuffer is not immutable";
        return Err(arguments.reject(Error::InvalidArgValue, "buf", expected, "an immutable one"));
    }
    let [from, to] = arguments.transfers(["from", "to"], transfers)?;
    if let Some(conversion) = Conversion::between(from, to, rendering) {
        image.convert_in_place(conversion);
    }
    Ok(().into_unknown(env)?)
}
