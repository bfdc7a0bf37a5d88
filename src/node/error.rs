//! The errors of the API, and their JavaScript classes and codes.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use napi::{Env, Status};

/// Why a call of `function` (in JavaScript) failed. The failed call has changed nothing, except that it
/// removes an image whose Buffer is detached.
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
    /// A defect of the native code.
    #[error("internal error, please report it: {0}")]
    Internal(String),
    /// An error of Node-API. With the status `PendingException`, JavaScript has thrown, as a getter may.
    #[error("internal error, please report it: {0}")]
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
        Error::Napi(error) if error.status == Status::PendingException => Ok(()),
        // No code, since a program cannot handle a defect.
        Error::Internal(_) | Error::Napi(_) => env.throw_error(&message, None),
    };
}

/// Runs the body of a call. A panic becomes an error: it must not unwind into C.
pub fn catch_panic<R>(body: impl FnOnce() -> Result<R>) -> Result<R> {
    let caught = catch_unwind(AssertUnwindSafe(body));
    caught.unwrap_or_else(|panic| Err(Error::Internal(message_of(&*panic).to_owned())))
}

fn message_of(panic: &dyn Any) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("the native code panicked")
}
