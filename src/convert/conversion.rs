//! What is converted, and how.

use crate::curves::{Direction, HlgDisplay, Transfer};

/// One channel of one pixel: a code value of 16 bits, full range, little-endian, at any alignment. An
/// `rgb48le` image has three samples a pixel.
pub type Sample = [u8; 2];

/// What the HLG OOTF depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ootf {
    /// Each channel on its own: an approximation, within 1 code value for greys.
    #[default]
    PerChannel,
    /// The luminance of the pixel, as specified in BT.2100.
    Luminance,
}

impl Ootf {
    /// The number of samples that are converted together: 1, or the 3 of a pixel.
    pub fn samples(self) -> usize {
        match self {
            Ootf::PerChannel => 1,
            Ootf::Luminance => 3,
        }
    }
}

/// How HLG is rendered: all that a conversion depends on besides its direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rendering {
    /// What the OOTF depends on.
    pub ootf: Ootf,
    /// The display of the HLG image.
    pub display: HlgDisplay,
}

impl Default for Rendering {
    /// Per channel, on the reference display.
    fn default() -> Rendering {
        Rendering { ootf: Ootf::default(), display: HlgDisplay::REFERENCE }
    }
}

/// A conversion of images between transfer functions, which preserves display light. Channels that the target
/// cannot represent clip independently.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conversion {
    /// The transfer functions.
    pub direction: Direction,
    /// How the HLG image is rendered.
    pub rendering: Rendering,
}

impl Conversion {
    /// The conversion between two transfer functions; `None` if they are equal.
    pub fn between(from: Transfer, to: Transfer, rendering: Rendering) -> Option<Conversion> {
        Direction::between(from, to).map(|direction| Conversion { direction, rendering })
    }
}
