#![no_main]

#[path = "../src/cache.rs"]
mod cache;

libfuzzer_sys::fuzz_target!(|data: &[u8]| cache::check(data).unwrap());
