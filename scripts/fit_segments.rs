//! Fits the polynomials of `src/convert/polynomials.rs` and writes `src/convert/segments.rs`: `npm run generate`.
//!
//! In each segment, a polynomial of degree 4, evaluated in `f32`, must round to the right code value for every
//! sample. The exact curve comes within 3e-6 code values of a rounding boundary, so a close approximation is not
//! enough: the polynomial must pass between the two rounding boundaries of every sample. The one that stays
//! farthest from them is the solution of a linear program. All samples are then evaluated in `f32` to check it.

use hdr_image_transfer_cache::curves::{Direction, HlgDisplay, pq_inverse_eotf};
use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem, SolveOutcome};

const CODES: usize = 65536;
/// Below this, a segment is a run of fine cells, from there on of coarse ones.
const FINE_END: usize = 2048;
const FINE_CELL: usize = 32;
const COARSE_CELL: usize = 1024;
/// The number of cells of each kind.
const CELLS: usize = 64;
/// The maximum number of segments.
const SEGMENTS: usize = 32;
/// 1.5 · 2^23: an `f32` of that size has no fraction bits.
const ROUND: f32 = 12_582_912.0;

/// A polynomial for the samples from `start` to the start of the next segment.
struct Segment {
    start: usize,
    origin: f32,
    coefficients: [f32; 5],
}

impl Segment {
    /// The converted code value, evaluated as in `Segments::convert_sample`.
    fn convert(&self, code: usize) -> u16 {
        let [y0, c1, c2, c3, c4] = self.coefficients;
        let t = code as f32 - self.origin;
        c4.mul_add(t, c3).mul_add(t, c2).mul_add(t, c1).mul_add(t, y0).to_bits() as u16
    }
}

/// A conversion of samples, as numbers from 0 to 65535.
struct Curve {
    direction: Direction,
    /// The exact code values.
    table: Vec<f64>,
    /// Larger samples have the same result.
    clamp_max: usize,
    /// Moves the boundaries of the coarse cells down, so that one is where the curve is not smooth.
    coarse_offset: usize,
}

/// The converted code value before rounding.
fn value(direction: Direction, code: f64) -> f64 {
    direction.convert_signal(code / 65535.0, HlgDisplay::REFERENCE) * 65535.0
}

impl Curve {
    fn new(direction: Direction, coarse_offset: usize) -> Curve {
        let convert = |code| value(direction, code as f64).round().min(65535.0);
        let table: Vec<f64> = (0..CODES).map(convert).collect();
        let clamp_max = table.partition_point(|result| *result < table[CODES - 1]);
        Curve { direction, table, clamp_max, coarse_offset }
    }

    fn value(&self, code: f64) -> f64 {
        value(self.direction, code)
    }

    /// The sample between `low` and `high` whose converted value is `value`.
    fn inverse(&self, value: f64, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            *if self.value(middle) < value { &mut low } else { &mut high } = middle;
        }
        low
    }

    /// The ends of the cells.
    fn ends(&self) -> Vec<usize> {
        let fine = (FINE_CELL..FINE_END).step_by(FINE_CELL);
        let coarse = (1..=CELLS + 1).map(|cell| (cell * COARSE_CELL).saturating_sub(self.coarse_offset));
        fine.chain(coarse.filter(|end| *end > FINE_END)).collect()
    }

    /// The segments, each as long as possible.
    fn segments(&self) -> Vec<Segment> {
        let ends = self.ends();
        let mut segments = Vec::new();
        let mut start = 0;
        while start <= self.clamp_max {
            let ends = &ends[ends.partition_point(|end| *end <= start)..];
            // Any part of a segment that can be fitted can be fitted, so binary search finds the longest.
            let longest = ends.partition_point(|end| self.fit(start, *end).is_some());
            assert!(longest > 0, "no polynomial for the cell at {start}");
            segments.extend(self.fit(start, ends[longest - 1]));
            start = ends[longest - 1];
            eprintln!("{} segments, up to {}", segments.len(), start.min(CODES));
        }
        assert!(segments.len() <= SEGMENTS, "{} segments", segments.len());
        segments
    }

    /// The segment of the samples `start..end`, if a polynomial fits.
    fn fit(&self, start: usize, end: usize) -> Option<Segment> {
        let end = end.min(self.clamp_max + 1);
        let (first, last) = (start as f64, (end - 1) as f64);
        // The constant term must be an integer: one near the middle whose origin `f32` represents best.
        let middle = self.value((first + last) / 2.0).round();
        let mut origins: Vec<(f64, f32, f64)> = (-200..=200)
            .map(|offset| middle + f64::from(offset))
            .filter(|value| (self.value(first)..=self.value(last)).contains(value))
            .map(|value| {
                let origin = self.inverse(value, first, last) as f32;
                ((self.value(f64::from(origin)) - value).abs(), origin, value)
            })
            .collect();
        origins.sort_by(|a, b| a.0.total_cmp(&b.0));
        origins.iter().take(4).find_map(|(_, origin, value)| self.fit_at(start, end, *origin, *value))
    }

    /// The segment whose polynomial passes through `origin` and `value`.
    fn fit_at(&self, start: usize, end: usize, origin: f32, value: f64) -> Option<Segment> {
        let scale = (end - start) as f64;
        let powers = |code: usize| {
            let t = (code as f64 - f64::from(origin)) / scale;
            [t, t.powi(2), t.powi(3), t.powi(4)]
        };
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let coefficients = [0; 4].map(|_| problem.add_var(0.0, (f64::NEG_INFINITY, f64::INFINITY)));
        let distance = problem.add_var(1.0, (0.0, f64::INFINITY));
        let constrain = |problem: &mut Problem, code: usize| {
            for (sign, comparison) in [(1.0, ComparisonOp::Ge), (-1.0, ComparisonOp::Le)] {
                let mut sum = LinearExpr::empty();
                for (coefficient, power) in coefficients.into_iter().zip(powers(code)) {
                    sum.add(coefficient, power);
                }
                sum.add(distance, sign);
                problem.add_constraint(sum, comparison, self.table[code] - value);
            }
        };
        // Few samples are critical: start with some, and add those that a solution misses by most.
        (0..=12).for_each(|part| constrain(&mut problem, start + (end - 1 - start) * part / 12));
        for _ in 0..40 {
            let SolveOutcome::Solution(solution) = problem.solve().ok()? else { return None };
            if solution[distance] >= 0.5 {
                return None;
            }
            let scaled = coefficients.map(|coefficient| solution[coefficient]);
            let segment = Segment {
                start,
                origin,
                coefficients: std::array::from_fn(|power| match power {
                    0 => ROUND + value as f32,
                    _ => (scaled[power - 1] / scale.powi(power as i32)) as f32,
                }),
            };
            if (start..end).all(|code| f64::from(segment.convert(code)) == self.table[code]) {
                return Some(segment);
            }
            let miss = |code: &usize| {
                let result: f64 = scaled.iter().zip(powers(*code)).map(|(a, b)| a * b).sum();
                (result + value - self.table[*code]).abs()
            };
            let part = (end - start).div_ceil(8);
            let missed: Vec<usize> = (start..end)
                .step_by(part)
                .filter_map(|from| (from..end.min(from + part)).max_by(|a, b| miss(a).total_cmp(&miss(b))))
                .filter(|code| miss(code) > solution[distance] + 1e-9)
                .collect();
            if missed.is_empty() {
                return None;
            }
            missed.into_iter().for_each(|code| constrain(&mut problem, code));
        }
        None
    }

    /// The segments as Rust source.
    fn to_rust(&self, name: &str) -> String {
        let segments = self.segments();
        let segment_of = |code: usize| segments.partition_point(|segment| segment.start <= code) - 1;
        let cells = |first_code: fn(&Curve, usize) -> usize| -> String {
            let cells: Vec<_> =
                (0..CELLS).map(|cell| segment_of(first_code(self, cell)).to_string()).collect();
            cells.join(", ")
        };
        let floats = |value: fn(&Segment) -> f32| -> String {
            let mut values: Vec<f32> = segments.iter().map(value).collect();
            values.resize(SEGMENTS, 0.0);
            format!("{values:?}")
        };
        let lines = [
            "\n#[rustfmt::skip]".to_owned(),
            format!("pub static {name}: Segments = Segments {{"),
            format!("    clamp_max: {},", self.clamp_max),
            format!("    coarse_offset: {},", self.coarse_offset),
            format!("    fine: [{}],", cells(|_, cell| cell * FINE_CELL)),
            format!(
                "    coarse: [{}],",
                cells(|curve, cell| (cell * COARSE_CELL).saturating_sub(curve.coarse_offset).max(FINE_END))
            ),
            format!("    origin: {},", floats(|segment| segment.origin)),
            "    coefficients: [".to_owned(),
            format!("        {},", floats(|segment| segment.coefficients[0])),
            format!("        {},", floats(|segment| segment.coefficients[1])),
            format!("        {},", floats(|segment| segment.coefficients[2])),
            format!("        {},", floats(|segment| segment.coefficients[3])),
            format!("        {},", floats(|segment| segment.coefficients[4])),
            "    ],".to_owned(),
            "};\n".to_owned(),
        ];
        lines.join("\n")
    }
}

fn main() -> std::io::Result<()> {
    let hlg_to_pq = Curve::new(Direction::HlgToPq, 0);
    // The HLG OETF changes from a square root to a logarithm at scene light 1/12.
    let kink = pq_inverse_eotf(HlgDisplay::REFERENCE.ootf_per_channel(1.0 / 12.0)) * 65535.0;
    let pq_to_hlg = Curve::new(Direction::PqToHlg, COARSE_CELL - kink.ceil() as usize % COARSE_CELL);
    let rust = [
        "//! The coefficients of the polynomials. Generated by `npm run generate`; do not edit.\n\n"
            .to_owned(),
        "use super::polynomials::Segments;\n".to_owned(),
        hlg_to_pq.to_rust("HLG_TO_PQ"),
        pq_to_hlg.to_rust("PQ_TO_HLG"),
    ];
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/convert/segments.rs"), rust.concat())
}
