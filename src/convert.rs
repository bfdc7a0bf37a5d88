//! Converting samples, into a new place or in place.
//!
//! Each channel on its own goes through a [`Table`], which defines the result; pixels whose luminance counts
//! go through [`luminance`]. On a processor that allows it, faster [kernels] give the same bytes.
//!
//! [kernels]: Kernel

#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
mod luminance;
#[cfg(target_arch = "x86_64")]
mod segments;
mod threads;

use std::mem::MaybeUninit;
use std::sync::Arc;

use crate::curves::{Direction, HlgDisplay, Transfer};
use crate::table::Table;
pub use kernel::Kernel;

/// One channel of one pixel: 16 bits, full range, little-endian, at any alignment.
/// An `rgb48le` image is three of them a pixel.
pub type Sample = [u8; 2];

/// What the HLG OOTF makes of a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ootf {
    /// Each channel is converted on its own: the same for greys, an approximation for other colours.
    #[default]
    PerChannel,
    /// The channels are scaled by their luminance, as BT.2100 has it.
    Luminance,
}

impl Ootf {
    /// How many samples are converted together: one, or the three of a pixel.
    pub fn samples(self) -> usize {
        match self {
            Ootf::PerChannel => 1,
            Ootf::Luminance => 3,
        }
    }
}

/// How HLG is meant to be shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rendering {
    /// The OOTF, exact or per channel.
    pub ootf: Ootf,
    /// The display that it is for.
    pub display: HlgDisplay,
}

impl Default for Rendering {
    /// Per channel, on the reference display.
    fn default() -> Rendering {
        Rendering { ootf: Ootf::default(), display: HlgDisplay::REFERENCE }
    }
}

/// A way to turn an image of one transfer function into the other, of the same light on a display. What HLG
/// cannot show there saturates, each channel on its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    /// Of which transfer function, and to which.
    pub direction: Direction,
    /// How the HLG image is meant to be shown.
    pub rendering: Rendering,
}

impl Conversion {
    /// The conversion between two transfer functions; `None` when they are the same.
    pub fn between(from: Transfer, to: Transfer, rendering: Rendering) -> Option<Conversion> {
        Direction::between(from, to).map(|direction| Conversion { direction, rendering })
    }

    /// Writes the converted `source` over all of `target`, each sample once.
    ///
    /// # Panics
    /// When the two are not of the same length, or not a multiple of [`Ootf::samples`].
    pub fn convert(self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        let kernel = Kernel::best();
        let part = threads::part_length(source.len());
        threads::convert_parts(source.chunks(part).zip(target.chunks_mut(part)), |(source, target)| {
            #[cfg(feature = "panic-on-purpose")]
            panic_at_mark(source);
            kernel.convert(self, source, target);
        });
    }

    /// Converts every sample where it stands.
    ///
    /// # Panics
    /// When their number is not a multiple of [`Ootf::samples`].
    pub fn convert_in_place(self, samples: &mut [Sample]) {
        let kernel = Kernel::best();
        let part = threads::part_length(samples.len());
        threads::convert_parts(samples.chunks_mut(part), |samples| {
            #[cfg(feature = "panic-on-purpose")]
            panic_at_mark(samples);
            kernel.convert_in_place(self, samples);
        });
    }

    /// The result for every code, when each channel is converted on its own.
    fn table(self) -> Arc<Table> {
        Table::of(self.direction, self.rendering.display)
    }

    /// The polynomials that reproduce the table, which there are for the reference display.
    #[cfg(target_arch = "x86_64")]
    fn segments(self) -> Option<&'static avx512::Segments> {
        let segments = match self.direction {
            Direction::PqToHlg => &segments::PQ_TO_HLG,
            Direction::HlgToPq => &segments::HLG_TO_PQ,
        };
        (self.rendering.display == HlgDisplay::REFERENCE).then_some(segments)
    }
}

/// Panics if a part of an image begins with the code 0xdead.
#[cfg(feature = "panic-on-purpose")]
fn panic_at_mark(samples: &[Sample]) {
    assert!(samples.first() != Some(&0xdead_u16.to_le_bytes()), "panicked on purpose");
}

#[cfg(test)]
mod tests;
