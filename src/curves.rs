//! The transfer functions and the OOTF of ITU-R BT.2100, in `f64`. Tables and notes have the numbers of
//! BT.2100-2 and BT.2100-3.
//!
//! | term | meaning | range |
//! | --- | --- | --- |
//! | code value | a full-range 16-bit sample | 0 to 65535 |
//! | signal | the non-linear value that a code value stands for: code value / 65535 | 0 to 1 |
//! | scene light | linear light of the scene, as a camera captures it | 0 to 1 |
//! | display light | linear light of one channel on the display | 0 to 10000 cd/m² |
//!
//! A PQ signal encodes display light, an HLG signal scene light. The OOTF maps scene light to display light.

use std::hash::{Hash, Hasher};
use std::ops::RangeInclusive;

/// The transfer function that an image is encoded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Perceptual quantization (BT.2100 table 4, SMPTE ST 2084).
    Pq,
    /// Hybrid log-gamma (BT.2100 table 5, ARIB STD-B67).
    Hlg,
}

impl Transfer {
    /// All transfer functions.
    pub const ALL: [Transfer; 2] = [Transfer::Pq, Transfer::Hlg];
}

/// The display light of PQ signal 1, in cd/m² (BT.2100 table 4).
pub const PQ_PEAK_LUMINANCE: f64 = 10_000.0;

/// Exponent of PQ: m1 (BT.2100 table 4).
pub(crate) const PQ_M1: f64 = 2610.0 / 16384.0;
/// Exponent of PQ: m2 (BT.2100 table 4).
pub(crate) const PQ_M2: f64 = 2523.0 / 4096.0 * 128.0;
/// Coefficient of PQ: c1 = c3 − c2 + 1 (BT.2100 table 4).
pub(crate) const PQ_C1: f64 = 3424.0 / 4096.0;
/// Coefficient of PQ: c2 (BT.2100 table 4).
pub(crate) const PQ_C2: f64 = 2413.0 / 4096.0 * 32.0;
/// Coefficient of PQ: c3 (BT.2100 table 4).
pub(crate) const PQ_C3: f64 = 2392.0 / 4096.0 * 32.0;

/// Coefficient of HLG: a (BT.2100 table 5).
pub(crate) const HLG_A: f64 = 0.178_832_77;
/// Coefficient of HLG: b = 1 − 4a (BT.2100 table 5).
pub(crate) const HLG_B: f64 = 0.284_668_92;
/// Coefficient of HLG: c = 0.5 − a · ln(4a), as printed (BT.2100 table 5).
pub(crate) const HLG_C: f64 = 0.559_910_73;

/// PQ EOTF: a signal, 0 to 1, to display light, 0 to 10000 cd/m² (BT.2100 table 4).
pub fn pq_eotf(signal: f64) -> f64 {
    let root = signal.powf(1.0 / PQ_M2);
    PQ_PEAK_LUMINANCE * ((root - PQ_C1).max(0.0) / (PQ_C2 - PQ_C3 * root)).powf(1.0 / PQ_M1)
}

/// PQ inverse EOTF: display light, 0 to 10000 cd/m², to a signal, 0 to 1 (BT.2100 table 4).
pub fn pq_inverse_eotf(display: f64) -> f64 {
    let power = (display / PQ_PEAK_LUMINANCE).powf(PQ_M1);
    ((PQ_C1 + PQ_C2 * power) / (1.0 + PQ_C3 * power)).powf(PQ_M2)
}

/// HLG OETF: scene light to a signal (BT.2100 table 5). Scene light above 1 gives a signal above 1, along the
/// same logarithm.
pub fn hlg_oetf(scene: f64) -> f64 {
    if scene <= 1.0 / 12.0 { (3.0 * scene).sqrt() } else { HLG_A * (12.0 * scene - HLG_B).ln() + HLG_C }
}

/// HLG inverse OETF: a signal, 0 to 1, to scene light, 0 to 1 (BT.2100 table 5).
pub fn hlg_inverse_oetf(signal: f64) -> f64 {
    if signal <= 0.5 { signal * signal / 3.0 } else { (((signal - HLG_C) / HLG_A).exp() + HLG_B) / 12.0 }
}

/// The weights of R, G and B in the luminance of a colour (BT.2100 table 5, reference OOTF).
pub(crate) const LUMINANCE_WEIGHTS: [f64; 3] = [0.2627, 0.6780, 0.0593];

/// The luminance of a colour, of scene or display light, in the unit of its channels.
pub fn luminance([r, g, b]: [f64; 3]) -> f64 {
    let [r_weight, g_weight, b_weight] = LUMINANCE_WEIGHTS;
    r_weight * r + g_weight * g + b_weight * b
}

/// A display of HLG. Its nominal peak luminance determines the HLG OOTF.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HlgDisplay {
    // For kernels, which name all fields, so that they do not compile until they use a new one.
    pub(crate) peak_luminance: f64,
    pub(crate) system_gamma: f64,
}

/// No field is NaN.
impl Eq for HlgDisplay {}

impl Hash for HlgDisplay {
    /// By one field, which suffices: displays are compared by all.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.peak_luminance.to_bits().hash(state);
    }
}

impl HlgDisplay {
    /// The accepted nominal peak luminances, in cd/m².
    pub const PEAK_LUMINANCES: RangeInclusive<f64> = 1.0..=PQ_PEAK_LUMINANCE;

    /// The reference display: 1000 cd/m², with a system gamma of 1.2 (BT.2100 table 5, reference OOTF).
    pub const REFERENCE: HlgDisplay = HlgDisplay { peak_luminance: 1_000.0, system_gamma: 1.2 };

    /// The display with the nominal peak luminance L_W in cd/m²; `None` outside of
    /// [`PEAK_LUMINANCES`](Self::PEAK_LUMINANCES).
    ///
    /// Its system gamma γ is that of the reference surround, 5 cd/m² (BT.2100 table 5, note 5f):
    ///
    /// | L_W in cd/m² | γ |
    /// | --- | --- |
    /// | 400 to 2000, inclusive | 1.2 + 0.42 · log10(L_W / 1000) |
    /// | below 400, above 2000 | 1.2 · 1.111^log2(L_W / 1000) |
    ///
    /// The two formulas of the standard do not meet: at 400 cd/m² the first gives a γ that is 0.011 lower, at
    /// 2000 cd/m² 0.007 lower. The note permits rounding γ to three significant digits, which is not done
    /// here.
    pub fn new(peak_luminance: f64) -> Option<HlgDisplay> {
        let relative_peak = peak_luminance / 1_000.0;
        let system_gamma = if (400.0..=2_000.0).contains(&peak_luminance) {
            1.2 + 0.42 * relative_peak.log10()
        } else {
            1.2 * 1.111f64.powf(relative_peak.log2())
        };
        let is_accepted = Self::PEAK_LUMINANCES.contains(&peak_luminance);
        is_accepted.then_some(HlgDisplay { peak_luminance, system_gamma })
    }

    /// The nominal peak luminance L_W, in cd/m².
    pub fn peak_luminance(self) -> f64 {
        self.peak_luminance
    }

    /// The system gamma γ, the exponent of the OOTF.
    pub fn system_gamma(self) -> f64 {
        self.system_gamma
    }

    /// HLG OOTF: the scene light of a colour to its display light. Scales all channels by L_W · Y^(γ − 1),
    /// where Y is their luminance (BT.2100 table 5, reference OOTF).
    pub fn ootf(self, scene: [f64; 3]) -> [f64; 3] {
        let gain = power_of_light(luminance(scene), self.system_gamma - 1.0);
        scene.map(|channel| self.peak_luminance * gain * channel)
    }

    /// HLG inverse OOTF: the display light of a colour to its scene light (BT.2100 table 5, note 5i). A
    /// channel is above 1 if the display cannot show it.
    pub fn inverse_ootf(self, display: [f64; 3]) -> [f64; 3] {
        let relative = display.map(|channel| channel / self.peak_luminance);
        let gain = power_of_light(luminance(relative), (1.0 - self.system_gamma) / self.system_gamma);
        relative.map(|channel| gain * channel)
    }

    /// Per-channel OOTF: scene light of one channel to its display light.
    ///
    /// Deviates from BT.2100 (see [`ootf`](Self::ootf)): raises each channel to γ independently. That is
    /// equal for greys, and shifts saturated colours. It makes the conversion a function of one sample.
    pub fn ootf_per_channel(self, scene: f64) -> f64 {
        self.peak_luminance * scene.powf(self.system_gamma)
    }

    /// The inverse of [`ootf_per_channel`](Self::ootf_per_channel). Scene light is above 1 if the display
    /// cannot show it.
    pub fn inverse_ootf_per_channel(self, display: f64) -> f64 {
        (display / self.peak_luminance).powf(1.0 / self.system_gamma)
    }
}

/// Luminance to a power, but 0 for black: 0 to a negative power is infinite, and 0 times that is NaN.
fn power_of_light(luminance: f64, exponent: f64) -> f64 {
    if luminance == 0.0 { 0.0 } else { luminance.powf(exponent) }
}

/// The transfer functions to convert from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// PQ to HLG. A result is above 1 if the HLG display cannot show it.
    PqToHlg,
    /// HLG to PQ.
    HlgToPq,
}

impl Direction {
    /// All directions.
    pub const ALL: [Direction; 2] = [Direction::PqToHlg, Direction::HlgToPq];

    /// The direction from one transfer function to another; `None` if they are equal.
    pub fn between(from: Transfer, to: Transfer) -> Option<Direction> {
        match (from, to) {
            (Transfer::Pq, Transfer::Hlg) => Some(Direction::PqToHlg),
            (Transfer::Hlg, Transfer::Pq) => Some(Direction::HlgToPq),
            (Transfer::Pq, Transfer::Pq) | (Transfer::Hlg, Transfer::Hlg) => None,
        }
    }

    /// Converts the signals of a pixel to those of the same display light, by the OOTF of BT.2100.
    pub fn convert_pixel(self, signals: [f64; 3], display: HlgDisplay) -> [f64; 3] {
        match self {
            Direction::PqToHlg => display.inverse_ootf(signals.map(pq_eotf)).map(hlg_oetf),
            Direction::HlgToPq => display.ootf(signals.map(hlg_inverse_oetf)).map(pq_inverse_eotf),
        }
    }

    /// Converts the signal of one channel to that of the same display light, by the per-channel OOTF.
    pub fn convert_signal(self, signal: f64, display: HlgDisplay) -> f64 {
        match self {
            Direction::PqToHlg => hlg_oetf(display.inverse_ootf_per_channel(pq_eotf(signal))),
            Direction::HlgToPq => pq_inverse_eotf(display.ootf_per_channel(hlg_inverse_oetf(signal))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The luminances of BT.2408 table 1 in cd/m², with their signals in % of PQ and HLG. The table prints
    /// whole percents; two decimals are computed here.
    const LEVELS: [(f64, f64, f64); 4] =
        [(26.0, 38.00, 37.86), (162.0, 55.72, 71.26), (179.0, 56.76, 72.92), (203.0, 58.07, 74.99)];

    fn assert_close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
    }

    #[test]
    fn levels_are_those_of_bt2408() {
        for (luminance, pq_percent, hlg_percent) in LEVELS {
            let pq = pq_inverse_eotf(luminance);
            let hlg = hlg_oetf(HlgDisplay::REFERENCE.inverse_ootf_per_channel(luminance));
            assert_close(100.0 * pq, pq_percent, 0.005);
            assert_close(100.0 * hlg, hlg_percent, 0.005);
            for (direction, signal, expected) in
                [(Direction::PqToHlg, pq, hlg), (Direction::HlgToPq, hlg, pq)]
            {
                assert_close(direction.convert_signal(signal, HlgDisplay::REFERENCE), expected, 1e-12);
                for channel in direction.convert_pixel([signal; 3], HlgDisplay::REFERENCE) {
                    assert_close(channel, expected, 1e-12);
                }
            }
        }
    }

    #[test]
    fn ends_are_those_of_bt2100() {
        assert_eq!(pq_eotf(0.0), 0.0);
        assert_eq!(pq_eotf(1.0), PQ_PEAK_LUMINANCE);
        assert_eq!(hlg_oetf(0.0), 0.0);
        assert_close(hlg_oetf(1.0 / 12.0), 0.5, 1e-15);
        assert_close(hlg_oetf(1.0), 1.0, 1e-8);
        assert_eq!(hlg_inverse_oetf(0.0), 0.0);
        assert_close(hlg_inverse_oetf(0.5), 1.0 / 12.0, 1e-15);
        assert_close(hlg_inverse_oetf(1.0), 1.0, 1e-7);
        assert_eq!(HlgDisplay::REFERENCE.ootf_per_channel(1.0), 1000.0);
        assert_eq!(HlgDisplay::REFERENCE.ootf([0.0; 3]), [0.0; 3]);
        assert_eq!(HlgDisplay::REFERENCE.inverse_ootf([0.0; 3]), [0.0; 3]);
    }

    #[test]
    fn each_function_is_inverse_to_its_inverse() {
        for step in 0..=1000 {
            let value = f64::from(step) / 1000.0;
            // At 0, the PQ inverse EOTF is PQ_C1^PQ_M2 = 7e-7.
            assert_close(pq_inverse_eotf(pq_eotf(value)), value, 1e-6);
            assert_close(hlg_oetf(hlg_inverse_oetf(value)), value, 1e-8);
            for display in [1.0, 400.0, 1000.0, 10000.0].map(|peak| HlgDisplay::new(peak).unwrap()) {
                let display_light = display.ootf_per_channel(value);
                assert_close(display.inverse_ootf_per_channel(display_light), value, 1e-14);
                let scene = [value, 1.0 - value, 0.1];
                let round_trip = display.inverse_ootf(display.ootf(scene));
                scene.iter().zip(round_trip).for_each(|(a, b)| assert_close(b, *a, 1e-14));
            }
        }
    }

    /// γ by BT.2100 table 5, note 5f, computed with 50 digits from the formulas, on both sides of 400 and
    /// 2000 cd/m².
    const SYSTEM_GAMMAS: [(f64, f64); 11] = [
        (1.0, 0.420_343_945_023_273),
        (399.0, 1.043_723_500_460_833),
        (399.999, 1.044_119_922_152_829),
        (400.0, 1.032_865_196_357_744),
        (600.0, 1.106_823_525_161_13),
        (1000.0, 1.2),
        (2000.0, 1.326_432_598_178_872),
        (2000.001, 1.333_200_101_229_066),
        (2001.0, 1.333_301_207_629_7),
        (4000.0, 1.481_185_2),
        (10_000.0, 1.702_315_536_266_557),
    ];

    #[test]
    fn system_gammas_are_those_of_bt2100() {
        assert_eq!(HlgDisplay::new(1000.0), Some(HlgDisplay::REFERENCE));
        for (peak, expected) in SYSTEM_GAMMAS {
            assert_close(HlgDisplay::new(peak).unwrap().system_gamma(), expected, 1e-15);
        }
    }

    #[test]
    fn peak_luminances_are_1_to_10000() {
        assert!(HlgDisplay::new(1.0).is_some() && HlgDisplay::new(10_000.0).is_some());
        for rejected in [0.0, 0.99, 10_000.1, -1000.0, f64::NAN, f64::INFINITY] {
            assert_eq!(HlgDisplay::new(rejected), None);
        }
    }

    #[test]
    fn the_ootf_scales_all_channels_by_the_same_gain() {
        let scene = [0.5, 0.25, 0.125];
        let display = HlgDisplay::REFERENCE.ootf(scene);
        let luminance = 0.2627 * 0.5 + 0.6780 * 0.25 + 0.0593 * 0.125;
        for (scene, display) in scene.iter().zip(display) {
            assert_close(display, 1000.0 * f64::powf(luminance, 0.2) * scene, 1e-10);
        }
    }
}
