//! What the bindings share within a JavaScript environment: the main thread, or a worker.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, JsObjectValue, Object, ToNapiValue, Unknown};
use napi::{Env, JsValue, ValueType, check_status, sys};

use super::reference::Reference;

/// The JavaScript part of the bindings.
const SCRIPT: &str = include_str!("script.js");

/// Longer image ids are read into memory of their own. A JavaScript string can have a gigabyte.
const MAX_ID_BUFFER_UNITS: usize = 1 << 16;

/// Who may write to the memory of an ArrayBuffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryKind {
    /// This thread only.
    Exclusive,
    /// Other threads, too: a SharedArrayBuffer.
    Shared,
    /// Nobody: an immutable ArrayBuffer.
    Immutable,
}

/// The instance data of the addon.
pub struct Environment {
    create_cache: Reference,
    allocate: Reference,
    memory_kind: Reference,
    id_buffer: Cell<Vec<u16>>,
}

impl Environment {
    /// Creates the instance data of `env`. Called when the addon is loaded.
    pub fn create(env: &Env, functions: &[Unknown]) -> napi::Result<()> {
        // SAFETY: the script returns an object.
        let result: Object = unsafe { call(env, env.run_script(SCRIPT)?, functions)?.cast() }?;
        let function = |name: &str| Reference::strong(result.get_named_property(name)?);
        let environment = Environment {
            create_cache: function("createCache")?,
            allocate: function("allocate")?,
            memory_kind: function("memoryKind")?,
            id_buffer: Cell::default(),
        };
        env.set_instance_data(Rc::new(environment), (), |_| {})
    }

    /// The instance data of `env`.
    pub fn of(env: &Env) -> napi::Result<Rc<Environment>> {
        let environment = env.get_instance_data::<Rc<Environment>>()?;
        environment
            .cloned()
            .ok_or_else(|| napi::Error::from_reason("the addon was not loaded in this environment"))
    }

    /// A new, uninitialised Buffer; `None` if there is no memory.
    pub fn allocate<'env>(&self, env: &'env Env, byte_length: usize) -> napi::Result<Option<Unknown<'env>>> {
        let buffer = call(env, self.allocate.value(env)?, &[(byte_length as f64).into_unknown(env)?])?;
        Ok((buffer.get_type()? != ValueType::Undefined).then_some(buffer))
    }

    /// A cache with the given native part.
    pub fn create_cache<'env>(&self, env: &'env Env, native: Unknown) -> napi::Result<Unknown<'env>> {
        call(env, self.create_cache.value(env)?, &[native])
    }

    /// Who may write to the memory of an ArrayBuffer or SharedArrayBuffer.
    pub fn memory_kind(&self, env: &Env, array_buffer: Unknown) -> napi::Result<MemoryKind> {
        let kind = call(env, self.memory_kind.value(env)?, &[array_buffer])?;
        // SAFETY: a value that is not a number is an error.
        Ok(match unsafe { u32::from_napi_value(env.raw(), kind.raw()) }? {
            0 => MemoryKind::Exclusive,
            2 => MemoryKind::Immutable,
            _ => MemoryKind::Shared,
        })
    }

    /// Runs `body` with a buffer for image ids. All caches share it, so that a look-up does not allocate.
    pub fn with_id_buffer<R>(&self, body: impl FnOnce(&mut Vec<u16>) -> R) -> R {
        // Taken out, because `body` may call JavaScript, which may call back.
        let mut buffer = self.id_buffer.take();
        let result = body(&mut buffer);
        if buffer.len() <= MAX_ID_BUFFER_UNITS {
            self.id_buffer.set(buffer);
        }
        result
    }
}

/// Calls a function, without `this`.
fn call<'env>(env: &'env Env, function: Unknown, arguments: &[Unknown]) -> napi::Result<Unknown<'env>> {
    let this = ().into_unknown(env)?.raw();
    let arguments: Vec<_> = arguments.iter().map(|argument| argument.raw()).collect();
    let mut result = ptr::null_mut();
    // SAFETY: all are values of `env`. A pending exception is an error.
    check_status!(unsafe {
        sys::napi_call_function(
            env.raw(),
            this,
            function.raw(),
            arguments.len(),
            arguments.as_ptr(),
            &mut result,
        )
    })?;
    // SAFETY: Node-API returned `result` as a value of `env`.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), result) })
}
