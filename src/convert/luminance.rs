//! The conversion by the OOTF of BT.2100, which depends on all three channels of a pixel.
//!
//! It is plain `f32` arithmetic without branches and without fused multiply-add. So the compiler vectorizes it for
//! every instruction set, and all give the same bits. (Only the PQ EOTF is a table.) The result is within one code
//! value of the exact one, and mostly equal to it.

use std::f64::consts::{LN_2, LOG2_E};
use std::sync::LazyLock;

use super::{Conversion, InstructionSet, Sample};
use crate::curves::{
    Direction, HLG_A, HLG_B, HLG_C, LUMINANCE_WEIGHTS, PQ_C1, PQ_C2, PQ_C3, PQ_M1, PQ_M2, PQ_PEAK_LUMINANCE,
    pq_eotf,
};

/// The number of samples that go through each step together: 64 pixels, which stay in the first-level cache.
const BLOCK: usize = 3 * 64;
type Block = [Sample; BLOCK];
type Values = [f32; BLOCK];

/// A conversion: from the signal to light, through the OOTF or its inverse, and to the other signal.
///
/// Display light is relative to 10000 cd/m² here.
pub struct Luminance {
    /// Supported by the processor.
    instruction_set: InstructionSet,
    direction: Direction,
    /// The OOTF, or its inverse, multiplies all channels by `scale` · Y^`exponent`.
    exponent: f32,
    scale: f32,
}

impl Luminance {
    /// Prepares a conversion.
    ///
    /// # Panics
    /// If the processor does not support the instruction set.
    pub fn new(
        Conversion { direction, rendering }: Conversion,
        instruction_set: InstructionSet,
    ) -> Luminance {
        assert!(instruction_set.is_supported(), "the processor does not support {instruction_set:?}");
        let gamma = rendering.display.system_gamma();
        let peak = rendering.display.peak_luminance() / PQ_PEAK_LUMINANCE;
        let (exponent, scale) = match direction {
            // Light must be relative to the peak, here and in Y: the exponents add up to −1/γ.
            Direction::PqToHlg => ((1.0 - gamma) / gamma, peak.powf(-1.0 / gamma)),
            Direction::HlgToPq => (gamma - 1.0, peak),
        };
        Luminance { instruction_set, direction, exponent: exponent as f32, scale: scale as f32 }
    }

    /// Converts samples in place.
    ///
    /// # Panics
    /// If the length is not a multiple of 3.
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        assert!(samples.len().is_multiple_of(3), "there must be whole pixels");
        let (blocks, tail) = samples.as_chunks_mut();
        blocks.iter_mut().for_each(|block| self.convert_block(block));
        // The rest of the block is black.
        let mut block = [[0; 2]; BLOCK];
        block[..tail.len()].copy_from_slice(tail);
        self.convert_block(&mut block);
        tail.copy_from_slice(&block[..tail.len()]);
    }

    fn convert_block(&self, block: &mut Block) {
        match self.instruction_set {
            InstructionSet::Portable => self.convert_pixels(block),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "not every processor supports AVX2")]
            // SAFETY: `new` has checked that this one does.
            InstructionSet::Avx2 => unsafe { self.convert_pixels_avx2(block) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "not every processor supports AVX-512")]
            // SAFETY: `new` has checked that this one does.
            InstructionSet::Avx512 => unsafe { self.convert_pixels_avx512(block) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn convert_pixels_avx2(&self, block: &mut Block) {
        self.convert_pixels(block);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn convert_pixels_avx512(&self, block: &mut Block) {
        self.convert_pixels(block);
    }

    /// Inlined into each caller, to be compiled for its instruction set.
    ///
    /// Each step goes over the whole block, because a processor overlaps more iterations of a short loop body: with
    /// the PQ inverse EOTF as one step, the conversion takes twice as long.
    #[inline(always)]
    fn convert_pixels(&self, block: &mut Block) {
        let mut values = [0.0; BLOCK];
        match self.direction {
            Direction::PqToHlg => {
                look_up(pq_eotf_table(), block, &mut values);
                self.apply_ootf(&mut values);
                each(&mut values, hlg_oetf);
            }
            Direction::HlgToPq => {
                for (value, sample) in values.iter_mut().zip(&*block) {
                    *value = hlg_inverse_oetf(f32::from(u16::from_le_bytes(*sample)));
                }
                self.apply_ootf(&mut values);
                each(&mut values, |light| PQ_M1 as f32 * log2(light));
                each(&mut values, exp2);
                each(&mut values, pq_log2_signal);
                each(&mut values, exp2);
            }
        }
        for (sample, signal) in block.iter_mut().zip(values) {
            *sample = nearest_code(signal).to_le_bytes();
        }
    }

    /// The OOTF or its inverse: scales the light of each pixel by a power of its luminance.
    #[inline(always)]
    fn apply_ootf(&self, light: &mut Values) {
        let [r_weight, g_weight, b_weight] = LUMINANCE_WEIGHTS.map(|weight| weight as f32);
        let mut gains = [0.0; BLOCK / 3];
        for (gain, [r, g, b]) in gains.iter_mut().zip(light.as_chunks().0) {
            *gain = r_weight * r + g_weight * g + b_weight * b;
        }
        each(&mut gains, |luminance| (self.exponent * log2(luminance)).clamp(-126.0, 126.0));
        each(&mut gains, |logarithm| self.scale * exp2(logarithm));
        for (pixel, gain) in light.as_chunks_mut::<3>().0.iter_mut().zip(gains) {
            *pixel = pixel.map(|light| light * gain);
        }
    }
}

/// PQ EOTF of each code value, relative to 10000 cd/m².
fn pq_eotf_table() -> &'static [f32; 65536] {
    static LIGHT: LazyLock<Box<[f32; 65536]>> = LazyLock::new(|| {
        let light = |code| (pq_eotf(f64::from(code) / 65535.0) / PQ_PEAK_LUMINANCE) as f32;
        let values: Vec<f32> = (0..=u16::MAX).map(light).collect();
        #[expect(clippy::expect_used, reason = "the length is that of the range above")]
        values.try_into().expect("light for each code value")
    });
    &LIGHT
}

/// Not inlined: vectorized, it would gather, which takes longer than single loads.
#[inline(never)]
fn look_up(table: &[f32; 65536], samples: &Block, values: &mut Values) {
    for (value, sample) in values.iter_mut().zip(samples) {
        *value = table[usize::from(u16::from_le_bytes(*sample))];
    }
}

#[inline(always)]
fn each(values: &mut [f32], step: impl Fn(f32) -> f32) {
    for value in values {
        *value = step(*value);
    }
}

/// HLG inverse OETF of a code value.
#[inline(always)]
fn hlg_inverse_oetf(code: f32) -> f32 {
    const SQUARE: f64 = 1.0 / (3.0 * 65535.0 * 65535.0);
    const SLOPE: f64 = LOG2_E / HLG_A / 65535.0;
    /// The exponent at code value 0, with log2(12) for the division by 12.
    const START: f64 = -LOG2_E * HLG_C / HLG_A - 3.584_962_500_721_156;
    let dark = SQUARE as f32 * (code * code);
    let bright = exp2(SLOPE as f32 * code + START as f32) + (HLG_B / 12.0) as f32;
    if code <= 32767.0 { dark } else { bright }
}

/// HLG OETF.
#[inline(always)]
fn hlg_oetf(scene: f32) -> f32 {
    let dark = (3.0 * scene).sqrt();
    let bright = (HLG_A * LN_2) as f32 * log2(12.0 * scene - HLG_B as f32) + HLG_C as f32;
    if scene <= (1.0 / 12.0) as f32 { dark } else { bright }
}

/// Part of the PQ inverse EOTF: from v, display light to the power m1, to the logarithm of the signal.
///
/// The signal is w^m2 where w = (c1 + c2·v) / (1 + c3·v). Because w is near 1, `f32` would lose most of its logarithm.
/// Since c2 = c3 + 1 − c1, that is −2 atanh(s) where s = (1 − c1)(1 − v) / (1 + c1 + (c2 + c3)·v).
#[inline(always)]
fn pq_log2_signal(v: f32) -> f32 {
    const SERIES: [f32; 2] = atanh_series(-2.0 * PQ_M2 * LOG2_E);
    let s = (1.0 - PQ_C1) as f32 * (1.0 - v) / ((1.0 + PQ_C1) as f32 + (PQ_C2 + PQ_C3) as f32 * v);
    s * (SERIES[0] + SERIES[1] * (s * s))
}

/// The code value of a signal. Signals above 1 clip.
#[inline(always)]
fn nearest_code(signal: f32) -> u16 {
    /// 2^23: an `f32` of that size has no fraction bits, so adding it rounds, and the code value is in the lowest bits.
    const ROUND: f32 = 8_388_608.0;
    let code = 65535.0 * signal;
    let clipped = if code < 65535.0 { code } else { 65535.0 };
    (clipped + ROUND).to_bits() as u16
}

/// The logarithm of a positive number; −127 for 0. The error is at most 2e-7, relative above 1 and absolute below.
#[inline(always)]
fn log2(x: f32) -> f32 {
    const SERIES: [f32; 4] = atanh_series(2.0 * LOG2_E);
    const SQRT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    // x = m · 2^exponent, with m between √½ and √2.
    let from_sqrt_half = x.to_bits().wrapping_sub(SQRT_HALF);
    let exponent = (from_sqrt_half.cast_signed() >> 23) as f32;
    let m = f32::from_bits((from_sqrt_half & 0x007f_ffff) + SQRT_HALF);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    let series = (SERIES[0] + SERIES[1] * s2) + (SERIES[2] + SERIES[3] * s2) * (s2 * s2);
    s * series + exponent
}

/// 2 to the power of a number from −126 to 127. The relative error is at most 2e-7.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    /// 1.5 · 2^23: adding it rounds as in [`nearest_code`], also negative numbers.
    const ROUND: f32 = 12_582_912.0;
    /// The Taylor series in f.
    const SERIES: [f32; 7] = {
        let mut series = [1.0; 7];
        let (mut coefficient, mut at) = (1.0, 1);
        while at < 7 {
            coefficient *= LN_2 / at as f64;
            series[at] = coefficient as f32;
            at += 1;
        }
        series
    };
    let rounded = x + ROUND;
    let f = x - (rounded - ROUND);
    let f2 = f * f;
    let low = (SERIES[0] + SERIES[1] * f) + (SERIES[2] + SERIES[3] * f) * f2;
    let high = (SERIES[4] + SERIES[5] * f) + SERIES[6] * f2;
    let power = low + high * (f2 * f2);
    // The integer part is added to the exponent bits.
    f32::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// The coefficients of s, s³, s⁵ … in the series of `factor` · atanh(s).
const fn atanh_series<const TERMS: usize>(factor: f64) -> [f32; TERMS] {
    let mut series = [0.0; TERMS];
    let mut at = 0;
    while at < TERMS {
        series[at] = (factor / (2 * at + 1) as f64) as f32;
        at += 1;
    }
    series
}
