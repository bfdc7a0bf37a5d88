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

fn replay(corpus: &str, check: fn(&[u8]) -> arbitrary::Result<()>) -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(corpus);
    let mut count = 0;
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        // Printed if the check fails.
        println!("{}", path.display());
        check(&fs::read(path)?)?;
        count += 1;
    }
    assert!(count > 0);
    Ok(())
}

#[test]
fn cache_on_its_corpus() -> Result<(), Box<dyn Error>> {
    replay("cache", cache::check)
}

#[test]
fn convert_on_its_corpus() -> Result<(), Box<dyn Error>> {
    replay("convert", convert::check)
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
