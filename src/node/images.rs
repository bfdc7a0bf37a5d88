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

/// A Buffer in a slot of the holder, which keeps it alive.
pub struct HeldBuffer {
    buffer: Reference,
    slot: u32,
}

impl Slots {
    /// Puts a Buffer into a slot of `holder`.
    pub fn hold(&mut self, env: &Env, holder: Unknown, buffer: Unknown) -> napi::Result<HeldBuffer> {
        let reference = Reference::weak(buffer)?;
        let slot = self.free.pop().unwrap_or(self.count);
        set(env, holder, slot, buffer)?;
        self.count = self.count.max(slot + 1);
        Ok(HeldBuffer { buffer: reference, slot })
    }

    /// Empties the slot of a Buffer.
    pub fn release(&mut self, env: &Env, holder: Unknown, held: HeldBuffer) -> napi::Result<()> {
        set(env, holder, held.slot, ().into_unknown(env)?)?;
        self.free.push(held.slot);
        Ok(())
    }
}

impl HeldBuffer {
    /// The Buffer.
    pub fn value<'env>(&self, env: &'env Env) -> Option<Unknown<'env>> {
        self.buffer.value(env).ok()
    }
}

fn set(env: &Env, holder: Unknown, slot: u32, value: Unknown) -> napi::Result<()> {
    // SAFETY: all are values of `env`. The holder has no prototype, so this runs no JavaScript.
    check_status!(unsafe { sys::napi_set_element(env.raw(), holder.raw(), slot, value.raw()) })
}
