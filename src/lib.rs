//! Node.js addon that converts HDR images between PQ and HLG and caches the results.
//!
//! | module | content |
//! | --- | --- |
//! | [`curves`] | the transfer functions and the OOTF of BT.2100, in `f64` |
//! | [`table`] | the per-channel conversion of all 65536 code values |
//! | [`convert`] | the conversion of images: kernels and threads |
//! | [`cache`] | LRU cache bounded by entries and bytes |
//! | `node` | the Node-API bindings (feature `node`); everything else compiles and is tested without them |
//!
//! Dependencies go one way: from `node` to `cache` and `convert`, from `convert` to `table`, and from all to
//! `curves`.

pub mod cache;
pub mod convert;
pub mod curves;
// Only JavaScript can call it, so its tests are those of the built addon, in `__test__`.
#[cfg(all(feature = "node", not(test)))]
mod node;
pub mod table;
