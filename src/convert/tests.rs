//! Every kernel against the table: every code in every lane, every length up to 200 samples at every
//! alignment, and large images.

use super::*;

const CONVERSIONS: [Conversion; 2] = [Conversion::PqToHlg, Conversion::HlgToPq];

fn kernels_and_conversions() -> impl Iterator<Item = (Kernel, Conversion)> {
    Kernel::supported().flat_map(|kernel| CONVERSIONS.map(|conversion| (kernel, conversion)))
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
        for length in 0..=200 {
            for offset in 0..ALIGNMENT {
                let codes = codes(length, offset);
                let expected: Vec<u16> = codes.iter().map(|code| conversion.table().get(*code)).collect();
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
        for length in 0..=200 {
            for offset in 0..ALIGNMENT {
                let codes = codes(length, offset);
                let expected: Vec<u16> = codes.iter().map(|code| conversion.table().get(*code)).collect();
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
        for length in 0..=200 {
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
        for lane in 0..LANES {
            let codes: Vec<u16> = std::iter::repeat_n(0, lane).chain(codes.iter().copied()).collect();
            let expected: Vec<u16> = codes.iter().map(|code| conversion.table().get(*code)).collect();
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
    for conversion in CONVERSIONS {
        let avx512::Segments { last, shift, fine, coarse, origin, value, c1, c2, c3, c4 } =
            conversion.segments();
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
            assert_eq!(result, conversion.table().get(code), "{conversion:?} of {code}");
        }
    }
}

#[test]
fn the_best_kernel_converts_every_code() {
    let codes: Vec<u16> = (0..=u16::MAX).collect();
    for conversion in CONVERSIONS {
        let expected: Vec<u16> = codes.iter().map(|code| conversion.table().get(*code)).collect();
        let mut block = Block::new(&bytes_of(&codes), 0);
        let mut target = Block::new(&vec![0; 2 * codes.len()], 0);
        conversion.convert(block.samples(), uninitialised(target.samples()));
        conversion.convert_in_place(block.samples());
        target.assert_holds(&bytes_of(&expected));
        block.assert_holds(&bytes_of(&expected));
    }
}

/// Large enough to be split across threads, with a rest everywhere.
#[test]
fn large_images() {
    const LENGTH: usize = (9 << 20) + 77;
    let source = bytes_of(&codes(LENGTH, 1));
    for conversion in CONVERSIONS {
        let expected: Vec<u8> = source
            .as_chunks()
            .0
            .iter()
            .flat_map(|sample| conversion.table().get(u16::from_le_bytes(*sample)).to_le_bytes())
            .collect();
        for offset in [0, 1, 2, 16, 63] {
            let mut source = Block::new(&source, offset);
            let mut target = Block::new(&vec![0; 2 * LENGTH], offset);
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
    assert_eq!(Conversion::between(Transfer::Pq, Transfer::Pq), None);
    assert_eq!(Conversion::between(Transfer::Hlg, Transfer::Hlg), None);
    assert_eq!(Conversion::between(Transfer::Pq, Transfer::Hlg), Some(Conversion::PqToHlg));
    assert_eq!(Conversion::between(Transfer::Hlg, Transfer::Pq), Some(Conversion::HlgToPq));
}
