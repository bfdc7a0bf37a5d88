//! The conversion by the OOTF of BT.2100, which depends on all three channels of a pixel.
//!
//! It is plain arithmetic in `f32`, without branches or fused multiplication and addition, so that the compiler
//! makes SIMD of it for any processor, and any gives the same bits. (Only PQ's EOTF is looked up.) The result
//! is within one code of the exact one, and nearly always that one.

#![allow(
    unsafe_code,
    reason = "calls of functions that not every processor can run, and memory that was just written"
)]

use std::f64::consts::{LN_2, LOG2_E};
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::LazyLock;

use super::{Conversion, Kernel, Sample};
use crate::curves::{A, B, C, C1, C2, C3, Direction, M1, M2, PQ_PEAK_LUMINANCE, pq_eotf};

/// How many samples go through each step together: 64 pixels. They stay in the processor's first cache.
const BLOCK: usize = 3 * 64;
type Block = [Sample; BLOCK];
type Values = [f32; BLOCK];

/// A conversion: to light, which is scaled by a power of its luminance, and to the other signal.
///
/// PQ's light is display light, 1 at 10000 cd/m², and HLG's is scene light, 0 to 1.
pub struct Luminance {
    /// One that the processor can run.
    kernel: Kernel,
    direction: Direction,
    /// The light of a colour is multiplied by `scale` · Y^`exponent`.
    exponent: f32,
    scale: f32,
}

impl Luminance {
    /// Prepares a conversion.
    ///
    /// # Panics
    /// When the processor cannot run the kernel.
    pub fn new(Conversion { direction, rendering }: Conversion, kernel: Kernel) -> Luminance {
        assert!(kernel.is_supported(), "the processor cannot run {kernel:?}");
        let gamma = rendering.display.system_gamma();
        let peak = rendering.display.peak_luminance() / PQ_PEAK_LUMINANCE;
        let (exponent, scale) = match direction {
            // Light has to be relative to the peak, here and in Y: their powers add up to −1/γ.
            Direction::PqToHlg => ((1.0 - gamma) / gamma, peak.powf(-1.0 / gamma)),
            Direction::HlgToPq => (gamma - 1.0, peak),
        };
        Luminance { kernel, direction, exponent: exponent as f32, scale: scale as f32 }
    }

    /// Writes the converted `source` over all of `target`, which has the same length.
    ///
    /// # Panics
    /// When they are not whole pixels.
    pub fn convert(&self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert_whole_pixels(source);
        for (source, target) in source.chunks(BLOCK).zip(target.chunks_mut(BLOCK)) {
            for (target, sample) in target.iter_mut().zip(source) {
                target.write(*sample);
            }
            // SAFETY: all of these samples were just written, and both have one layout.
            let samples = unsafe { &mut *(ptr::from_mut(target) as *mut [Sample]) };
            self.convert_block(samples);
        }
    }

    /// Converts every sample where it stands.
    ///
    /// # Panics
    /// When they are not whole pixels.
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        assert_whole_pixels(samples);
        for samples in samples.chunks_mut(BLOCK) {
            self.convert_block(samples);
        }
    }

    /// Converts a block, or the last samples, which may be fewer.
    fn convert_block(&self, samples: &mut [Sample]) {
        if let Ok(block) = samples.try_into() {
            return self.convert_whole_block(block);
        }
        // Filled up with black.
        let mut block = [[0; 2]; BLOCK];
        block[..samples.len()].copy_from_slice(samples);
        self.convert_whole_block(&mut block);
        samples.copy_from_slice(&block[..samples.len()]);
    }

    fn convert_whole_block(&self, block: &mut Block) {
        match self.kernel {
            Kernel::Portable => self.convert_pixels(block),
            // SAFETY: the processor has what the kernel needs, as `new` saw.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx2 => unsafe { self.convert_pixels_avx2(block) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Kernel::Avx512 => unsafe { self.convert_pixels_avx512(block) },
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

    /// Inlined, to be compiled with the instructions of each kernel.
    ///
    /// Each step goes over the whole block, since a processor keeps more of a short chain of operations in
    /// flight than of a long one: with PQ's inverse EOTF in one step, that takes twice as long.
    #[inline(always)]
    fn convert_pixels(&self, block: &mut Block) {
        let mut values = [0.0; BLOCK];
        match self.direction {
            Direction::PqToHlg => {
                look_up(pq_display_light(), block, &mut values);
                self.apply_ootf(&mut values);
                each(&mut values, hlg_signal);
            }
            Direction::HlgToPq => {
                for (value, sample) in values.iter_mut().zip(&*block) {
                    *value = hlg_scene_light(f32::from(u16::from_le_bytes(*sample)));
                }
                self.apply_ootf(&mut values);
                each(&mut values, |light| M1 as f32 * log2(light));
                each(&mut values, exp2);
                each(&mut values, pq_log2_signal);
                each(&mut values, exp2);
            }
        }
        for (sample, signal) in block.iter_mut().zip(values) {
            *sample = nearest_code(signal).to_le_bytes();
        }
    }

    /// Scales the light of each pixel by the power of its luminance: the OOTF, or its inverse.
    #[inline(always)]
    fn apply_ootf(&self, light: &mut Values) {
        let mut gains = [0.0; BLOCK / 3];
        for (gain, [r, g, b]) in gains.iter_mut().zip(light.as_chunks().0) {
            *gain = 0.2627 * r + 0.6780 * g + 0.0593 * b;
        }
        each(&mut gains, |luminance| (self.exponent * log2(luminance)).clamp(-126.0, 126.0));
        each(&mut gains, |logarithm| self.scale * exp2(logarithm));
        for (pixel, gain) in light.as_chunks_mut::<3>().0.iter_mut().zip(gains) {
            *pixel = pixel.map(|light| light * gain);
        }
    }
}

fn assert_whole_pixels(samples: &[Sample]) {
    assert!(samples.len().is_multiple_of(3), "there must be whole pixels");
}

/// The light of each PQ code: 1 at 10000 cd/m².
fn pq_display_light() -> &'static [f32; 65536] {
    static LIGHT: LazyLock<Box<[f32; 65536]>> = LazyLock::new(|| {
        let light = |code| (pq_eotf(f64::from(code) / 65535.0) / PQ_PEAK_LUMINANCE) as f32;
        let values: Vec<f32> = (0..=u16::MAX).map(light).collect();
        #[expect(clippy::expect_used, reason = "the length is that of the range above")]
        values.try_into().expect("light for each code")
    });
    &LIGHT
}

/// Not inlined, since gathering with SIMD takes longer than one load after the other.
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

/// HLG inverse OETF of a code.
#[inline(always)]
fn hlg_scene_light(code: f32) -> f32 {
    const SQUARE: f64 = 1.0 / (3.0 * 65535.0 * 65535.0);
    const SLOPE: f64 = LOG2_E / A / 65535.0;
    /// The exponent at code 0: of C, and of the 12 that the inverse OETF divides by.
    const START: f64 = -LOG2_E * C / A - 3.584_962_500_721_156;
    let dark = SQUARE as f32 * (code * code);
    let bright = exp2(SLOPE as f32 * code + START as f32) + (B / 12.0) as f32;
    if code <= 32767.0 { dark } else { bright }
}

/// HLG OETF.
#[inline(always)]
fn hlg_signal(scene: f32) -> f32 {
    let dark = (3.0 * scene).sqrt();
    let bright = (A * LN_2) as f32 * log2(12.0 * scene - B as f32) + C as f32;
    if scene <= (1.0 / 12.0) as f32 { dark } else { bright }
}

/// PQ inverse EOTF from v, the display light to the power M1, to the logarithm of the signal.
///
/// The signal is w^M2 where w = (C1 + C2·v) / (1 + C3·v). It is near 1, so that `f32` would keep little of it.
/// Since C2 = C3 + 1 − C1, its logarithm is −2 atanh(s) where s = (1 − C1)(1 − v) / (1 + C1 + (C2 + C3)·v).
#[inline(always)]
fn pq_log2_signal(v: f32) -> f32 {
    const SERIES: [f32; 2] = atanh_series(-2.0 * M2 * LOG2_E);
    let s = (1.0 - C1) as f32 * (1.0 - v) / ((1.0 + C1) as f32 + (C2 + C3) as f32 * v);
    s * (SERIES[0] + SERIES[1] * (s * s))
}

/// The code of a signal. Signals above 1 saturate.
#[inline(always)]
fn nearest_code(signal: f32) -> u16 {
    /// 2^23: an `f32` of that size has no bits for fractions, so that adding it rounds, and the code stands in
    /// the lowest bits.
    const ROUND: f32 = 8_388_608.0;
    let code = 65535.0 * signal;
    let saturated = if code < 65535.0 { code } else { 65535.0 };
    (saturated + ROUND).to_bits() as u16
}

/// The logarithm of a positive number; −127 for 0. The error is 2e-7 at most, of the logarithm above 1, absolute below.
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

/// 2 to a power between −126 and 127, within 2e-7 of it.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    /// 1.5 · 2^23; adding it rounds, as in [`nearest_code`], also below 0.
    const ROUND: f32 = 12_582_912.0;
    /// Taylor's, the coefficients of f, f² …
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
    // The whole part goes to the exponent.
    f32::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 23))
}

/// The coefficients of s, s³, s⁵ … in `factor` · atanh(s).
const fn atanh_series<const TERMS: usize>(factor: f64) -> [f32; TERMS] {
    let mut series = [0.0; TERMS];
    let mut at = 0;
    while at < TERMS {
        series[at] = (factor / (2 * at + 1) as f64) as f32;
        at += 1;
    }
    series
}
