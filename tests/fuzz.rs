//! The fuzz targets without a fuzzer: on the corpus, and on random inputs.

use std::{fs, iter};

use fastrand::Rng;

#[path = "../fuzz/fuzz_targets/cache.rs"]
mod cache;
#[path = "../fuzz/fuzz_targets/convert.rs"]
mod convert;

type Check = fn(&[u8]) -> arbitrary::Result<()>;

/// Runs a target on its corpus, which has an input in hexadecimal digits on each line.
fn replay(corpus: &str, check: Check) {
    let path = format!("{}/fuzz/corpus/{corpus}.hex", env!("CARGO_MANIFEST_DIR"));
    for line in fs::read_to_string(path).unwrap().lines() {
        // Printed if the check fails.
        println!("{line}");
        let byte = |at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
        let input: Vec<u8> = (0..line.len()).step_by(2).map(byte).collect();
        check(&input).unwrap();
    }
}

#[test]
fn cache_on_its_corpus() {
    replay("cache", cache::check);
}

#[test]
fn convert_on_its_corpus() {
    replay("convert", convert::check);
}

/// Runs a target on inputs of random lengths and bytes, the same in each run.
fn run_randomly(lengths: std::ops::Range<usize>, check: Check) {
    for seed in 0..2000 {
        let mut random = Rng::with_seed(seed);
        let length = random.usize(lengths.clone());
        let input: Vec<u8> = iter::repeat_with(|| random.u8(..)).take(length).collect();
        // Printed if the check fails.
        println!("seed {seed}");
        check(&input).unwrap();
    }
}

#[test]
fn cache_on_random_calls() {
    run_randomly(0..250, cache::check);
}

/// Longer inputs than the fuzzer's, for more than one block of the conversion by luminance.
#[test]
fn convert_random_samples() {
    run_randomly(200..2000, convert::check);
}
