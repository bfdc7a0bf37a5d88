//! The algorithms that convert samples on one thread.

use std::mem::MaybeUninit;
use std::sync::Arc;

#[cfg(target_arch = "x86_64")]
use super::avx512::Avx512Polynomials;
#[cfg(any(target_arch = "x86_64", test))]
use super::coefficients;
use super::conversion::{Conversion, Ootf, Rendering, Sample};
use super::instruction_set::InstructionSet;
use super::luminance::Luminance;
#[cfg(any(target_arch = "x86_64", test))]
use super::polynomials::Polynomials;
use super::prefetch::{LINE, prefetch};
#[cfg(any(target_arch = "x86_64", test))]
use crate::curves::{Direction, HlgDisplay};
use crate::table::Table;

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
    /// If the kernel uses instructions of the set, which the processor does not support.
    pub fn new(conversion: Conversion, instruction_set: InstructionSet) -> Kernel {
        let Conversion { direction, rendering: Rendering { ootf, display } } = conversion;
        if ootf == Ootf::Luminance {
            return Kernel::Luminance(Luminance::new(direction, display, instruction_set));
        }
        #[cfg(target_arch = "x86_64")]
        if instruction_set == InstructionSet::Avx512
            && let Some(polynomials) = fitted(direction, display)
        {
            return Kernel::Avx512Polynomials(Avx512Polynomials::new(polynomials));
        }
        Kernel::Table(Table::shared(direction, display))
    }

    /// Converts samples in place.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        match self {
            Kernel::Table(table) => {
                for line in samples.chunks_mut(LINE) {
                    prefetch(line.as_ptr());
                    for sample in line {
                        *sample = convert_sample(table, *sample);
                    }
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
    pub fn convert(&self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        match self {
            Kernel::Table(table) => {
                for (line, target) in source.chunks(LINE).zip(target.chunks_mut(LINE)) {
                    prefetch(line.as_ptr());
                    for (sample, converted) in line.iter().zip(target) {
                        converted.write(convert_sample(table, *sample));
                    }
                }
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512Polynomials(polynomials) => polynomials.convert(source, target),
            Kernel::Luminance(luminance) => luminance.convert(source, target),
        }
    }
}

#[inline]
fn convert_sample(table: &Table, sample: Sample) -> Sample {
    table.get(u16::from_le_bytes(sample)).to_le_bytes()
}

/// The polynomials that equal the table; `None` for any display but the reference.
#[cfg(any(target_arch = "x86_64", test))]
fn fitted(direction: Direction, display: HlgDisplay) -> Option<&'static Polynomials> {
    let polynomials = match direction {
        Direction::PqToHlg => &coefficients::PQ_TO_HLG,
        Direction::HlgToPq => &coefficients::HLG_TO_PQ,
    };
    (display == HlgDisplay::REFERENCE).then_some(polynomials)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Also where no processor with AVX-512 runs the tests.
    #[test]
    fn the_polynomials_equal_the_tables() {
        for direction in Direction::ALL {
            let polynomials = fitted(direction, HlgDisplay::REFERENCE).unwrap();
            let table = Table::shared(direction, HlgDisplay::REFERENCE);
            for sample in 0..=u16::MAX {
                let converted = polynomials.convert_sample(sample);
                assert_eq!(converted, table.get(sample), "{direction:?} of {sample}");
            }
        }
    }

    #[test]
    fn other_displays_have_no_polynomials() {
        let display = HlgDisplay::new(600.0).unwrap();
        assert!(fitted(Direction::PqToHlg, display).is_none());
    }
}
