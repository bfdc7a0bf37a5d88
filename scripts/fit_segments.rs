//! Fits the polynomials of the AVX-512 kernel, and writes `src/convert/segments.rs`: `npm run fit`.
//!
//! In each segment, a polynomial of degree 4, evaluated in `f32` as the kernel does it, has to round to the
//! right code for every sample. The true curve passes as close as 3e-6 of a code to where rounding turns, so
//! a polynomial that is merely close to it will not do. Any polynomial will that passes between the two
//! turning points of every sample. The one that keeps farthest from them is the solution of a linear program;
//! whether it still does in `f32` is seen by trying all samples.

use hdr_image_transfer_cache::curves::{Direction, HlgDisplay, pq_inverse_eotf};
use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem, SolveOutcome};

const CODES: usize = 65536;
/// Below this, a segment is a run of fine cells, from there on of coarse ones.
const FINE_END: usize = 2048;
const FINE_CELL: usize = 32;
const COARSE_CELL: usize = 1024;
/// How many cells of each kind the kernel can hold.
const CELLS: usize = 64;
/// How many segments the kernel can hold.
const SEGMENTS: usize = 32;
/// 1.5 · 2^23: an `f32` of that size has no bits for fractions.
const ROUND: f32 = 12_582_912.0;

/// A polynomial for the samples from `start` to the start of the next segment.
struct Segment {
    start: usize,
    origin: f32,
    value: f32,
    coefficients: [f32; 4],
}

impl Segment {
    /// A result, as the kernel computes it.
    fn convert(&self, code: usize) -> u16 {
        let [c1, c2, c3, c4] = self.coefficients;
        let t = code as f32 - self.origin;
        let slope = c4.mul_add(t, c3).mul_add(t, c2).mul_add(t, c1);
        slope.mul_add(t, self.value).to_bits() as u16
    }
}

/// A conversion, with the samples as numbers from 0 to 65535.
struct Curve {
    direction: Direction,
    /// The right codes.
    table: Vec<f64>,
    /// All samples from this one on have its result.
    last: usize,
    /// By how much the coarse cells are moved down, so that one begins where the curve is not smooth.
    shift: usize,
}

/// What a conversion makes of a code, before it is rounded.
fn value(direction: Direction, code: f64) -> f64 {
    direction.convert_per_channel(code / 65535.0, HlgDisplay::REFERENCE) * 65535.0
}

impl Curve {
    fn new(direction: Direction, shift: usize) -> Curve {
        let convert = |code| value(direction, code as f64).round().min(65535.0);
        let table: Vec<f64> = (0..CODES).map(convert).collect();
        let last = table.partition_point(|result| *result < table[CODES - 1]);
        Curve { direction, table, last, shift }
    }

    fn value(&self, code: f64) -> f64 {
        value(self.direction, code)
    }

    /// Where the curve has a value, between two codes.
    fn inverse(&self, value: f64, mut low: f64, mut high: f64) -> f64 {
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            *if self.value(middle) < value { &mut low } else { &mut high } = middle;
        }
        low
    }

    /// Where a cell ends.
    fn ends(&self) -> Vec<usize> {
        let fine = (FINE_CELL..FINE_END).step_by(FINE_CELL);
        let coarse = (1..=CELLS + 1).map(|cell| (cell * COARSE_CELL).saturating_sub(self.shift));
        fine.chain(coarse.filter(|end| *end > FINE_END)).collect()
    }

    /// The segments, each as long as can be.
    fn segments(&self) -> Vec<Segment> {
        let ends = self.ends();
        let mut segments = Vec::new();
        let mut start = 0;
        while start <= self.last {
            let ends = &ends[ends.partition_point(|end| *end <= start)..];
            // What can be fitted, can be fitted in part: so a longest one can be searched for by halves.
            let longest = ends.partition_point(|end| self.fit(start, *end).is_some());
            assert!(longest > 0, "no polynomial for the cell at {start}");
            segments.extend(self.fit(start, ends[longest - 1]));
            start = ends[longest - 1];
            eprintln!("{} segments, up to {}", segments.len(), start.min(CODES));
        }
        assert!(segments.len() <= SEGMENTS, "{} segments", segments.len());
        segments
    }

    /// A segment for the samples from `start` to before `end`, if there is one.
    fn fit(&self, start: usize, end: usize) -> Option<Segment> {
        let end = end.min(self.last + 1);
        let (first, last) = (start as f64, (end - 1) as f64);
        // `value` has to be whole. It is taken around the middle, where the curve passes closest to it at a
        // place that an `f32` can tell.
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

    /// A segment whose polynomial passes through a given point.
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
        // Few samples matter. It begins with some, and adds those that a solution misses by most.
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
                value: ROUND + value as f32,
                coefficients: [0, 1, 2, 3].map(|at| (scaled[at] / scale.powi(at as i32 + 1)) as f32),
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

    /// The segments as the kernel holds them, in Rust.
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
            format!("    last: {},", self.last),
            format!("    shift: {},", self.shift),
            format!("    fine: [{}],", cells(|_, cell| cell * FINE_CELL)),
            format!(
                "    coarse: [{}],",
                cells(|curve, cell| (cell * COARSE_CELL).saturating_sub(curve.shift).max(FINE_END))
            ),
            format!("    origin: {},", floats(|segment| segment.origin)),
            format!("    value: {},", floats(|segment| segment.value)),
            format!("    c1: {},", floats(|segment| segment.coefficients[0])),
            format!("    c2: {},", floats(|segment| segment.coefficients[1])),
            format!("    c3: {},", floats(|segment| segment.coefficients[2])),
            format!("    c4: {},", floats(|segment| segment.coefficients[3])),
            "};\n".to_owned(),
        ];
        lines.join("\n")
    }
}

fn main() -> std::io::Result<()> {
    let hlg_to_pq = Curve::new(Direction::HlgToPq, 0);
    // HLG goes from a square root to a logarithm at 1/12 of scene light.
    let kink = pq_inverse_eotf(HlgDisplay::REFERENCE.ootf_per_channel(1.0 / 12.0)) * 65535.0;
    let pq_to_hlg = Curve::new(Direction::PqToHlg, COARSE_CELL - kink.ceil() as usize % COARSE_CELL);
    let rust = [
        "//! The polynomials of the AVX-512 kernel. Generated by `npm run fit`; do not edit.\n\n".to_owned(),
        "use super::avx512::Segments;\n".to_owned(),
        hlg_to_pq.to_rust("HLG_TO_PQ"),
        pq_to_hlg.to_rust("PQ_TO_HLG"),
    ];
    std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/convert/segments.rs"), rust.concat())
}
