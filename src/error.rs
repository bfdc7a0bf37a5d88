//! What a caller can do wrong, and what can go wrong, in words for that caller.

/// An argument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{function}: {argument} must be {expected}, got {received}")]
pub struct BadArgument {
    /// The function that was called, by its JavaScript name.
    pub function: &'static str,
    /// The argument, by its name in the documentation.
    pub argument: &'static str,
    /// What it must be.
    pub expected: &'static str,
    /// What it was.
    pub received: String,
}

/// Why a call failed. Nothing has changed then: no byte, no cached image, no counter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The argument is of the wrong type.
    #[error(transparent)]
    InvalidArgType(BadArgument),
    /// The argument is not one of the allowed values.
    #[error(transparent)]
    InvalidArgValue(BadArgument),
    /// The argument is a number or a length outside its range.
    #[error(transparent)]
    OutOfRange(BadArgument),
    /// JavaScript that runs while a Buffer is made got in the way. It only can if somebody replaced
    /// `Buffer.allocUnsafeSlow`.
    #[error("{function}: Buffer.allocUnsafeSlow was replaced; it must give a new Buffer and do no more")]
    AllocatorReplaced {
        /// The function that was called, by its JavaScript name.
        function: &'static str,
    },
    /// There is no memory.
    #[error("{function}: no memory for {wanted} of {byte_length} bytes")]
    OutOfMemory {
        /// The function that was called, by its JavaScript name.
        function: &'static str,
        /// What it was wanted for.
        wanted: &'static str,
        /// How many bytes that needs.
        byte_length: usize,
    },
}
