//! Converting samples, into a new place or in place.

use std::mem::MaybeUninit;

use crate::curves::Transfer;
use crate::table::Table;

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
        let table = self.table();
        for (sample, converted) in source.iter().zip(target) {
            converted.write(convert_sample(table, *sample));
        }
    }

    /// Converts every sample where it stands.
    pub fn convert_in_place(self, samples: &mut [Sample]) {
        let table = self.table();
        for sample in samples {
            *sample = convert_sample(table, *sample);
        }
    }

    fn table(self) -> &'static Table {
        match self {
            Conversion::PqToHlg => Table::pq_to_hlg(),
            Conversion::HlgToPq => Table::hlg_to_pq(),
        }
    }
}

#[inline]
fn convert_sample(table: &Table, sample: Sample) -> Sample {
    table.get(u16::from_le_bytes(sample)).to_le_bytes()
}

#[cfg(test)]
mod tests;
