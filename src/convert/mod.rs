//! The conversion of images.
//!
//! | module | content |
//! | --- | --- |
//! | [`kernel`] | the algorithm that converts on one thread: table, polynomials or luminance |
//! | [`instruction_set`] | the instructions that kernels are compiled for |
//! | `polynomials`, `avx512` | piecewise polynomials that equal the table, and their evaluation with AVX-512 |
//! | `luminance` | the OOTF by luminance |
//! | `coefficients` | the fitted coefficients of both |
//! | `threads` | splitting an image across threads |
//! | `new_memory` | providing the pages of new memory |
//!
//! The portable table and the portable luminance kernel define the result. All others give the same bytes.
//!
//! # How an image is divided
//! Into whole pixels, so each of these numbers of samples is a multiple of 3.
//!
//! | constant | size | what it is |
//! | --- | --- | --- |
//! | `threads::CHUNK` | 768 KiB | what a thread takes at a time. The threads of a busy machine differ in speed, so an even split would wait for the slowest |
//! | `new_memory::PIECE` | 192 KiB | what is converted after its pages are provided, so that it stays in the cache. From 64 KiB to 2 MiB made no difference |
//! | `kernel::COPY_BLOCK` | 6 KiB | what is copied and then converted in place, in the first-level cache |
//! | `luminance::PIXELS` | 384 bytes | what goes through each step of the arithmetic together |
//!
//! # Adding a kernel
//! Add a variant to [`Kernel`] and choose it in [`Kernel::new`]; for a new instruction set, add a variant to
//! [`InstructionSet`] first, and list it in `InstructionSet::ALL`. The compiler then points to the rest, and the tests
//! compare the new kernel with the portable one for all code values in all lanes, all lengths and all alignments.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[rustfmt::skip]
mod coefficients;
mod instruction_set;
mod kernel;
mod luminance;
mod new_memory;
#[cfg(any(target_arch = "x86_64", test))]
mod polynomials;
mod threads;

use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering};

use crate::curves::{Direction, HlgDisplay, Transfer};
pub use instruction_set::InstructionSet;
pub use kernel::Kernel;
use new_memory::{NewImage, PIECE};
use threads::CHUNK;

/// One channel of one pixel: a code value of 16 bits, full range, little-endian, at any alignment. An `rgb48le`
/// image has three samples a pixel.
pub type Sample = [u8; 2];

/// Memory that a sample is read from.
pub trait SampleSource: Sync {
    /// The sample as it is now.
    fn read(&self) -> Sample;

    /// The samples, if no other thread may write them.
    fn exclusive(_: &[Self]) -> Option<&[Sample]>
    where
        Self: Sized,
    {
        None
    }
}

impl SampleSource for Sample {
    #[inline(always)]
    fn read(&self) -> Sample {
        *self
    }

    fn exclusive(source: &[Sample]) -> Option<&[Sample]> {
        Some(source)
    }
}

/// A sample in memory that other threads may read and write at any time.
pub trait SharedSample: SampleSource {
    /// Replaces the sample.
    fn write(&self, sample: Sample);
}

/// At even addresses. Another thread sees the sample before or after a write.
impl SharedSample for AtomicU16 {
    #[inline(always)]
    fn write(&self, sample: Sample) {
        self.store(u16::from_ne_bytes(sample), Ordering::Relaxed);
    }
}

impl SampleSource for AtomicU16 {
    #[inline(always)]
    fn read(&self) -> Sample {
        self.load(Ordering::Relaxed).to_ne_bytes()
    }
}

/// At any address. Another thread may see one byte from before and one from after a write.
impl SharedSample for [AtomicU8; 2] {
    #[inline(always)]
    fn write(&self, [low, high]: Sample) {
        self[0].store(low, Ordering::Relaxed);
        self[1].store(high, Ordering::Relaxed);
    }
}

impl SampleSource for [AtomicU8; 2] {
    #[inline(always)]
    fn read(&self) -> Sample {
        [self[0].load(Ordering::Relaxed), self[1].load(Ordering::Relaxed)]
    }
}

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

/// Converts images between transfer functions, preserving display light. Channels that the target cannot
/// represent clip independently.
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

    /// Writes the converted `source` to all of `target`.
    ///
    /// # Panics
    /// If the lengths differ, or are not a multiple of [`Ootf::samples`].
    pub fn convert_image(self, source: &[impl SampleSource], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        let kernel = self.kernel();
        let new = NewImage::new(target);
        let (mut source, mut target) = (source, target);
        let length = target.len();
        let chunks = std::iter::from_fn(|| {
            let count = new.chunk_length(target);
            let chunk = (source.split_off(..count)?, target.split_off_mut(..count)?);
            (count > 0).then_some(chunk)
        });
        threads::for_each_chunk(length, chunks, |(source, target)| {
            for (source, target) in source.chunks(PIECE).zip(target.chunks_mut(PIECE)) {
                // Just before they are written, by the thread that writes them.
                new.populate(target);
                kernel.convert(source, target);
            }
        });
    }

    /// Converts an image in place.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_image_in_place(self, samples: &mut [Sample]) {
        let kernel = self.kernel();
        threads::for_each_chunk(samples.len(), samples.chunks_mut(CHUNK), |samples| {
            kernel.convert_in_place(samples);
        });
    }

    /// Converts an image in place, in memory that other threads may write.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_shared_image_in_place(self, samples: &[impl SharedSample]) {
        let kernel = self.kernel();
        threads::for_each_chunk(samples.len(), samples.chunks(CHUNK), |samples| {
            kernel.convert_shared_in_place(samples);
        });
    }

    fn kernel(self) -> Kernel {
        Kernel::new(self, InstructionSet::best())
    }
}
