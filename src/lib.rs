//! Still HDR images, kept converted between the PQ and HLG transfer functions: a Node.js addon.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`curves`] | the transfer functions of BT.2100 |
//! | [`table`] | a conversion, tabulated for all 65536 codes |
//! | [`convert`] | samples through a conversion, into a new place or in place: kernels and threads |
//! | [`fresh_memory`] | huge pages for memory that is written for the first time |
//! | [`cache`] | which converted images are kept, and which go |
//! | [`error`] | what can go wrong |
//! | `node` | the border to JavaScript; without the feature `node`, all else compiles and is tested |
//!
//! Calls go one way: `node` → `cache` and `convert` → `table` → `curves`.

pub mod cache;
pub mod convert;
pub mod curves;
pub mod error;
pub mod fresh_memory;
// Its tests are those of the built addon, in `__test__`.
#[cfg(all(feature = "node", not(test)))]
mod node;
pub mod table;
