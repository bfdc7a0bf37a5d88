//! Every kernel against the portable one: every code in every lane, every length up to 200 samples at every
//! alignment, and large images. How close that one is to the exact result, `tests/precision.rs` says.

use super::*;

/// Both ways, per channel and by luminance, for the reference display and for another one.
fn conversions() -> impl Iterator<Item = Conversion> {
    let displays = [HlgDisplay::REFERENCE, HlgDisplay::new(600.0).unwrap()];
    let renderings = [Ootf::PerChannel, Ootf::Luminance]
        .into_iter()
        .flat_map(move |ootf| displays.map(|display| Rendering { ootf, display }));
    renderings.flat_map(|rendering| {
        [Direction::PqToHlg, Direction::HlgToPq].map(|direction| Conversion { direction, rendering })
    })
}

fn kernels_and_conversions() -> impl Iterator<Item = (Kernel, Conversion)> {
    Kernel::supported().flat_map(|kernel| conversions().map(move |conversion| (kernel, conversion)))
}

/// The lengths up to 200 samples that a conversion takes.
fn lengths(conversion: Conversion) -> impl Iterator<Item = usize> {
    (0..=200).step_by(conversion.rendering.ootf.samples())
}

/// What the portable kernel makes of codes: by the table itself, or by luminance.
fn expected(conversion: Conversion, codes: &[u16]) -> Vec<u16> {
    match conversion.rendering.ootf {
        Ootf::PerChannel => {
            let table = conversion.table();
            codes.iter().map(|code| table.get(*code)).collect()
        }
        Ootf::Luminance => {
            let mut samples: Vec<Sample> = codes.iter().map(|code| code.to_le_bytes()).collect();
            Kernel::Portable.convert_in_place(conversion, &mut samples);
            samples.into_iter().map(u16::from_le_bytes).collect()
        }
    }
}

/// What no test may see changed around the samples.
const GUARD: u8 = 0xa5;

/// The widest alignment that a load or store of any processor could ask for.
const ALIGNMENT: usize = 64;

fn codes(count: usize, seed: usize) -> Vec<u16> {
    (0..count).map(|at| (at + seed).wrapping_mul(40_503).wrapping_add(1) as u16).collect()
}

fn bytes_of(codes: &[u16]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.to_le_bytes()).collect()
}

/// A block with `bytes` at `offset` from an aligned address, guards before and after.
struct Block {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Block {
    fn new(bytes: &[u8], offset: usize) -> Block {
        let mut memory = vec![GUARD; bytes.len() + 4 * ALIGNMENT];
        let start = ALIGNMENT + memory.as_ptr().align_offset(ALIGNMENT) + offset;
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        Block { memory, start, length: bytes.len() }
    }

    fn samples(&mut self) -> &mut [Sample] {
        self.memory[self.start..self.start + self.length].as_chunks_mut().0
    }

    fn assert_holds(&self, expected: &[u8]) {
        let (before, rest) = self.memory.split_at(self.start);
        let (bytes, after) = rest.split_at(self.length);
        assert_eq!(bytes, expected);
        assert!(before.iter().chain(after).all(|byte| *byte == GUARD), "written outside the samples");
    }
}

/// A place to convert to; its samples count as uninitialised.
#[expect(unsafe_code, reason = "a guarded block of memory has to stand in for a fresh Buffer")]
fn uninitialised(samples: &mut [Sample]) -> &mut [MaybeUninit<Sample>] {
    // SAFETY: both have one layout, and `convert` writes initialised samples only.
    unsafe { &mut *(std::ptr::from_mut(samples) as *mut [MaybeUninit<Sample>]) }
}

#[test]
fn every_length_at_every_alignment_in_place() {
    for (kernel, conversion) in kernels_and_conversions() {
        for length in lengths(conversion) {
            for offset in 0..ALIGNMENT {
                let codes = codes(length, offset);
                let expected = expected(conversion, &codes);
                let mut block = Block::new(&bytes_of(&codes), offset);
                kernel.convert_in_place(conversion, block.samples());
                block.assert_holds(&bytes_of(&expected));
            }
        }
    }
}

#[test]
fn every_length_at_every_alignment_to_a_new_place() {
    for (kernel, conversion) in kernels_and_conversions() {
        for length in lengths(conversion) {
            for offset in 0..ALIGNMENT {
                let codes = codes(length, offset);
                let expected = expected(conversion, &codes);
                // So that, over all lengths, each of the two alignments meets each other one.
                let mut source = Block::new(&bytes_of(&codes), offset);
                let mut target = Block::new(&vec![0; 2 * length], (offset + length) % ALIGNMENT);
                kernel.convert(conversion, source.samples(), uninitialised(target.samples()));
                source.assert_holds(&bytes_of(&codes));
                target.assert_holds(&bytes_of(&expected));
            }
        }
    }
}

/// In memory that ends with the samples, so that AddressSanitizer sees a step beyond.
#[test]
fn every_length_alone() {
    for (kernel, conversion) in kernels_and_conversions() {
        for length in lengths(conversion) {
            let source: Box<[Sample]> = codes(length, 1).iter().map(|code| code.to_le_bytes()).collect();
            let mut in_place = source.clone();
            let mut target: Box<[Sample]> = vec![[GUARD; 2]; length].into();
            kernel.convert_in_place(conversion, &mut in_place);
            kernel.convert(conversion, &source, uninitialised(&mut target));
            assert_eq!(in_place, target);
        }
    }
}

/// At least as many as any kernel has, so that every code is in every lane.
const LANES: usize = 64;

#[test]
fn every_code_in_every_lane() {
    let codes: Vec<u16> = (0..=u16::MAX).collect();
    for (kernel, conversion) in kernels_and_conversions() {
        for lane in (0..LANES).step_by(conversion.rendering.ootf.samples()) {
            // Every code is in every lane, too, when three together are a pixel, since 3 does not divide 65536.
            let rest = (3 - (lane + codes.len()) % 3) % 3;
            let black = |count| std::iter::repeat_n(0, count);
            let codes: Vec<u16> = black(lane).chain(codes.iter().copied()).chain(black(rest)).collect();
            let expected = expected(conversion, &codes);
            let mut block = Block::new(&bytes_of(&codes), 0);
            let mut target = Block::new(&vec![0; 2 * codes.len()], 0);
            kernel.convert(conversion, block.samples(), uninitialised(target.samples()));
            kernel.convert_in_place(conversion, block.samples());
            target.assert_holds(&bytes_of(&expected));
            block.assert_holds(&bytes_of(&expected));
        }
    }
}

/// Also where there is no AVX-512 to run the kernel.
#[cfg(target_arch = "x86_64")]
#[test]
fn segments_reproduce_the_tables() {
    for conversion in conversions() {
        let Some(segments) = conversion.segments() else { continue };
        let avx512::Segments { last, shift, fine, coarse, origin, value, c1, c2, c3, c4 } = segments;
        let table = conversion.table();
        for code in 0..=u16::MAX {
            let clamped = code.min(*last);
            let segment = usize::from(if clamped < avx512::FINE_END {
                fine[usize::from(clamped >> 5)]
            } else {
                coarse[usize::from((clamped + shift) >> 10)]
            });
            let t = f32::from(clamped) - origin[segment];
            let slope = c4[segment].mul_add(t, c3[segment]).mul_add(t, c2[segment]).mul_add(t, c1[segment]);
            let result = slope.mul_add(t, value[segment]).to_bits() as u16;
            assert_eq!(result, table.get(code), "{conversion:?} of {code}");
        }
    }
}

/// A pixel has one result, wherever it stands and whatever is beside it.
#[test]
fn each_pixel_is_converted_on_its_own() {
    let conversions = conversions().filter(|conversion| conversion.rendering.ootf == Ootf::Luminance);
    for conversion in conversions {
        let all = codes(3 * 1000, 7);
        let converted = expected(conversion, &all);
        for (pixel, converted) in all.as_chunks::<3>().0.iter().zip(converted.as_chunks::<3>().0) {
            assert_eq!(expected(conversion, pixel), converted);
        }
    }
}

#[test]
#[should_panic(expected = "whole pixels")]
fn a_part_of_a_pixel_cannot_be_converted_by_luminance() {
    let rendering = Rendering { ootf: Ootf::Luminance, ..Rendering::default() };
    Conversion { direction: Direction::PqToHlg, rendering }.convert_in_place(&mut [[0; 2]; 4]);
}

/// How many samples a large image has: enough to be split across threads, with a tail in every kernel. Emulators
/// set `HDR_TEST_LARGE_SAMPLES`, since this many take them too long.
fn large_length() -> usize {
    let length = std::env::var("HDR_TEST_LARGE_SAMPLES").map(|samples| samples.parse().unwrap());
    length.unwrap_or((9 << 20) + 75)
}

#[test]
fn large_images() {
    let length = large_length();
    let codes = codes(length, 1);
    let source = bytes_of(&codes);
    for conversion in conversions() {
        let expected = bytes_of(&expected(conversion, &codes));
        for offset in [0, 1, 2, 16, 63] {
            let mut source = Block::new(&source, offset);
            let mut target = Block::new(&vec![0; 2 * length], offset);
            for kernel in Kernel::supported() {
                kernel.convert(conversion, source.samples(), uninitialised(target.samples()));
                target.assert_holds(&expected);
                target.samples().fill([GUARD; 2]);
            }
            conversion.convert(source.samples(), uninitialised(target.samples()));
            target.assert_holds(&expected);
            conversion.convert_in_place(source.samples());
            source.assert_holds(&expected);
        }
    }
}

#[test]
fn equal_transfers_need_no_conversion() {
    let rendering = Rendering::default();
    let between = |from, to| Conversion::between(from, to, rendering).map(|conversion| conversion.direction);
    assert_eq!(between(Transfer::Pq, Transfer::Pq), None);
    assert_eq!(between(Transfer::Hlg, Transfer::Hlg), None);
    assert_eq!(between(Transfer::Pq, Transfer::Hlg), Some(Direction::PqToHlg));
    assert_eq!(between(Transfer::Hlg, Transfer::Pq), Some(Direction::HlgToPq));
}
