//! [`Polynomials`] with AVX-512: 32 samples at a time.

#![expect(unsafe_code, reason = "loads and stores of vector registers go through pointers")]

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::conversion::Sample;
use super::instruction_set::InstructionSet;
use super::polynomials::{FINE_END, Polynomials};
use super::prefetch::{LINE, prefetch};

/// The number of samples in a register, which is that in a cache line.
const LANES: usize = LINE;

/// Polynomials for a processor that supports AVX-512 F and BW.
pub struct Avx512Polynomials(&'static Polynomials);

impl Avx512Polynomials {
    /// Prepares polynomials.
    ///
    /// # Panics
    /// If the processor does not support AVX-512 F and BW.
    pub fn new(polynomials: &'static Polynomials) -> Avx512Polynomials {
        assert!(InstructionSet::Avx512.is_supported(), "the processor does not support AVX-512 F and BW");
        Avx512Polynomials(polynomials)
    }

    /// Converts samples in place.
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        let (pointer, count) = (samples.as_mut_ptr(), samples.len());
        // SAFETY: source and target are the same `count` samples. `new` has checked the features.
        unsafe { convert_samples(self.0, pointer, pointer, count) }
    }

    /// Writes the converted `source` to all of `target`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn convert(&self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_eq!(source.len(), target.len(), "source and target must have the same length");
        // SAFETY: both have as many samples, and are disjoint borrows. `new` has checked the features.
        unsafe { convert_samples(self.0, source.as_ptr(), target.as_mut_ptr().cast(), source.len()) }
    }
}

/// Converts front to back, reading each sample before writing it, so `from` may equal `to`.
///
/// # Safety
/// `from` must be readable and `to` writable for `count` samples, at any alignment. They must be equal or
/// disjoint. The processor must support AVX-512 F and BW.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn convert_samples(polynomials: &Polynomials, from: *const Sample, to: *mut Sample, count: usize) {
    let registers = Registers::load(polynomials);
    let tail = count % LANES;
    let whole = count - tail;
    for at in (0..whole).step_by(LANES) {
        prefetch(from.wrapping_add(at));
        // SAFETY: the `LANES` samples from `at` are within `count`.
        let samples = unsafe { _mm512_loadu_epi16(from.add(at).cast()) };
        // SAFETY: as for the load.
        unsafe { _mm512_storeu_epi16(to.add(at).cast(), registers.convert(samples)) };
    }
    let mask: __mmask32 = (1 << tail) - 1;
    // SAFETY: the mask selects the samples from `whole` to `count`; no byte beyond them is accessed.
    let samples = unsafe { _mm512_maskz_loadu_epi16(mask, from.add(whole).cast()) };
    // SAFETY: as for the load.
    unsafe { _mm512_mask_storeu_epi16(to.add(whole).cast(), mask, registers.convert(samples)) };
}

/// [`Polynomials`] in registers: two for each array, of 64 words or of 32 floats.
struct Registers {
    clamp_max: __m512i,
    coarse_offset: __m512i,
    fine: [__m512i; 2],
    coarse: [__m512i; 2],
    origin: [__m512; 2],
    coefficients: [[__m512; 2]; 5],
}

impl Registers {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load(polynomials: &Polynomials) -> Registers {
        // SAFETY: both have 128 bytes, and any bits are valid.
        let words = |array: &[u16; 64]| unsafe { std::mem::transmute::<[u16; 64], [__m512i; 2]>(*array) };
        // SAFETY: both have 128 bytes, and any bits are valid.
        let floats = |array: &[f32; 32]| unsafe { std::mem::transmute::<[f32; 32], [__m512; 2]>(*array) };
        Registers {
            clamp_max: _mm512_set1_epi16(polynomials.clamp_max.cast_signed()),
            coarse_offset: _mm512_set1_epi16(polynomials.coarse_offset.cast_signed()),
            fine: words(&polynomials.fine),
            coarse: words(&polynomials.coarse),
            origin: floats(&polynomials.origin),
            coefficients: polynomials.coefficients.each_ref().map(floats),
        }
    }

    /// Converts 32 samples.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn convert(&self, samples: __m512i) -> __m512i {
        let samples = _mm512_min_epu16(samples, self.clamp_max);
        let fine = _mm512_permutex2var_epi16(self.fine[0], _mm512_srli_epi16::<5>(samples), self.fine[1]);
        let cell = _mm512_srli_epi16::<10>(_mm512_add_epi16(samples, self.coarse_offset));
        let coarse = _mm512_permutex2var_epi16(self.coarse[0], cell, self.coarse[1]);
        let is_fine = _mm512_cmplt_epu16_mask(samples, _mm512_set1_epi16(FINE_END.cast_signed()));
        let segments = _mm512_mask_blend_epi16(is_fine, coarse, fine);
        // Samples at even places are the low words of 16 double words, those at odd places the high words.
        // Only the lowest 5 bits of a segment select from the 32 floats.
        let even = self.evaluate(_mm512_and_si512(samples, _mm512_set1_epi32(0xffff)), segments);
        let odd = self.evaluate(_mm512_srli_epi32::<16>(samples), _mm512_srli_epi32::<16>(segments));
        _mm512_mask_blend_epi16(0xaaaa_aaaa, even, _mm512_slli_epi32::<16>(odd))
    }

    /// Evaluates the polynomials of 16 samples. The results are in the low words.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn evaluate(&self, samples: __m512i, segments: __m512i) -> __m512i {
        let look_up = |array: &[__m512; 2]| _mm512_permutex2var_ps(array[0], segments, array[1]);
        let t = _mm512_sub_ps(_mm512_cvtepi32_ps(samples), look_up(&self.origin));
        let [y0, c1, c2, c3, c4] = &self.coefficients;
        let slope = _mm512_fmadd_ps(look_up(c4), t, look_up(c3));
        let slope = _mm512_fmadd_ps(slope, t, look_up(c2));
        let slope = _mm512_fmadd_ps(slope, t, look_up(c1));
        _mm512_castps_si512(_mm512_fmadd_ps(slope, t, look_up(y0)))
    }
}
