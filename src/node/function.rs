//! A closure as a JavaScript function.
//!
//! Unlike napi's own, a call allocates nothing: the arguments stay on the stack. That is what keeps a
//! hit as cheap as a look-up in a `Map`.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::bindgen_prelude::{FromNapiValue, Unknown};
use napi::{Env, JsError, JsValue, check_status, sys};

use super::error::catch_panic;

/// A JavaScript function that calls `closure` with its first `N` arguments, `undefined` for those not
/// given. It needs no `this`. The closure is dropped when the function is collected. An error, or a
/// panic, of the closure is thrown.
pub fn create<'env, const N: usize, F>(
    env: &'env Env,
    name: &'static CStr,
    closure: F,
) -> napi::Result<Unknown<'env>>
where
    F: for<'call> Fn(&'call Env, [Unknown<'call>; N]) -> napi::Result<Unknown<'call>> + 'static,
{
    let closure = Box::into_raw(Box::new(closure));
    let mut function = ptr::null_mut();
    // SAFETY: the name ends with NUL; `call` is told the closure's own type.
    let status = unsafe {
        sys::napi_create_function(
            env.raw(),
            name.as_ptr(),
            name.count_bytes() as isize,
            Some(call::<N, F>),
            closure.cast(),
            &mut function,
        )
    };
    let created = check_status!(status).and_then(|()| {
        // SAFETY: `function` was created above; from here on the finalizer owns the closure.
        check_status!(unsafe {
            sys::napi_add_finalizer(
                env.raw(),
                function,
                closure.cast(),
                Some(finalize::<F>),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        })
    });
    if let Err(error) = created {
        // SAFETY: no finalizer took it over, and the function, if there is one, reaches nobody.
        drop(unsafe { Box::from_raw(closure) });
        return Err(error);
    }
    // SAFETY: `function` is a value of `env`.
    unsafe { Unknown::from_napi_value(env.raw(), function) }
}

unsafe extern "C" fn call<const N: usize, F>(
    raw_env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value
where
    F: for<'call> Fn(&'call Env, [Unknown<'call>; N]) -> napi::Result<Unknown<'call>> + 'static,
{
    let env = Env::from_raw(raw_env);
    let mut count = N;
    let mut arguments = [ptr::null_mut(); N];
    let mut closure: *mut c_void = ptr::null_mut();
    // SAFETY: there is room for `count` arguments. Node-API fills those not given with `undefined`.
    let status = unsafe {
        sys::napi_get_cb_info(
            raw_env,
            info,
            &mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &mut closure,
        )
    };
    let result = check_status!(status).and_then(|()| {
        // SAFETY: the data of this function is the closure that `create` boxed; it lives as long.
        let closure = unsafe { &*closure.cast::<F>() };
        // SAFETY: Node-API gave these as values of this call.
        let arguments = arguments.map(|value| unsafe { Unknown::from_raw_unchecked(raw_env, value) });
        catch_panic(|| closure(&env, arguments).map(|value| value.raw()))
    });
    result.unwrap_or_else(|error| {
        // SAFETY: `raw_env` is the environment of this call. An exception already on its way stays.
        unsafe { JsError::from(error).throw_into(raw_env) };
        ptr::null_mut()
    })
}

unsafe extern "C" fn finalize<F>(_env: sys::napi_env, closure: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `create` handed this box over, once.
    let closure = unsafe { Box::from_raw(closure.cast::<F>()) };
    // There is nobody left to tell of a panic, and it must not cross into C.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(closure)));
}
