//! The conversion by polynomials in place of the table: 32 samples at a time, with AVX-512 F and BW.
//!
//! A look-up in memory gives one sample at a time; a look-up in registers (`vpermi2ps`) gives 16. A
//! conversion is cut into up to 32 [segments], found through the top bits of the sample. Each segment has a
//! polynomial of degree 4 in `f32`, made so that it rounds to the right code for every one of its samples:
//! the result is that of the table, to the bit.
//!
//! [segments]: Segments

#![allow(unsafe_code, reason = "loads and stores of SIMD registers go through pointers")]

use std::arch::x86_64::*;
use std::mem::MaybeUninit;

use super::{Kernel, Sample};

/// Samples below this find their segment by [`Segments::fine`], in cells of 32 codes, others by
/// [`Segments::coarse`], in cells of 1024.
pub const FINE_END: u16 = 2048;

/// The polynomials of a conversion. Segment `s` converts a sample `x` to the low 16 bits of
/// `value[s] + t · (c1[s] + t · (c2[s] + t · (c3[s] + t · c4[s])))` where `t = x − origin[s]`.
pub struct Segments {
    /// All samples from this one on have its result.
    pub last: u16,
    /// Moves the borders of the coarse cells, to have one where the curve is not smooth.
    pub shift: u16,
    /// The segment of a sample below [`FINE_END`], by `x >> 5`.
    pub fine: [u16; 64],
    /// The segment of any other sample, by `(x + shift) >> 10`.
    pub coarse: [u16; 64],
    /// Where the polynomial has the value `value`.
    pub origin: [f32; 32],
    /// A code, plus 1.5 · 2^23: an `f32` of that size has no bits for fractions. So the last addition rounds
    /// to a whole code, and that code stands in the lowest bits.
    pub value: [f32; 32],
    /// The coefficient of `t`.
    pub c1: [f32; 32],
    /// The coefficient of `t`².
    pub c2: [f32; 32],
    /// The coefficient of `t`³.
    pub c3: [f32; 32],
    /// The coefficient of `t`⁴.
    pub c4: [f32; 32],
}

/// How many samples are converted at a time.
const LANES: usize = 32;

/// Writes the converted `source` over all of `target`, which has the same length.
///
/// # Panics
/// When the processor does not support it.
pub fn convert(segments: &Segments, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
    assert!(Kernel::Avx512.is_supported(), "the processor has no AVX-512 F and BW");
    let count = source.len().min(target.len());
    // SAFETY: both have `count` samples, and they are apart; the processor has the features.
    unsafe { convert_samples(segments, source.as_ptr(), target.as_mut_ptr().cast(), count) }
}

/// Converts every sample where it stands.
///
/// # Panics
/// When the processor does not support it.
pub fn convert_in_place(segments: &Segments, samples: &mut [Sample]) {
    assert!(Kernel::Avx512.is_supported(), "the processor has no AVX-512 F and BW");
    let (data, count) = (samples.as_mut_ptr(), samples.len());
    // SAFETY: source and target are the same `count` samples; the processor has the features.
    unsafe { convert_samples(segments, data, data, count) }
}

/// Converts samples from first to last, each after it was read.
///
/// # Safety
/// `source` must be readable and `target` writable for `count` samples, at any alignment. They may be the
/// same, but must not overlap otherwise. The processor must have AVX-512 F and BW.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn convert_samples(segments: &Segments, source: *const Sample, target: *mut Sample, count: usize) {
    let registers = Registers::load(segments);
    let whole = count - count % LANES;
    for at in (0..whole).step_by(LANES) {
        // SAFETY: `LANES` samples from `at` are within `count`.
        let samples = unsafe { _mm512_loadu_epi16(source.add(at).cast()) };
        // SAFETY: as above.
        unsafe { _mm512_storeu_epi16(target.add(at).cast(), registers.convert(samples)) };
    }
    let rest: __mmask32 = (1 << (count - whole)) - 1;
    // SAFETY: the mask leaves out all but the samples from `whole` to `count`.
    let samples = unsafe { _mm512_maskz_loadu_epi16(rest, source.add(whole).cast()) };
    // SAFETY: as above.
    unsafe { _mm512_mask_storeu_epi16(target.add(whole).cast(), rest, registers.convert(samples)) };
}

/// [`Segments`] in registers: arrays of 64 words, or of 32 floats, in two each.
struct Registers {
    last: __m512i,
    shift: __m512i,
    fine: [__m512i; 2],
    coarse: [__m512i; 2],
    origin: [__m512; 2],
    value: [__m512; 2],
    c1: [__m512; 2],
    c2: [__m512; 2],
    c3: [__m512; 2],
    c4: [__m512; 2],
}

impl Registers {
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load(segments: &Segments) -> Registers {
        // SAFETY: an array of 64 words is two registers.
        let words = |array: &[u16; 64]| unsafe { std::mem::transmute::<[u16; 64], [__m512i; 2]>(*array) };
        // SAFETY: an array of 32 floats is two registers.
        let floats = |array: &[f32; 32]| unsafe { std::mem::transmute::<[f32; 32], [__m512; 2]>(*array) };
        Registers {
            last: _mm512_set1_epi16(segments.last.cast_signed()),
            shift: _mm512_set1_epi16(segments.shift.cast_signed()),
            fine: words(&segments.fine),
            coarse: words(&segments.coarse),
            origin: floats(&segments.origin),
            value: floats(&segments.value),
            c1: floats(&segments.c1),
            c2: floats(&segments.c2),
            c3: floats(&segments.c3),
            c4: floats(&segments.c4),
        }
    }

    /// Converts 32 samples.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn convert(&self, samples: __m512i) -> __m512i {
        let samples = _mm512_min_epu16(samples, self.last);
        let fine = _mm512_permutex2var_epi16(self.fine[0], _mm512_srli_epi16::<5>(samples), self.fine[1]);
        let cell = _mm512_srli_epi16::<10>(_mm512_add_epi16(samples, self.shift));
        let coarse = _mm512_permutex2var_epi16(self.coarse[0], cell, self.coarse[1]);
        let is_fine = _mm512_cmplt_epu16_mask(samples, _mm512_set1_epi16(FINE_END.cast_signed()));
        let segments = _mm512_mask_blend_epi16(is_fine, coarse, fine);
        // The samples at even places are the low words of 16 double words, those at odd places the high words.
        // Of a segment, `vpermi2ps` looks only at the lowest 5 bits.
        let even = self.evaluate(_mm512_and_si512(samples, _mm512_set1_epi32(0xffff)), segments);
        let odd = self.evaluate(_mm512_srli_epi32::<16>(samples), _mm512_srli_epi32::<16>(segments));
        _mm512_mask_blend_epi16(0xaaaa_aaaa, even, _mm512_slli_epi32::<16>(odd))
    }

    /// Evaluates the polynomials of 16 samples: the results are in the low words.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn evaluate(&self, samples: __m512i, segments: __m512i) -> __m512i {
        let look_up = |array: &[__m512; 2]| _mm512_permutex2var_ps(array[0], segments, array[1]);
        let t = _mm512_sub_ps(_mm512_cvtepi32_ps(samples), look_up(&self.origin));
        let slope = _mm512_fmadd_ps(look_up(&self.c4), t, look_up(&self.c3));
        let slope = _mm512_fmadd_ps(slope, t, look_up(&self.c2));
        let slope = _mm512_fmadd_ps(slope, t, look_up(&self.c1));
        _mm512_castps_si512(_mm512_fmadd_ps(slope, t, look_up(&self.value)))
    }
}
