//! Rust functions as JavaScript functions.
//!
//! Those of the `napi` crate allocate on each call and take a lock of the process. Here the arguments stay on
//! the stack.

use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, JsValue, Property, check_status, sys};

use super::error::{Result, catch_panic, throw};

/// The arguments of a call; missing ones are `undefined`.
pub type Values<'call, const N: usize> = [Unknown<'call>; N];

/// What a call returns, or throws.
pub type Returned<'call> = Result<Unknown<'call>>;

/// A function that JavaScript calls with `N` arguments.
pub type Function<const N: usize> = for<'call> fn(&'call Env, Values<'call, N>) -> Returned<'call>;

/// A JavaScript function that calls `function`, and throws its errors and panics. It needs no `this`.
pub fn create<'env, const N: usize>(env: &'env Env, function: Function<N>) -> napi::Result<Unknown<'env>> {
    let mut result = ptr::null_mut();
    // SAFETY: without a name, there is no length. `call` casts the data back to the type of `function`.
    check_status!(unsafe {
        sys::napi_create_function(
            env.raw(),
            ptr::null(),
            0,
            Some(call::<N>),
            function as *mut c_void,
            &mut result,
        )
    })?;
    // SAFETY: Node-API returned `result` as a value of `env`.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), result) })
}

unsafe extern "C" fn call<const N: usize>(
    raw_env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let env = Env::from_raw(raw_env);
    let mut count = N;
    let mut arguments = [ptr::null_mut(); N];
    let mut data: *mut c_void = ptr::null_mut();
    // SAFETY: `arguments` has room for `count` values. Node-API fills missing ones with `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(raw_env, info, &mut count, arguments.as_mut_ptr(), ptr::null_mut(), &mut data)
    };
    let result = catch_panic(|| {
        check_status!(status)?;
        // SAFETY: `create` passed a function of this type as the data.
        let function = unsafe { std::mem::transmute::<*mut c_void, Function<N>>(data) };
        // SAFETY: Node-API returned these as values of this call.
        function(&env, arguments.map(|value| unsafe { Unknown::from_raw_unchecked(raw_env, value) }))
    });
    match result {
        Ok(value) => value.raw(),
        Err(error) => {
            throw(&env, error);
            ptr::null_mut()
        }
    }
}

/// A JavaScript object.
pub fn object<'env, V: ToNapiValue>(
    env: &'env Env,
    properties: impl IntoIterator<Item = (&'static str, V)>,
) -> napi::Result<Object<'env>> {
    let mut object = Object::new(env)?;
    define(env, &mut object, properties)?;
    Ok(object)
}

/// Defines properties of an object. Setting them could call setters of `Object.prototype`.
pub fn define<V: ToNapiValue>(
    env: &Env,
    object: &mut Object,
    properties: impl IntoIterator<Item = (&'static str, V)>,
) -> napi::Result<()> {
    let property = |(name, value)| Property::new().with_utf8_name(name)?.with_napi_value(env, value);
    let properties: napi::Result<Vec<Property>> = properties.into_iter().map(property).collect();
    object.define_properties(&properties?)
}
