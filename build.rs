//! Sets the linker flags of a Node.js addon.

fn main() {
    #[cfg(feature = "node")]
    napi_build::setup();
}
