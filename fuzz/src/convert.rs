//! Every kernel against the portable one: any samples, at any alignment, into a new place and in place.

use std::mem::MaybeUninit;

use arbitrary::{Result, Unstructured};
use hdr_image_transfer_cache::convert::{Conversion, Kernel, Ootf, Rendering, Sample};
use hdr_image_transfer_cache::curves::{Direction, HlgDisplay};

/// Reads a conversion, two places and samples from `data`, and converts them in every way there is.
pub fn check(data: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(data);
    let conversion = conversion(&mut input)?;
    let (source_place, target_place) = (Place::read(&mut input)?, Place::read(&mut input)?);
    let samples = input.take_rest().as_chunks().0;
    let source = &samples[..samples.len() - samples.len() % conversion.rendering.ootf.samples()];
    let mut expected = source.to_vec();
    Kernel::Portable.convert_in_place(conversion, &mut expected);

    // Each kernel by itself, and then as the addon converts.
    for kernel in Kernel::supported().map(Some).chain([None]) {
        let mut block = Block::new(source, source_place);
        let mut target = Block::new(&vec![[GUARD; 2]; source.len()], target_place);
        let uninitialised = uninitialised(target.samples());
        match kernel {
            Some(kernel) => kernel.convert(conversion, block.samples(), uninitialised),
            None => conversion.convert(block.samples(), uninitialised),
        }
        block.assert_holds(source);
        target.assert_holds(&expected);
        match kernel {
            Some(kernel) => kernel.convert_in_place(conversion, block.samples()),
            None => conversion.convert_in_place(block.samples()),
        }
        block.assert_holds(&expected);
    }
    Ok(())
}

fn conversion(input: &mut Unstructured) -> Result<Conversion> {
    let direction = *input.choose(&[Direction::PqToHlg, Direction::HlgToPq])?;
    let ootf = *input.choose(&[Ootf::PerChannel, Ootf::Luminance])?;
    let peak = *input.choose(&[1000.0, 1.0, 600.0, 10_000.0])?;
    let display = HlgDisplay::new(peak).unwrap_or(HlgDisplay::REFERENCE);
    Ok(Conversion { direction, rendering: Rendering { ootf, display } })
}

/// How many bytes there are around samples. Where there are none after them, AddressSanitizer sees a step
/// beyond; where there are some, the guards do.
#[derive(Clone, Copy)]
struct Place {
    before: usize,
    after: usize,
}

impl Place {
    fn read(input: &mut Unstructured) -> Result<Place> {
        // As many as the widest alignment that a load or store of any processor could ask for.
        Ok(Place { before: input.int_in_range(0..=63)?, after: input.int_in_range(0..=63)? })
    }
}

/// What must not be seen changed around the samples.
const GUARD: u8 = 0xa5;

/// Samples in memory, between guards.
struct Block {
    memory: Box<[u8]>,
    place: Place,
}

impl Block {
    fn new(samples: &[Sample], place: Place) -> Block {
        let guards = |count| std::iter::repeat_n(GUARD, count);
        let samples = samples.as_flattened().iter().copied();
        Block { memory: guards(place.before).chain(samples).chain(guards(place.after)).collect(), place }
    }

    fn samples(&mut self) -> &mut [Sample] {
        let end = self.memory.len() - self.place.after;
        self.memory[self.place.before..end].as_chunks_mut().0
    }

    fn assert_holds(&self, expected: &[Sample]) {
        assert_eq!(self.memory, Block::new(expected, self.place).memory);
    }
}

/// A place to convert to; its samples count as uninitialised.
#[expect(unsafe_code, reason = "a guarded block of memory has to stand in for a fresh Buffer")]
fn uninitialised(samples: &mut [Sample]) -> &mut [MaybeUninit<Sample>] {
    // SAFETY: both have one layout, and `convert` writes initialised samples only.
    unsafe { &mut *(std::ptr::from_mut(samples) as *mut [MaybeUninit<Sample>]) }
}
