#![no_main]

#[path = "../src/convert.rs"]
mod convert;
#[path = "../src/guarded.rs"]
mod guarded;

libfuzzer_sys::fuzz_target!(|data: &[u8]| convert::check(data).unwrap());
