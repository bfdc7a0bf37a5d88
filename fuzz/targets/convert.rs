#![no_main]

#[path = "../src/convert.rs"]
mod convert;

libfuzzer_sys::fuzz_target!(|data: &[u8]| convert::check(data).unwrap());
