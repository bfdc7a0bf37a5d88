//! The conversion by the OOTF of BT.2100, which depends on all three channels of a pixel.
//!
//! It is plain `f32` arithmetic without branches and without fused multiply-add. So the compiler vectorizes
//! it for every instruction set, and all give the same bits. (Only the PQ EOTF is a table.) The result is
//! within one code value of the exact one, and mostly equal to it.
//!
//! | BT.2100 | PQ to HLG, on square roots of light | HLG to PQ, on logarithms of light |
//! | --- | --- | --- |
//! | signal to light | PQ EOTF (table 4) | HLG inverse OETF (table 5) |
//! | scene and display light | inverse OOTF (table 5, note 5i): a product | OOTF (table 5): a sum |
//! | light to signal | HLG OETF (table 5), less its square root | PQ inverse EOTF (table 4): a polynomial |

use std::f64::consts::{LN_2, LOG2_E};
use std::mem::MaybeUninit;
use std::sync::LazyLock;

use super::coefficients::{EXP2, LOG2, PQ_OCTAVES, PQ_ROOT, PQ_ROOT_OF_WHITE};
use super::conversion::Sample;
use super::instruction_set::InstructionSet;
use crate::curves::{
    Direction, HLG_A, HLG_B, HLG_C, HlgDisplay, LUMINANCE_WEIGHTS, PQ_PEAK_LUMINANCE, pq_eotf,
};

/// The number of pixels that go through each step together. They stay in the first-level cache.
const PIXELS: usize = 64;
/// Red, green and blue, apart: access at a stride of three takes longer.
type Planes = [[f32; PIXELS]; 3];
/// The samples of these pixels.
type Block = [Sample; 3 * PIXELS];

/// Where a block is converted. At the start of a cache line, so that no vector register is loaded from two.
#[repr(align(64))]
struct Work {
    planes: Planes,
    samples: Block,
}

const NEW_WORK: Work = Work { planes: [[0.0; PIXELS]; 3], samples: [[0; 2]; 3 * PIXELS] };

/// A conversion: from the signal to light, through the OOTF or its inverse, and to the other signal. Display
/// light is relative to 10000 cd/m².
pub struct Luminance {
    /// Supported by the processor.
    instruction_set: InstructionSet,
    direction: Direction,
    /// The inverse OOTF multiplies square roots of light by `scale` · Y^`exponent`. The OOTF adds
    /// `exponent` · log2(Y) + `scale` to logarithms of light.
    exponent: f32,
    scale: f32,
}

impl Luminance {
    /// Prepares a conversion.
    ///
    /// # Panics
    /// If the processor does not support the instruction set.
    pub fn new(direction: Direction, display: HlgDisplay, instruction_set: InstructionSet) -> Luminance {
        assert!(instruction_set.is_supported(), "the processor does not support {instruction_set:?}");
        let HlgDisplay { peak_luminance, system_gamma: gamma } = display;
        let peak = peak_luminance / PQ_PEAK_LUMINANCE;
        let (exponent, scale) = match direction {
            // √(12·E) = √F · √12 · peak^(−1/2γ) · Y^((1−γ)/2γ), for scene light E and display light F of
            // luminance Y. All exponents are halved, because light is a square root.
            Direction::PqToHlg => ((1.0 - gamma) / gamma / 2.0, (12.0 * peak.powf(-1.0 / gamma)).sqrt()),
            // To the argument of `pq_root`.
            Direction::HlgToPq => ((gamma - 1.0) / PQ_OCTAVES, peak.log2() / PQ_OCTAVES + 1.0),
        };
        Luminance { instruction_set, direction, exponent: exponent as f32, scale: scale as f32 }
    }

    /// Converts samples in place.
    ///
    /// # Panics
    /// If the length is not a multiple of 3.
    pub fn convert_in_place(&self, samples: &mut [Sample]) {
        assert!(samples.len().is_multiple_of(3), "there must be whole pixels");
        let mut work = NEW_WORK;
        let (blocks, tail) = samples.as_chunks_mut();
        for block in blocks {
            self.convert_block(block, &mut work);
            *block = work.samples;
        }
        let converted = self.convert_tail(tail, &mut work);
        tail.copy_from_slice(converted);
    }

    /// Writes the converted `source` to all of `target`, which must be as long.
    ///
    /// # Panics
    /// If the length is not a multiple of 3.
    pub fn convert(&self, source: &[Sample], target: &mut [MaybeUninit<Sample>]) {
        assert!(source.len().is_multiple_of(3), "there must be whole pixels");
        let mut work = NEW_WORK;
        let (blocks, tail) = source.as_chunks();
        let (targets, target_tail) = target.as_chunks_mut();
        for (block, target) in blocks.iter().zip(targets) {
            self.convert_block(block, &mut work);
            *target = work.samples.map(MaybeUninit::new);
        }
        for (target, sample) in target_tail.iter_mut().zip(self.convert_tail(tail, &mut work)) {
            target.write(*sample);
        }
    }

    /// Converts an incomplete block. The rest is black.
    fn convert_tail<'work>(&self, tail: &[Sample], work: &'work mut Work) -> &'work [Sample] {
        let mut block = [[0; 2]; 3 * PIXELS];
        if !tail.is_empty() {
            block[..tail.len()].copy_from_slice(tail);
            self.convert_block(&block, work);
        }
        &work.samples[..tail.len()]
    }

    fn convert_block(&self, block: &Block, work: &mut Work) {
        match self.instruction_set {
            InstructionSet::Portable => self.convert_pixels(block, work),
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "not every processor supports AVX2")]
            // SAFETY: `new` has checked that this one does.
            InstructionSet::Avx2 => unsafe { self.convert_pixels_avx2(block, work) },
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "not every processor supports AVX-512")]
            // SAFETY: `new` has checked that this one does.
            InstructionSet::Avx512 => unsafe { self.convert_pixels_avx512(block, work) },
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn convert_pixels_avx2(&self, block: &Block, work: &mut Work) {
        self.convert_pixels(block, work)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn convert_pixels_avx512(&self, block: &Block, work: &mut Work) {
        self.convert_pixels(block, work)
    }

    /// Inlined into each caller, to be compiled for its instruction set.
    ///
    /// Each step goes over the whole block, because a processor overlaps more iterations of a short loop
    /// body: with the two steps of the PQ inverse EOTF as one, HLG to PQ takes a tenth longer.
    #[inline(always)]
    fn convert_pixels(&self, block: &Block, work: &mut Work) {
        let Work { planes, samples } = work;
        match self.direction {
            Direction::PqToHlg => {
                // PQ EOTF (table 4).
                look_up(pq_eotf_roots(), block, planes);
                // Inverse OOTF (table 5, note 5i). For black, the logarithm is −127, and the gain finite.
                let mut gains = luminances(planes, |root| root * root);
                each(&mut gains, |luminance| self.exponent * log2(luminance));
                each(&mut gains, |logarithm| self.scale * exp2(logarithm));
                each_with(planes, &gains, |root, gain| root * gain);
                // HLG OETF (table 5).
                each(planes.as_flattened_mut(), hlg_oetf);
            }
            Direction::HlgToPq => {
                // HLG inverse OETF (table 5).
                read(block, planes, f32::from);
                each(planes.as_flattened_mut(), hlg_inverse_oetf);
                // OOTF (table 5).
                let mut gains = luminances(planes, |light| light);
                each(&mut gains, |luminance| self.exponent * log2(luminance) + self.scale);
                each(planes.as_flattened_mut(), |light| (1.0 / PQ_OCTAVES) as f32 * log2(light));
                each_with(planes, &gains, |logarithm, gain| logarithm + gain);
                // PQ inverse EOTF (table 4).
                each(planes.as_flattened_mut(), pq_root);
                each(planes.as_flattened_mut(), pq_inverse_eotf);
            }
        }
        for (at, pixel) in samples.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            for (sample, plane) in pixel.iter_mut().zip(&*planes) {
                *sample = nearest_code(plane[at]).to_le_bytes();
            }
        }
    }
}

/// The square root of the PQ EOTF (BT.2100 table 4) of each code value, relative to 10000 cd/m².
fn pq_eotf_roots() -> &'static [f32; 65536] {
    static ROOTS: LazyLock<Box<[f32; 65536]>> = LazyLock::new(|| {
        let root = |code| (pq_eotf(f64::from(code) / 65535.0) / PQ_PEAK_LUMINANCE).sqrt() as f32;
        let values: Vec<f32> = (0..=u16::MAX).map(root).collect();
        #[expect(clippy::expect_used, reason = "the length is that of the range above")]
        values.try_into().expect("a root for each code value")
    });
    &ROOTS
}

/// Not inlined: vectorized, it would gather, which takes longer than single loads.
#[inline(never)]
fn look_up(table: &[f32; 65536], block: &Block, planes: &mut Planes) {
    read(block, planes, |code| table[usize::from(code)]);
}

/// Plane by plane: PQ to HLG takes a fifteenth longer if each pixel is stored to all three in turn.
#[inline(always)]
fn read(block: &Block, planes: &mut Planes, value: impl Fn(u16) -> f32) {
    for (channel, plane) in planes.iter_mut().enumerate() {
        for (place, pixel) in plane.iter_mut().zip(block.as_chunks::<3>().0) {
            *place = value(u16::from_le_bytes(pixel[channel]));
        }
    }
}

#[inline(always)]
fn each(values: &mut [f32], step: impl Fn(f32) -> f32) {
    for value in values {
        *value = step(*value);
    }
}

/// Each value of each channel, with the gain of its pixel.
#[inline(always)]
fn each_with(planes: &mut Planes, gains: &[f32; PIXELS], step: impl Fn(f32, f32) -> f32) {
    for plane in planes {
        for (value, gain) in plane.iter_mut().zip(gains) {
            *value = step(*value, *gain);
        }
    }
}

/// The luminance Y of each pixel (BT.2100 table 5, reference OOTF), of values that `light` makes light of.
#[inline(always)]
fn luminances([red, green, blue]: &Planes, light: impl Fn(f32) -> f32) -> [f32; PIXELS] {
    let [r_weight, g_weight, b_weight] = LUMINANCE_WEIGHTS.map(|weight| weight as f32);
    std::array::from_fn(|at| {
        r_weight * light(red[at]) + g_weight * light(green[at]) + b_weight * light(blue[at])
    })
}

/// HLG inverse OETF (BT.2100 table 5): a code value to scene light. The relative error is at most 6e-7.
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

/// HLG OETF (BT.2100 table 5): the square root of 12 times scene light to a code value, before rounding.
/// Above 65535, it clips. The error is at most 0.01.
#[inline(always)]
fn hlg_oetf(root: f32) -> f32 {
    const SLOPE: f64 = 65535.0 * HLG_A * LN_2;
    let dark = (65535.0 / 2.0) * root;
    let bright = SLOPE as f32 * log2(root * root - HLG_B as f32) + (65535.0 * HLG_C) as f32;
    let bright = if bright < 65535.0 { bright } else { 65535.0 };
    if root <= 1.0 { dark } else { bright }
}

/// First step of the PQ inverse EOTF (BT.2100 table 4): from log2(light) / `PQ_OCTAVES` + 1 to the fourth
/// root of the code value, stored as the difference from the root of 65535, which is near 0, where `f32` is
/// finest.
#[inline(always)]
fn pq_root(z: f32) -> f32 {
    const C: [f32; 15] = PQ_ROOT;
    // Less light is code value 0.
    let z = if z > -1.0 { z } else { -1.0 };
    let z2 = z * z;
    let z4 = z2 * z2;
    let c0 = (C[0] + C[1] * z) + (C[2] + C[3] * z) * z2;
    let c4 = (C[4] + C[5] * z) + (C[6] + C[7] * z) * z2;
    let c8 = (C[8] + C[9] * z) + (C[10] + C[11] * z) * z2;
    let c12 = (C[12] + C[13] * z) + C[14] * z2;
    (c0 + c4 * z4) + (c8 + c12 * z4) * (z4 * z4)
}

/// Second step: the fourth power, a code value before rounding. The error of both is at most 0.05.
#[inline(always)]
fn pq_inverse_eotf(root: f32) -> f32 {
    const TWICE: f64 = 2.0 * PQ_ROOT_OF_WHITE;
    const TWICE_SQUARE: f64 = TWICE * PQ_ROOT_OF_WHITE;
    // (a + b)² = a² + b · (b + 2a), twice.
    let square = root * (root + TWICE as f32);
    65535.0 + square * (square + TWICE_SQUARE as f32)
}

/// The nearest code value to a number from 0 to 65535.
#[inline(always)]
fn nearest_code(code: f32) -> u16 {
    /// 2^23: an `f32` of that size has no fraction bits, so adding it rounds, and the code value is in the
    /// lowest bits.
    const ROUND: f32 = 8_388_608.0;
    (code + ROUND).to_bits() as u16
}

/// The logarithm of a positive number; −127 for 0. The error is at most 2e-7, relative above 1 and absolute
/// below.
#[inline(always)]
fn log2(x: f32) -> f32 {
    const SQRT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    // x = m · 2^exponent, with m between √½ and √2.
    let from_sqrt_half = x.to_bits().wrapping_sub(SQRT_HALF);
    let exponent = (from_sqrt_half.cast_signed() >> 23) as f32;
    let m = f32::from_bits((from_sqrt_half & 0x007f_ffff) + SQRT_HALF);
    let s = (m - 1.0) / (m + 1.0);
    let s2 = s * s;
    s * (LOG2[0] + (LOG2[1] + LOG2[2] * s2) * s2) + exponent
}

/// 2 to the power of a number from −126 to 127. The relative error is at most 3e-7.
#[inline(always)]
fn exp2(x: f32) -> f32 {
    /// 1.5 · 2^23: adding it rounds as in [`nearest_code`], also negative numbers.
    const ROUND: f32 = 12_582_912.0;
    let rounded = x + ROUND;
    let f = x - (rounded - ROUND);
    let f2 = f * f;
    let low = (EXP2[0] + EXP2[1] * f) + (EXP2[2] + EXP2[3] * f) * f2;
    let power = low + (EXP2[4] + EXP2[5] * f) * (f2 * f2);
    // The integer part is added to the exponent bits.
    f32::from_bits(power.to_bits().wrapping_add(rounded.to_bits() << 23))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_are_as_stated() {
        for code in 0..=u16::MAX {
            let signal = f64::from(code) / 65535.0;
            let x = 8.0 * (signal - 0.5) as f32;
            let power = f64::from(x).exp2();
            assert!((f64::from(exp2(x)) / power - 1.0).abs() <= 3e-7, "2^{x}");
            let logarithm = f64::from(power as f32).log2();
            let error = f64::from(log2(power as f32)) - logarithm;
            assert!(error.abs() <= 2e-7 * logarithm.abs().max(1.0), "log2 of {power}: {error}");
            let scene = crate::curves::hlg_inverse_oetf(signal);
            let error = f64::from(hlg_inverse_oetf(f32::from(code))) - scene;
            assert!(error.abs() <= 6e-7 * scene, "HLG inverse OETF of {code}: {error}");
            let error = hlg_oetf((12.0 * scene).sqrt() as f32) - f32::from(code);
            assert!(error.abs() <= 0.01, "HLG OETF to {code}: {error}");
            let z = (pq_eotf(signal) / PQ_PEAK_LUMINANCE).log2() / PQ_OCTAVES + 1.0;
            let error = pq_inverse_eotf(pq_root(z as f32)) - f32::from(code);
            assert!(error.abs() <= if code == 0 { 0.5 } else { 0.05 }, "PQ inverse EOTF to {code}: {error}");
        }
    }
}
