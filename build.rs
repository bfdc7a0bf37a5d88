//! Tells the linker what a Node.js addon needs, where the platform needs telling.

fn main() {
    #[cfg(feature = "node")]
    napi_build::setup();
}
