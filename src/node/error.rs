//! The mapping of errors to JavaScript classes and codes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Env, Status};

use crate::error::Error;

/// Throws the error in JavaScript. Returns what the caller returns to Node-API: that an exception is pending.
pub fn throw(env: &Env, error: &Error) -> napi::Error {
    let message = error.to_string();
    let thrown = match error {
        Error::InvalidArgType(_) => env.throw_type_error(&message, Some("ERR_INVALID_ARG_TYPE")),
        Error::InvalidArgValue(_) => env.throw_type_error(&message, Some("ERR_INVALID_ARG_VALUE")),
        Error::OutOfRange(_) => env.throw_range_error(&message, Some("ERR_OUT_OF_RANGE")),
        Error::OutOfMemory { .. } => env.throw_error(&message, Some("ERR_MEMORY_ALLOCATION_FAILED")),
    };
    thrown.err().unwrap_or_else(|| napi::Error::from_status(Status::PendingException))
}

/// Runs the body of a call. A panic becomes an error: it must not unwind into C.
pub fn catch_panic<R>(body: impl FnOnce() -> napi::Result<R>) -> napi::Result<R> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        Err(napi::Error::from_reason(format!("internal error, please report it: {}", message_of(&*panic))))
    })
}

fn message_of(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the native code panicked")
}
