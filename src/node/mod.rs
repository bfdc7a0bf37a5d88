//! The Node-API bindings.
//!
//! | module | content |
//! | --- | --- |
//! | `script.js` | the public functions: they own the Buffers, and call the native functions |
//! | [`cache`] | the native functions of a cache |
//! | [`arguments`] | validation of JavaScript arguments |
//! | [`buffer`] | access to the memory of Buffers |
//! | [`function`] | Rust functions as JavaScript functions |
//! | [`error`] | the errors of the API, and their JavaScript classes and codes |
//!
//! JavaScript calls native code, never the other way, getters of options aside. Arguments are validated before anything changes.
//!
//! # A cache miss
//! `getConverted` of `script.js` calls [`cache::look_up`], which finds nothing, allocates a Buffer, and calls
//! [`cache::convert`], which converts into it and puts it into a slot. If the Buffer that was found is detached, it calls
//! [`cache::miss_if_detached`] first.
//!
//! # Adding an option
//! Name it in `CACHE_OPTIONS` and `CONVERT_OPTIONS` of [`arguments`] and in `index.d.ts`, add a field to
//! [`Rendering`](crate::convert::Rendering), and read it in `Arguments::rendering`. The compiler points to the kernels.
#![allow(unsafe_code, reason = "Node-API is a C interface")]

mod arguments;
mod buffer;
mod cache;
mod error;
mod function;

use napi::bindgen_prelude::{FnArgs, FromNapiValue, Function, JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;

use crate::convert::Conversion;
use arguments::Arguments;
use error::Error;
use function::{Returned, Values, create, object};

/// Called when an environment, the main thread or a worker, loads the addon.
#[napi(module_exports)]
pub fn load(mut exports: Object, env: Env) -> napi::Result<()> {
    // The threads of the pool outlive a worker that loaded the addon, and their code must, too.
    napi::bindgen_prelude::retain_current_module_for_unload_safety();
    let native = object(
        &env,
        [
            ("createCache", create(&env, cache::create)?),
            ("lookUp", create(&env, cache::look_up)?),
            ("missIfDetached", create(&env, cache::miss_if_detached)?),
            ("convert", create(&env, cache::convert)?),
            ("size", create(&env, cache::size)?),
            ("bytesUsed", create(&env, cache::bytes_used)?),
            ("stats", create(&env, cache::stats)?),
            ("remove", create(&env, cache::remove)?),
            ("clear", create(&env, cache::clear)?),
            ("convertTransfer", create(&env, convert_transfer)?),
            ("rejectArgument", create(&env, arguments::reject_argument)?),
        ],
    )?;

    let script: Function<FnArgs<(Object,)>, Object> = env.run_script(include_str!("script.js"))?;
    let public = script.call((native,).into())?;
    for name in ["convertTransfer", "createHdrImageTransferCache"] {
        exports.set(name, public.get_named_property::<Unknown>(name)?)?;
    }
    Ok(())
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
