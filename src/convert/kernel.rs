//! The kernels, and which of them is used.

use std::mem::MaybeUninit;
use std::sync::OnceLock;

#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::luminance::Luminance;
use super::{Conversion, Ootf, Sample};
use crate::table::Table;

/// A way to convert samples on one thread. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// By table, or by the arithmetic of any processor: runs everywhere, and defines the result.
    Portable,
    /// As the portable one, compiled for x86-64 processors that have AVX2. Look-ups gain nothing by it.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// Per channel for the reference display by polynomials, otherwise as the portable one, compiled for x86-64
    /// processors that have AVX-512 F and BW.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Kernel {
    /// All, from the slowest to the fastest, with the names by which they are chosen.
    const ALL: &[(&str, Kernel)] = &[
        ("portable", Kernel::Portable),
        #[cfg(target_arch = "x86_64")]
        ("avx2", Kernel::Avx2),
        #[cfg(target_arch = "x86_64")]
        ("avx512", Kernel::Avx512),
    ];

    /// All kernels that this processor can run.
    pub fn supported() -> impl Iterator<Item = Kernel> {
        Kernel::ALL.iter().map(|(_, kernel)| *kernel).filter(|kernel| kernel.is_supported())
    }

    /// Whether this processor can run the kernel.
    pub fn is_supported(self) -> bool {
        match self {
            Kernel::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw"),
        }
    }

    /// The kernel that the environment variable `HDR_IMAGE_TRANSFER_KERNEL` names, if this processor can run
    /// it, and the fastest otherwise; chosen at the first call.
    pub fn best() -> Kernel {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| {
            let chosen = std::env::var_os("HDR_IMAGE_TRANSFER_KERNEL");
            let is_chosen =
                |(name, _): &&(&str, Kernel)| chosen.as_ref().is_some_and(|chosen| chosen == name);
            let named = Kernel::ALL.iter().find(is_chosen).map(|(_, kernel)| *kernel);
            let fastest = || Kernel::supported().last().unwrap_or(Kernel::Portable);
            named.filter(|kernel| kernel.is_supported()).unwrap_or_else(fastest)
        })
    }

    /// Writes the converted `source` over all of `target`, each sample once.
    ///
    /// # Panics
    /// When the two are not of the same length, or not a multiple of [`Ootf::samples`], or when the processor
    /// cannot run the kernel.
    pub fn convert(self, conversion: Conversion, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        assert!(self.is_supported(), "the processor cannot run {self:?}");
        if conversion.rendering.ootf == Ootf::Luminance {
            return Luminance::new(conversion, self).convert(source, target);
        }
        #[cfg(target_arch = "x86_64")]
        if let (Kernel::Avx512, Some(segments)) = (self, conversion.segments()) {
            return avx512::convert(segments, source, target);
        }
        let table = conversion.table();
        for (sample, converted) in source.iter().zip(target) {
            converted.write(convert_sample(&table, *sample));
        }
    }

    /// Converts every sample where it stands.
    ///
    /// # Panics
    /// When their number is not a multiple of [`Ootf::samples`], or when the processor cannot run the kernel.
    pub fn convert_in_place(self, conversion: Conversion, samples: &mut [Sample]) {
        assert!(self.is_supported(), "the processor cannot run {self:?}");
        if conversion.rendering.ootf == Ootf::Luminance {
            return Luminance::new(conversion, self).convert_in_place(samples);
        }
        #[cfg(target_arch = "x86_64")]
        if let (Kernel::Avx512, Some(segments)) = (self, conversion.segments()) {
            return avx512::convert_in_place(segments, samples);
        }
        let table = conversion.table();
        for sample in samples {
            *sample = convert_sample(&table, *sample);
        }
    }
}

#[inline]
fn convert_sample(table: &Table, sample: Sample) -> Sample {
    table.get(u16::from_le_bytes(sample)).to_le_bytes()
}
