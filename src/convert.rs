//! Converting samples, into a new place or in place.
//!
//! The portable kernel, a look-up in the [`Table`] for each sample, defines the result. Faster [kernels]
//! give the same bytes.
//!
//! [kernels]: Kernel

#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
#[cfg(target_arch = "x86_64")]
mod segments;
mod threads;

use std::mem::MaybeUninit;

use crate::curves::Transfer;
use crate::table::Table;
pub use kernel::Kernel;

/// One channel of one pixel: 16 bits, full range, little-endian, at any alignment.
/// An `rgb48le` image is three of them a pixel.
pub type Sample = [u8; 2];

/// A way to turn an image of one transfer function into the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// PQ to HLG, for a display of 1000 cd/m²; what is brighter saturates.
    PqToHlg,
    /// HLG to PQ, of a display of 1000 cd/m².
    HlgToPq,
}

impl Conversion {
    /// The conversion between two transfer functions; `None` when they are the same.
    pub fn between(from: Transfer, to: Transfer) -> Option<Conversion> {
        match (from, to) {
            (Transfer::Pq, Transfer::Hlg) => Some(Conversion::PqToHlg),
            (Transfer::Hlg, Transfer::Pq) => Some(Conversion::HlgToPq),
            (Transfer::Pq, Transfer::Pq) | (Transfer::Hlg, Transfer::Hlg) => None,
        }
    }

    /// Writes the converted `source` over all of `target`, each sample once.
    ///
    /// # Panics
    /// When the two are not of the same length.
    pub fn convert(self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        let kernel = Kernel::best();
        let part = threads::part_length(source.len());
        threads::convert_parts(source.chunks(part).zip(target.chunks_mut(part)), |(source, target)| {
            kernel.convert(self, source, target);
        });
    }

    /// Converts every sample where it stands.
    pub fn convert_in_place(self, samples: &mut [Sample]) {
        let kernel = Kernel::best();
        let part = threads::part_length(samples.len());
        threads::convert_parts(samples.chunks_mut(part), |samples| kernel.convert_in_place(self, samples));
    }

    /// The result for every code.
    pub fn table(self) -> &'static Table {
        match self {
            Conversion::PqToHlg => Table::pq_to_hlg(),
            Conversion::HlgToPq => Table::hlg_to_pq(),
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn segments(self) -> &'static avx512::Segments {
        match self {
            Conversion::PqToHlg => &segments::PQ_TO_HLG,
            Conversion::HlgToPq => &segments::HLG_TO_PQ,
        }
    }
}

#[cfg(test)]
mod tests;
