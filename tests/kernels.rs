//! All kernels equal the portable one: all code values in all lanes, all lengths up to 200 samples at all
//! alignments, and large images. `tests/precision.rs` compares the portable one with the exact result.

#![expect(clippy::unwrap_used, reason = "Clippy does not take the helpers for tests")]

#[path = "../fuzz/fuzz_targets/guarded.rs"]
mod guarded;

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Barrier, LazyLock};
use std::thread;
use std::time::Duration;

use guarded::{ALIGNMENT, Guarded};
use hdr_image_transfer_cache::convert::{Conversion, InstructionSet, Kernel, Ootf, Rendering, Sample};
use hdr_image_transfer_cache::curves::{Direction, HlgDisplay, Transfer};

/// Both directions and OOTFs, for the reference display and another one.
fn conversions() -> impl Iterator<Item = Conversion> {
    let displays = [HlgDisplay::REFERENCE, HlgDisplay::new(600.0).unwrap()];
    let renderings = [Ootf::PerChannel, Ootf::Luminance]
        .into_iter()
        .flat_map(move |ootf| displays.map(|display| Rendering { ootf, display }));
    renderings.flat_map(|rendering| Direction::ALL.map(|direction| Conversion { direction, rendering }))
}

/// The per-channel conversion of all code values, for each of [`conversions`]: not by the table under test.
fn formula(conversion: Conversion) -> &'static [u16] {
    static TABLES: LazyLock<Vec<(Conversion, Vec<u16>)>> = LazyLock::new(|| {
        let codes = |Conversion { direction, rendering }| {
            let signal = move |code| direction.convert_signal(f64::from(code) / 65535.0, rendering.display);
            (0..=u16::MAX).map(|code| (65535.0 * signal(code)).round() as u16).collect()
        };
        conversions().map(|conversion| (conversion, codes(conversion))).collect()
    });
    TABLES.iter().find(|(its_conversion, _)| *its_conversion == conversion).unwrap().1.as_slice()
}

/// All kernels that the processor supports. Where two instruction sets share a kernel, it comes twice.
fn kernels() -> impl Iterator<Item = (Conversion, Kernel)> {
    InstructionSet::supported()
        .flat_map(|set| conversions().map(move |conversion| (conversion, Kernel::new(conversion, set))))
}

/// The lengths up to 200 samples that a conversion accepts.
fn lengths(conversion: Conversion) -> impl Iterator<Item = usize> {
    (0..=200).step_by(conversion.rendering.ootf.samples())
}

/// The result of the portable kernel: that of the table itself, or by luminance.
fn expected(conversion: Conversion, samples: &[Sample]) -> Vec<Sample> {
    match conversion.rendering.ootf {
        Ootf::PerChannel => {
            let table = formula(conversion);
            samples
                .iter()
                .map(|sample| table[usize::from(u16::from_le_bytes(*sample))].to_le_bytes())
                .collect()
        }
        Ootf::Luminance => {
            let mut converted = samples.to_vec();
            Kernel::new(conversion, InstructionSet::Portable).convert_in_place(&mut converted);
            converted
        }
    }
}

fn samples(count: usize, seed: usize) -> Vec<Sample> {
    (0..count).map(|at| ((at + seed).wrapping_mul(40_503).wrapping_add(1) as u16).to_le_bytes()).collect()
}

/// Converts out of place and in place, and checks the results.
fn check(conversion: Conversion, kernel: &Kernel, samples: &[Sample], offset: usize, target_offset: usize) {
    let expected = expected(conversion, samples);
    let mut source = Guarded::new(samples, offset);
    let mut target = Guarded::room(samples.len(), target_offset);
    kernel.convert(source.samples(), target.uninitialised());
    target.assert_contains(&expected);
    source.assert_contains(samples);
    kernel.convert_in_place(source.samples());
    source.assert_contains(&expected);
}

#[test]
fn all_lengths_at_all_alignments() {
    for (conversion, kernel) in kernels() {
        for length in lengths(conversion) {
            for offset in 0..ALIGNMENT {
                // Over all lengths, each offset of the source meets each of the target.
                check(conversion, &kernel, &samples(length, offset), offset, (offset + length) % ALIGNMENT);
            }
        }
    }
}

/// In memory that ends with the samples, so that AddressSanitizer reports an out-of-bounds access.
#[test]
fn all_lengths_without_guards() {
    for (conversion, kernel) in kernels() {
        for length in lengths(conversion) {
            let mut in_place: Box<[Sample]> = samples(length, 1).into();
            let expected = expected(conversion, &in_place);
            let mut target: Box<[MaybeUninit<Sample>]> = vec![MaybeUninit::uninit(); length].into();
            kernel.convert(&in_place, &mut target);
            kernel.convert_in_place(&mut in_place);
            assert_eq!(*in_place, *expected);
        }
    }
}

#[test]
fn all_code_values_in_all_lanes() {
    let codes: Vec<Sample> = (0..=u16::MAX).map(u16::to_le_bytes).collect();
    for (conversion, kernel) in kernels() {
        // At least as many as any vector register has.
        for lane in (0..64).step_by(conversion.rendering.ootf.samples()) {
            // Three samples are a pixel, and 65536 is not a multiple of 3: so all code values are in all
            // channels.
            let tail = (3 - (lane + codes.len()) % 3) % 3;
            let samples = [&vec![[0; 2]; lane], &codes[..], &vec![[0; 2]; tail]].concat();
            check(conversion, &kernel, &samples, 0, 0);
        }
    }
}

/// A pixel's result depends on nothing around it.
#[test]
fn each_pixel_is_converted_independently() {
    for conversion in conversions().filter(|conversion| conversion.rendering.ootf == Ootf::Luminance) {
        let all = samples(3 * 1000, 7);
        let converted = expected(conversion, &all);
        for (pixel, converted) in all.as_chunks::<3>().0.iter().zip(converted.as_chunks::<3>().0) {
            assert_eq!(expected(conversion, pixel), converted);
        }
    }
}

#[test]
#[should_panic(expected = "whole pixels")]
fn part_of_a_pixel_is_rejected_by_luminance() {
    let rendering = Rendering { ootf: Ootf::Luminance, ..Rendering::default() };
    Conversion { direction: Direction::PqToHlg, rendering }.convert_image_in_place(&mut [[0; 2]; 4]);
}

#[test]
#[should_panic(expected = "whole pixels")]
fn part_of_a_pixel_is_rejected_by_luminance_out_of_place() {
    let rendering = Rendering { ootf: Ootf::Luminance, ..Rendering::default() };
    let conversion = Conversion { direction: Direction::PqToHlg, rendering };
    conversion.convert_image(&[[0; 2]; 4], Guarded::room(4, 0).uninitialised());
}

#[test]
#[should_panic(expected = "same length")]
fn different_lengths_are_rejected() {
    let conversion = Conversion { direction: Direction::PqToHlg, rendering: Rendering::default() };
    conversion.convert_image(&[[0; 2]; 6], Guarded::room(3, 0).uninitialised());
}

#[test]
#[should_panic(expected = "same length")]
fn different_lengths_of_shared_memory_are_rejected() {
    let conversion = Conversion { direction: Direction::PqToHlg, rendering: Rendering::default() };
    conversion.convert_shared_image(&Guarded::room(6, 0).shared(), Guarded::room(3, 0).uninitialised());
}

/// In any order: what is prepared for one display is not used for another.
#[test]
fn each_display_has_its_own_result() {
    for order in [[1000.0, 600.0], [600.0, 1000.0], [300.0, 301.0], [301.0, 300.0]] {
        for ootf in [Ootf::PerChannel, Ootf::Luminance] {
            let results = order.map(|peak| {
                let rendering = Rendering { ootf, display: HlgDisplay::new(peak).unwrap() };
                let mut converted = [[0x34, 0xa2]; 3];
                Conversion { direction: Direction::HlgToPq, rendering }
                    .convert_image_in_place(&mut converted);
                let signal = f64::from(0xa234) / 65535.0;
                let expected = Direction::HlgToPq.convert_signal(signal, rendering.display);
                let expected = (65535.0 * expected).round() as u16;
                assert!(u16::from_le_bytes(converted[0]).abs_diff(expected) <= 1, "{rendering:?}");
                converted
            });
            assert_ne!(results[0], results[1]);
        }
    }
}

/// Split across threads, with tails everywhere. `HDR_TEST_LARGE_SAMPLES` sets a smaller size, for emulators.
#[test]
fn large_images() {
    let count =
        std::env::var("HDR_TEST_LARGE_SAMPLES").map_or((9 << 20) + 75, |count| count.parse().unwrap());
    let samples = samples(count, 1);
    for conversion in conversions() {
        let expected = expected(conversion, &samples);
        for offset in [0, 1, 2, 16, 63] {
            let mut source = Guarded::new(&samples, offset);
            let mut target = Guarded::room(count, offset);
            conversion.convert_image(source.samples(), target.uninitialised());
            target.assert_contains(&expected);
            source.assert_contains(&samples);
            let mut target = Guarded::room(count, offset);
            conversion.convert_shared_image(&source.shared(), target.uninitialised());
            target.assert_contains(&expected);
            source.assert_contains(&samples);
            conversion.convert_shared_image_in_place(&source.shared());
            source.assert_contains(&expected);
            let mut source = Guarded::new(&samples, offset);
            conversion.convert_image_in_place(source.samples());
            source.assert_contains(&expected);
        }
    }
}

/// Each sample is converted once or twice, and none is torn.
#[test]
fn two_threads_convert_the_same_memory() {
    let conversion = Conversion { direction: Direction::PqToHlg, rendering: Rendering::default() };
    let samples = samples(4096, 1);
    let once = expected(conversion, &samples);
    let twice = expected(conversion, &once);
    for _ in 0..100 {
        let mut block = Guarded::new(&samples, 0);
        let shared = block.shared();
        let start = Barrier::new(2);
        thread::scope(|scope| {
            let convert = || {
                start.wait();
                conversion.convert_shared_image_in_place(&shared);
            };
            scope.spawn(convert);
            convert();
        });
        drop(shared);
        let results = block.samples().iter().zip(once.iter().zip(&twice));
        results.into_iter().for_each(|(result, (once, twice))| assert!(result == once || result == twice));
    }
}

/// Access by words and by bytes exclude each other.
#[test]
fn accesses_of_two_sizes_to_shared_memory_take_turns() {
    let has_access = AtomicBool::new(false);
    let (mut words, mut bytes) = (Guarded::room(3, 0), Guarded::room(3, 1));
    let first = words.shared();
    assert_eq!((first.len(), first.is_empty()), (3, false));
    thread::scope(|scope| {
        scope.spawn(|| {
            bytes.shared();
            has_access.store(true, Relaxed);
        });
        thread::sleep(Duration::from_millis(50));
        assert!(!has_access.load(Relaxed));
        drop(first);
    });
    assert!(has_access.load(Relaxed));
    assert!(Guarded::room(0, 0).shared().is_empty());
}

#[test]
fn equal_transfers_need_no_conversion() {
    let between =
        |from, to| Conversion::between(from, to, Rendering::default()).map(|conversion| conversion.direction);
    assert_eq!(between(Transfer::Pq, Transfer::Pq), None);
    assert_eq!(between(Transfer::Hlg, Transfer::Hlg), None);
    assert_eq!(between(Transfer::Pq, Transfer::Hlg), Some(Direction::PqToHlg));
    assert_eq!(between(Transfer::Hlg, Transfer::Pq), Some(Direction::HlgToPq));
}
