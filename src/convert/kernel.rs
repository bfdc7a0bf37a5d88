//! The algorithms that convert samples on one thread.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512Polynomials;
use super::luminance::Luminance;
use super::{Conversion, InstructionSet, Ootf, Rendering, Sample, SampleSource, SharedSample};
use crate::table::Table;

/// The number of samples to copy before they are converted in place: see [`super`].
const COPY_BLOCK: usize = 3 * 1024;

/// A conversion prepared for an instruction set. Chosen once for an image, and shared by its threads.
pub enum Kernel {
    /// A table look-up for each sample.
    Table(Arc<Table>),
    /// Polynomials that equal the table.
    #[cfg(target_arch = "x86_64")]
    Avx512Polynomials(Avx512Polynomials),
    /// Arithmetic on whole pixels.
    Luminance(Luminance),
}

impl Kernel {
    /// The fastest kernel for a conversion with the instructions of a set.
    ///
    /// # Panics
    /// If the processor does not support the set.
    pub fn new(conversion: Conversion, instruction_set: InstructionSet) -> Kernel {
        assert!(instruction_set.is_supported(), "the processor does not support {instruction_set:?}");
        if conversion.rendering.ootf == Ootf::Luminance {
            return Kernel::Luminance(Luminance::new(conversion, instruction_set));
        }
        #[cfg(target_arch = "x86_64")]
        if instruction_set == InstructionSet::Avx512
            && let Some(polynomials) = Avx512Polynomials::new(conversion)
        {
            return Kernel::Avx512Polynomials(polynomials);
        }
        // A new field of `Rendering` belongs in the key of `Table::shared`.
        let Rendering { ootf: _, display } = conversion.rendering;
        Kernel::Table(Table::shared(conversion.direction, display))
    }

    /// Converts samples in place.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        match self {
            Kernel::Table(table) => {
                for sample in samples {
                    *sample = convert_sample(table, *sample);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Polynomials(polynomials) => polynomials.convert_in_place(samples),
            Kernel::Luminance(luminance) => luminance.convert_in_place(samples),
        }
    }

    /// Writes the converted `source` to all of `target`.
    ///
    /// # Panics
    /// If the lengths differ, or are not a multiple of [`Ootf::samples`].
    pub fn convert<S: SampleSource>(&self, source: &[S], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        match (self, S::exclusive(source)) {
            (Kernel::Table(table), _) => {
                for (sample, converted) in source.iter().zip(target) {
                    converted.write(convert_sample(table, sample.read()));
                }
            }
            #[cfg(target_arch = "x86_64")]
            (Kernel::Avx512Polynomials(polynomials), Some(source)) => polynomials.convert(source, target),
            (Kernel::Luminance(luminance), _) => luminance.convert(source, target),
            _ => {
                for (source, target) in source.chunks(COPY_BLOCK).zip(target.chunks_mut(COPY_BLOCK)) {
                    self.convert_in_place(write_copy(source, target));
                }
            }
        }
    }

    /// Converts samples in place, in memory that other threads may write.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_shared_in_place(&self, samples: &[impl SharedSample]) {
        let mut block = [MaybeUninit::uninit(); COPY_BLOCK];
        for samples in samples.chunks(COPY_BLOCK) {
            let block = &mut block[..samples.len()];
            let converted = write_copy(samples, block);
            self.convert_in_place(converted);
            for (sample, converted) in samples.iter().zip(converted) {
                sample.write(*converted);
            }
        }
    }
}

#[inline]
fn convert_sample(table: &Table, sample: Sample) -> Sample {
    table.get(u16::from_le_bytes(sample)).to_le_bytes()
}

/// Copies `source` to `target`, and returns the copy.
fn write_copy<'target>(
    source: &[impl SampleSource],
    target: &'target mut [MaybeUninit<Sample>],
) -> &'target mut [Sample] {
    assert_eq!(source.len(), target.len(), "source and target must have the same length");
    for (sample, copy) in source.iter().zip(&mut *target) {
        copy.write(sample.read());
    }
    #[expect(unsafe_code, reason = "`assume_init_mut` of slices needs Rust 1.93")]
    // SAFETY: the loop has written all samples, since the lengths are equal. `MaybeUninit<Sample>` has the layout
    // of `Sample`.
    unsafe {
        &mut *(ptr::from_mut(target) as *mut [Sample])
    }
}
