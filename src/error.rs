//! The errors of the API.

/// An argument that was rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function}: {argument} must be {expected}, got {received}")]
pub struct BadArgument {
    /// The JavaScript name of the function that was called.
    pub function: &'static str,
    /// The name of the argument or option.
    pub argument: &'static str,
    /// What the argument must be.
    pub expected: String,
    /// What was passed.
    pub received: String,
}

/// Why a call failed. A failed call changes no byte, no cache entry and no counter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// An allocation failed.
    #[error("{function}: no memory for {wanted} of {byte_length} bytes")]
    OutOfMemory {
        /// The JavaScript name of the function that was called.
        function: &'static str,
        /// What the memory was for.
        wanted: &'static str,
        /// The size of the allocation.
        byte_length: usize,
    },
}
