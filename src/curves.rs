//! The transfer functions of ITU-R BT.2100-2, in `f64`.
//!
//! A *signal* is a non-linear value, 0 to 1 for a full-range code from 0 to 65535. *Display light* is
//! the luminance a channel puts on the screen, in cd/m²; *scene light* is what the camera saw, relative,
//! 0 to 1. PQ ties a signal to display light, HLG to scene light; the OOTF leads from the one to the other.

/// The transfer function an image is coded with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Perceptual quantization (BT.2100 table 4, SMPTE ST 2084).
    Pq,
    /// Hybrid log-gamma (BT.2100 table 5, ARIB STD-B67).
    Hlg,
}

/// The display light of PQ signal 1, in cd/m² (BT.2100 table 4).
pub const PQ_PEAK_LUMINANCE: f64 = 10_000.0;

/// The nominal peak luminance L_W of the HLG display, in cd/m² (BT.2100 table 5, reference OOTF).
pub const HLG_PEAK_LUMINANCE: f64 = 1_000.0;

/// The HLG system gamma at [`HLG_PEAK_LUMINANCE`] (BT.2100 table 5, reference OOTF).
pub const HLG_SYSTEM_GAMMA: f64 = 1.2;

// BT.2100 table 4.
const M1: f64 = 2610.0 / 16384.0;
const M2: f64 = 2523.0 / 4096.0 * 128.0;
const C1: f64 = 3424.0 / 4096.0;
const C2: f64 = 2413.0 / 4096.0 * 32.0;
const C3: f64 = 2392.0 / 4096.0 * 32.0;

// BT.2100 table 5; B is 1 − 4A, and C is 0.5 − A · ln(4A) as the table prints it.
const A: f64 = 0.178_832_77;
const B: f64 = 0.284_668_92;
const C: f64 = 0.559_910_73;

/// PQ EOTF: a signal, 0 to 1, to display light, 0 to 10000 cd/m² (BT.2100 table 4).
pub fn pq_eotf(signal: f64) -> f64 {
    let root = signal.powf(1.0 / M2);
    PQ_PEAK_LUMINANCE * ((root - C1).max(0.0) / (C2 - C3 * root)).powf(1.0 / M1)
}

/// PQ inverse EOTF: display light, 0 to 10000 cd/m², to a signal, 0 to 1 (BT.2100 table 4).
pub fn pq_inverse_eotf(display: f64) -> f64 {
    let power = (display / PQ_PEAK_LUMINANCE).powf(M1);
    ((C1 + C2 * power) / (1.0 + C3 * power)).powf(M2)
}

/// HLG OETF: scene light to a signal (BT.2100 table 5). Scene light 0 to 1 gives a signal 0 to 1;
/// brighter scene light goes on along the logarithm, above 1.
pub fn hlg_oetf(scene: f64) -> f64 {
    if scene <= 1.0 / 12.0 { (3.0 * scene).sqrt() } else { A * (12.0 * scene - B).ln() + C }
}

/// HLG inverse OETF: a signal, 0 to 1, to scene light, 0 to 1 (BT.2100 table 5).
pub fn hlg_inverse_oetf(signal: f64) -> f64 {
    if signal <= 0.5 { signal * signal / 3.0 } else { (((signal - C) / A).exp() + B) / 12.0 }
}

/// HLG OOTF: scene light of one channel, 0 to 1, to its display light, 0 to 1000 cd/m².
///
/// A deviation: BT.2100 table 5 scales each channel by Y^(γ − 1), where Y is the luminance of the three
/// channels together. Here each channel is raised to γ on its own, which is the same for greys and shifts
/// saturated colours. It makes a conversion a function of one sample, and is what the TypeScript module
/// did that this crate stands in for.
pub fn hlg_ootf_per_channel(scene: f64) -> f64 {
    HLG_PEAK_LUMINANCE * scene.powf(HLG_SYSTEM_GAMMA)
}

/// The inverse of [`hlg_ootf_per_channel`]: display light in cd/m² to scene light; 1 at 1000 cd/m².
pub fn hlg_inverse_ootf_per_channel(display: f64) -> f64 {
    (display / HLG_PEAK_LUMINANCE).powf(1.0 / HLG_SYSTEM_GAMMA)
}

/// A PQ signal as the HLG signal of the same display light. Above 1000 cd/m² the result is above 1.
pub fn pq_to_hlg(signal: f64) -> f64 {
    hlg_oetf(hlg_inverse_ootf_per_channel(pq_eotf(signal)))
}

/// An HLG signal as the PQ signal of the same display light.
pub fn hlg_to_pq(signal: f64) -> f64 {
    pq_inverse_eotf(hlg_ootf_per_channel(hlg_inverse_oetf(signal)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The luminances of BT.2408 table 1 in cd/m², with their signals in % of PQ and HLG. The table prints
    /// whole percents; these are worked out to two decimals.
    const LEVELS: [(f64, f64, f64); 4] =
        [(26.0, 38.00, 37.86), (162.0, 55.72, 71.26), (179.0, 56.76, 72.92), (203.0, 58.07, 74.99)];

    fn assert_close(value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{value} is not {expected} ± {tolerance}");
    }

    #[test]
    fn levels_are_those_of_bt2408() {
        for (luminance, pq_percent, hlg_percent) in LEVELS {
            let pq = pq_inverse_eotf(luminance);
            let hlg = hlg_oetf(hlg_inverse_ootf_per_channel(luminance));
            assert_close(100.0 * pq, pq_percent, 0.005);
            assert_close(100.0 * hlg, hlg_percent, 0.005);
            assert_close(pq_to_hlg(pq), hlg, 1e-12);
            assert_close(hlg_to_pq(hlg), pq, 1e-12);
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
        assert_eq!(hlg_ootf_per_channel(1.0), HLG_PEAK_LUMINANCE);
    }

    #[test]
    fn each_function_undoes_its_inverse() {
        for step in 0..=1000 {
            let value = f64::from(step) / 1000.0;
            // At 0, the PQ inverse EOTF is C1^M2 = 7e-7.
            assert_close(pq_inverse_eotf(pq_eotf(value)), value, 1e-6);
            assert_close(hlg_oetf(hlg_inverse_oetf(value)), value, 1e-8);
            assert_close(hlg_inverse_ootf_per_channel(hlg_ootf_per_channel(value)), value, 1e-14);
        }
    }
}
