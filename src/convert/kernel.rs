//! The kernels, and which of them is used.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::{Conversion, Sample};
use crate::table::Table;

/// A way to convert samples on one thread. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// By table: runs everywhere, and defines the result.
    Portable,
    /// By polynomials, on x86-64 processors that have AVX-512 F and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// All kernels that this processor can run.
    pub fn supported() -> impl Iterator<Item = Kernel> {
        #[cfg(target_arch = "x86_64")]
        let fast = avx512::is_supported().then_some(Kernel::Avx512);
        #[cfg(not(target_arch = "x86_64"))]
        let fast = None;
        std::iter::once(Kernel::Portable).chain(fast)
    }

    /// The fastest kernel that this processor can run, chosen at the first call; the portable one if the
    /// environment variable `HDR_IMAGE_TRANSFER_KERNEL` is then `portable`.
    pub fn best() -> Kernel {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| {
            let is_forced =
                std::env::var_os("HDR_IMAGE_TRANSFER_KERNEL").is_some_and(|name| name == "portable");
            let fastest = Kernel::supported().last().filter(|_| !is_forced);
            fastest.unwrap_or(Kernel::Portable)
        })
    }

    /// Writes the converted `source` over all of `target`, each sample once.
    ///
    /// # Panics
    /// When the two are not of the same length.
    pub fn convert(self, conversion: Conversion, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        match self {
            Kernel::Portable => {
                let table = conversion.table();
                for (sample, converted) in source.iter().zip(target) {
                    converted.write(convert_sample(table, *sample));
                }
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::convert(conversion.segments(), source, target),
        }
    }

    /// Converts every sample where it stands.
    pub fn convert_in_place(self, conversion: Conversion, samples: &mut [Sample]) {
        match self {
            Kernel::Portable => {
                let table = conversion.table();
                for sample in samples {
                    *sample = convert_sample(table, *sample);
                }
            }
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => avx512::convert_in_place(conversion.segments(), samples),
        }
    }
}

#[inline]
fn convert_sample(table: &Table, sample: Sample) -> Sample {
    table.get(u16::from_le_bytes(sample)).to_le_bytes()
}
