//! All kernels against the portable one: any samples at any alignment, out of place and in place, in ordinary
//! and in shared memory.

#![cfg_attr(fuzzing, no_main)]

mod guarded;

use arbitrary::{Result, Unstructured};
use hdr_image_transfer_cache::convert::{Conversion, InstructionSet, Kernel, Ootf, Rendering};
use hdr_image_transfer_cache::curves::{Direction, HlgDisplay};

use guarded::{ALIGNMENT, Guarded};

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data).unwrap());

/// Reads a conversion, two offsets and samples from `data`, and converts them out of place, in place and in
/// shared memory.
pub fn check(data: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(data);
    let conversion = conversion(&mut input)?;
    let (source_offset, target_offset) = (offset(&mut input)?, offset(&mut input)?);
    let samples = input.take_rest().as_chunks().0;
    let samples = &samples[..samples.len() - samples.len() % conversion.rendering.ootf.samples()];
    let mut expected = samples.to_vec();
    Kernel::new(conversion, InstructionSet::Portable).convert_in_place(&mut expected);

    for set in InstructionSet::supported() {
        let kernel = Kernel::new(conversion, set);
        let mut source = Guarded::new(samples, source_offset);
        let mut target = Guarded::room(samples.len(), target_offset);
        kernel.convert(&*source.samples(), target.uninitialised());
        source.assert_contains(samples);
        target.assert_contains(&expected);
        kernel.convert_in_place(source.samples());
        source.assert_contains(&expected);
    }

    // As the addon converts.
    let mut source = Guarded::new(samples, source_offset);
    let mut target = Guarded::room(samples.len(), target_offset);
    conversion.convert_shared_image(&source.shared(), target.uninitialised());
    source.assert_contains(samples);
    conversion.convert_shared_image_in_place(&source.shared());
    target.assert_contains(&expected);
    source.assert_contains(&expected);

    let mut source = Guarded::new(samples, source_offset);
    conversion.convert_image_in_place(source.samples());
    source.assert_contains(&expected);
    Ok(())
}

fn conversion(input: &mut Unstructured) -> Result<Conversion> {
    let direction = *input.choose(&Direction::ALL)?;
    let ootf = *input.choose(&[Ootf::PerChannel, Ootf::Luminance])?;
    let peak = *input.choose(&[1000.0, 1.0, 600.0, 10_000.0])?;
    let display = HlgDisplay::new(peak).ok_or(arbitrary::Error::IncorrectFormat)?;
    Ok(Conversion { direction, rendering: Rendering { ootf, display } })
}

fn offset(input: &mut Unstructured) -> Result<usize> {
    input.int_in_range(0..=ALIGNMENT - 1)
}
