//! The errors of the API, and their JavaScript classes and codes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Env, JsError};

/// Why a call of `function` (in JavaScript) failed. It has changed no byte, no cached image and no counter.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The argument has the wrong type.
    #[error(transparent)]
    InvalidArgType(BadArgument),
    /// The argument is not one of the allowed values, or its memory cannot be used.
    #[error(transparent)]
    InvalidArgValue(BadArgument),
    /// The argument is a number, or has a length, that is out of range.
    #[error(transparent)]
    OutOfRange(BadArgument),
    /// An option or an argument that does not exist.
    #[error("{function}: there is no {what}")]
    Unknown { function: String, what: String },
    /// An allocation failed.
    #[error("{function}: no memory for {wanted} of {byte_length} bytes")]
    OutOfMemory { function: &'static str, wanted: &'static str, byte_length: usize },
    /// An error of Node-API, or an exception of a getter.
    #[error(transparent)]
    Napi(#[from] napi::Error),
}

/// The result of a native function.
pub type Result<T> = std::result::Result<T, Error>;

/// An argument or option that was rejected.
#[derive(Debug, thiserror::Error)]
#[error("{function}: {argument} must be {expected}, got {received}")]
pub struct BadArgument {
    pub function: &'static str,
    pub argument: &'static str,
    pub expected: String,
    pub received: String,
}

/// Throws the error in JavaScript. Nothing may be borrowed: Node.js sets the `code`, which may run a setter.
pub fn throw(env: &Env, error: Error) {
    let message = error.to_string();
    let _ = match error {
        Error::InvalidArgType(_) => env.throw_type_error(&message, Some("ERR_INVALID_ARG_TYPE")),
        Error::InvalidArgValue(_) | Error::Unknown { .. } => {
            env.throw_type_error(&message, Some("ERR_INVALID_ARG_VALUE"))
        }
        Error::OutOfRange(_) => env.throw_range_error(&message, Some("ERR_OUT_OF_RANGE")),
        Error::OutOfMemory { .. } => env.throw_error(&message, Some("ERR_MEMORY_ALLOCATION_FAILED")),
        Error::Napi(error) => {
            // SAFETY: `env` is the environment of the call. A pending exception stays.
            unsafe { JsError::from(error).throw_into(env.raw()) };
            Ok(())
        }
    };
}

/// Runs the body of a call. A panic becomes an error: it must not unwind into C.
pub fn catch_panic<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let reason = format!("internal error, please report it: {}", message_of(&*panic));
        Err(napi::Error::from_reason(reason).into())
    })
}

fn message_of(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the native code panicked")
}
