//! The Buffers of a cache.

use napi::bindgen_prelude::{ToNapiValue, Unknown};
use napi::{Env, JsValue, check_status, sys};

use super::reference::Reference;

/// The slots of a JavaScript object, the holder, that has the Buffers of a cache as its properties.
///
/// JavaScript passes the holder to each call. Native code has weak references only: strong ones would be roots for the
/// garbage collector, and keep a dropped cache alive until a finalizer deletes them.
#[derive(Default)]
pub struct Slots {
    free: Vec<u32>,
    count: u32,
}

/// A Buffer that a slot of the holder keeps alive.
pub struct CachedBuffer {
    buffer: Reference,
    slot: u32,
}

impl Slots {
    /// Puts a Buffer into a slot of `holder`.
    pub fn insert(&mut self, env: &Env, holder: Unknown, buffer: Unknown) -> napi::Result<CachedBuffer> {
        let reference = Reference::weak(buffer)?;
        let slot = self.free.last().copied().unwrap_or(self.count);
        set(env, holder, slot, buffer)?;
        if self.free.pop().is_none() {
            self.count += 1;
        }
        Ok(CachedBuffer { buffer: reference, slot })
    }

    /// Empties the slot of a Buffer. If that fails, as in a worker that is terminated, the slot keeps the Buffer alive until
    /// it is used again.
    pub fn release(&mut self, env: &Env, holder: Unknown, cached: CachedBuffer) {
        let _ = ().into_unknown(env).and_then(|undefined| set(env, holder, cached.slot, undefined));
        self.free.push(cached.slot);
    }
}

impl CachedBuffer {
    /// The Buffer.
    pub fn value<'env>(&self, env: &'env Env) -> Option<Unknown<'env>> {
        self.buffer.value(env).ok()
    }
}

fn set(env: &Env, holder: Unknown, slot: u32, value: Unknown) -> napi::Result<()> {
    // SAFETY: all are values of `env`. The holder has no prototype, so this runs no JavaScript.
    check_status!(unsafe { sys::napi_set_element(env.raw(), holder.raw(), slot, value.raw()) })
}
