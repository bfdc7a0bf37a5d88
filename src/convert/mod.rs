//! The conversion of images.
//!
//! | module | content |
//! | --- | --- |
//! | [`conversion`] | what is converted, and how |
//! | [`kernel`] | the algorithm that converts on one thread: table, polynomials or luminance |
//! | [`instruction_set`] | the instructions that kernels are compiled for |
//! | `polynomials`, `avx512` | polynomials that equal the table, and their evaluation with AVX-512 |
//! | `luminance` | the OOTF by luminance |
//! | `coefficients` | the fitted coefficients of both |
//! | `prefetch` | asking for memory before it is read |
//! | `threads` | splitting an image across threads |
//! | `new_memory` | filling new memory, whose pages the system has yet to provide |
//! | [`shared_memory`] | samples that other threads may write |
//!
//! The portable table and the portable luminance kernel define the result. All others give the same bytes.
//!
//! # How an image is divided
//! Into whole pixels.
//!
//! - `threads::CHUNK`, 768 KiB, or a huge page of new memory, is what a thread takes at a time. The threads of
//!   a busy machine differ in speed, so an even split would wait for the slowest.
//! - `shared_memory::BLOCK`, 6 KiB, is what is copied from shared memory, and converted in the first-level cache.
//! - `luminance::PIXELS`, 384 bytes, is what goes through each step of the arithmetic together.
//!
//! # Adding a kernel
//! Add a variant to [`Kernel`] and choose it in [`Kernel::new`]; for a new instruction set, add a variant to
//! [`InstructionSet`] first, and list it in `InstructionSet::ALL`. The compiler then points to the rest, and
//! the tests compare the new kernel with the portable one for all code values in all lanes, all lengths and
//! all alignments.

#[cfg(target_arch = "x86_64")]
mod avx512;
#[rustfmt::skip]
mod coefficients;
mod conversion;
mod instruction_set;
mod kernel;
mod luminance;
mod new_memory;
#[cfg(any(target_arch = "x86_64", test))]
mod polynomials;
mod prefetch;
mod shared_memory;
mod threads;

use std::mem::MaybeUninit;

pub use conversion::{Conversion, Ootf, Rendering, Sample};
pub use instruction_set::InstructionSet;
pub use kernel::Kernel;
pub use shared_memory::SharedSamples;

impl Conversion {
    /// Writes the converted `source` to all of `target`.
    ///
    /// # Panics
    /// If the lengths differ, or are not a multiple of [`Ootf::samples`].
    pub fn convert_image(self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        let kernel = self.kernel();
        new_memory::fill(target, |at, chunk| kernel.convert(&source[at..][..chunk.len()], chunk));
    }

    /// Writes the converted `source`, which other threads may write meanwhile, to all of `target`.
    ///
    /// # Panics
    /// If the lengths differ, or are not a multiple of [`Ootf::samples`].
    pub fn convert_shared_image(self, source: &SharedSamples, target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        let kernel = self.kernel();
        new_memory::fill(target, |start, chunk| {
            source.for_each_copy(start..start + chunk.len(), |at, block| {
                kernel.convert(block, &mut chunk[at - start..][..block.len()]);
            });
        });
    }

    /// Converts an image in place.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_image_in_place(self, samples: &mut [Sample]) {
        let kernel = self.kernel();
        threads::for_each_chunk(samples.len(), samples.chunks_mut(threads::CHUNK), |chunk| {
            kernel.convert_in_place(chunk);
        });
    }

    /// Converts an image in place, in memory that other threads may write meanwhile.
    ///
    /// # Panics
    /// If the length is not a multiple of [`Ootf::samples`].
    pub fn convert_shared_image_in_place(self, samples: &SharedSamples) {
        let kernel = self.kernel();
        let starts = (0..samples.len()).step_by(threads::CHUNK);
        let chunks = starts.map(|start| start..samples.len().min(start + threads::CHUNK));
        threads::for_each_chunk(samples.len(), chunks, |chunk| {
            samples.for_each_copy(chunk, |at, block| {
                kernel.convert_in_place(block);
                samples.write(at, block);
            });
        });
    }

    /// The fastest kernel.
    fn kernel(self) -> Kernel {
        Kernel::new(self, InstructionSet::best())
    }
}
