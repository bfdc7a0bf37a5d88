//! The fuzz targets without a fuzzer: on the corpus, and on random inputs.

use std::error::Error;
use std::fs;
use std::path::Path;

use proptest::prelude::*;

#[path = "../fuzz/src/cache.rs"]
mod cache;
#[path = "../fuzz/src/convert.rs"]
mod convert;
#[path = "../fuzz/src/guarded.rs"]
mod guarded;

/// Runs a target on its corpus, which has an input in hexadecimal digits on each line.
fn replay(corpus: &str, check: fn(&[u8]) -> arbitrary::Result<()>) -> Result<(), Box<dyn Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    for line in fs::read_to_string(file)?.lines() {
        // Printed if the check fails.
        println!("{line}");
        let digits: Vec<u8> =
            line.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
        let input: Vec<u8> = digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect();
        check(&input)?;
    }
    Ok(())
}

#[test]
fn cache_on_its_corpus() -> Result<(), Box<dyn Error>> {
    replay("cache.hex", cache::check)
}

#[test]
fn convert_on_its_corpus() -> Result<(), Box<dyn Error>> {
    replay("convert.hex", convert::check)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cache_on_random_calls(data in prop::collection::vec(any::<u8>(), 0..250)) {
        cache::check(&data).unwrap();
    }

    /// Longer inputs than the fuzzer's, for more than one block of the conversion by luminance.
    #[test]
    fn convert_random_samples(data in prop::collection::vec(any::<u8>(), 200..2000)) {
        convert::check(&data).unwrap();
    }
}
