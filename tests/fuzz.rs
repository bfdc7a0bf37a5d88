//! The fuzz targets without a fuzzer: on the corpus, and on random inputs.

use std::error::Error;
use std::ops::Range;
use std::{fs, iter};

#[path = "../fuzz/fuzz_targets/cache.rs"]
mod cache;
#[path = "../fuzz/fuzz_targets/convert.rs"]
mod convert;

type Check = fn(&[u8]) -> arbitrary::Result<()>;
type Outcome = Result<(), Box<dyn Error>>;

/// Runs a target on its corpus, which has an input in hexadecimal digits on each line.
fn replay(corpus: &str, check: Check) -> Outcome {
    let path = format!("{}/fuzz/corpus/{corpus}.hex", env!("CARGO_MANIFEST_DIR"));
    for line in fs::read_to_string(path)?.lines() {
        // Printed if the check fails.
        println!("{line}");
        let byte = |at| u8::from_str_radix(&line[at..at + 2], 16);
        let input: Vec<u8> = (0..line.len()).step_by(2).map(byte).collect::<Result<_, _>>()?;
        check(&input)?;
    }
    Ok(())
}

/// Runs a target on random inputs, the same in each run.
fn run_randomly(lengths: Range<usize>, check: Check) -> Outcome {
    let mut random = fastrand::Rng::with_seed(0);
    for _ in 0..2000 {
        let length = random.usize(lengths.clone());
        let input: Vec<u8> = iter::repeat_with(|| random.u8(..)).take(length).collect();
        // Printed if the check fails, as a line for the corpus.
        println!("{}", input.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        check(&input)?;
    }
    Ok(())
}

#[test]
fn cache_on_its_corpus() -> Outcome {
    replay("cache", cache::check)
}

#[test]
fn convert_on_its_corpus() -> Outcome {
    replay("convert", convert::check)
}

#[test]
fn cache_on_random_calls() -> Outcome {
    run_randomly(0..250, cache::check)
}

/// Longer inputs than the fuzzer's, for more than one block of the conversion by luminance.
#[test]
fn convert_random_samples() -> Outcome {
    run_randomly(200..2000, convert::check)
}
