//! References to JavaScript values that outlive a call.

use std::ptr;

use napi::bindgen_prelude::Unknown;
use napi::{Env, JsValue, check_status, sys};

/// A reference to a JavaScript object.
pub struct Reference {
    env: sys::napi_env,
    reference: sys::napi_ref,
}

impl Reference {
    /// A reference that keeps the object alive.
    pub fn strong(value: Unknown) -> napi::Result<Reference> {
        Reference::new(value, 1)
    }

    /// A reference that does not keep the object alive.
    pub fn weak(value: Unknown) -> napi::Result<Reference> {
        Reference::new(value, 0)
    }

    fn new(value: Unknown, count: u32) -> napi::Result<Reference> {
        let env = value.value().env;
        let mut reference = ptr::null_mut();
        // SAFETY: the value belongs to `env`.
        check_status!(unsafe { sys::napi_create_reference(env, value.raw(), count, &mut reference) })?;
        Ok(Reference { env, reference })
    }

    /// The object. It is an error if it has been collected.
    pub fn value<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        let mut value = ptr::null_mut();
        // SAFETY: the reference exists until `drop`.
        check_status!(unsafe { sys::napi_get_reference_value(env.raw(), self.reference, &mut value) })?;
        if value.is_null() {
            return Err(napi::Error::from_reason("the object of a reference was collected"));
        }
        // SAFETY: Node-API returned `value` as a value of `env`.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), value) })
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: the reference exists, and `env` is valid: this runs in a call from JavaScript or in a finalizer.
        unsafe { sys::napi_delete_reference(self.env, self.reference) };
    }
}
