//! The per-channel conversion by piecewise polynomials.
//!
//! A table look-up in memory gives one sample at a time; a look-up in a vector register gives many. So the
//! code values are divided into up to 32 segments, found through the top bits of the sample, and each segment
//! has a polynomial of degree 4 in t = sample − origin, in `f32`. The coefficients are fitted such that the
//! result rounds to the right code value for all 65536 samples: it equals the table to the bit.

/// The polynomials of a conversion. Any instruction set with 32-bit floats and fused multiply-add can
/// evaluate them; [`Polynomials::convert_sample`] is the reference.
pub struct Polynomials {
    /// Larger samples are clamped to this one.
    pub clamp_max: u16,
    /// Moves the boundaries of the coarse cells to where the curve is not smooth.
    pub coarse_offset: u16,
    /// The segment of a sample below [`FINE_END`], by `sample >> 5`.
    pub fine: [u16; 64],
    /// The segment of other samples, by `(sample + coarse_offset) >> 10`.
    pub coarse: [u16; 64],
    /// The sample where t is 0.
    pub origin: [f32; 32],
    /// `coefficients[k]` are the coefficients of t^k. The constant terms have 1.5 · 2^23 added: an `f32` of
    /// that size has no fraction bits, so the last addition rounds to an integer, and the code value is in
    /// the low 16 bits.
    pub coefficients: [[f32; 32]; 5],
}

/// Samples below this find their segment in cells of 32 code values, others in cells of 1024.
pub const FINE_END: u16 = 2048;

impl Polynomials {
    /// The converted sample.
    #[cfg(test)]
    pub fn convert_sample(&self, sample: u16) -> u16 {
        let sample = sample.min(self.clamp_max);
        let segment = usize::from(if sample < FINE_END {
            self.fine[usize::from(sample >> 5)]
        } else {
            self.coarse[usize::from((sample + self.coarse_offset) >> 10)]
        });
        let t = f32::from(sample) - self.origin[segment];
        let [y0, c1, c2, c3, c4] = self.coefficients.each_ref().map(|coefficient| coefficient[segment]);
        c4.mul_add(t, c3).mul_add(t, c2).mul_add(t, c1).mul_add(t, y0).to_bits() as u16
    }
}
