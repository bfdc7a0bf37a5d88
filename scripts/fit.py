"""Fits the polynomials of the conversions, and writes their coefficients: `npm run generate`.

Each is the polynomial whose greatest error is the least: the solution of a linear program.
"""

import bisect
from pathlib import Path

import numpy as np
from numpy.polynomial import chebyshev
from scipy.optimize import linprog

# BT.2100, tables 4 and 5. The HLG display is the reference one, with a peak of 1000 cd/m².
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
A, B, C = 0.17883277, 0.28466892, 0.55991073
PEAK, GAMMA = 0.1, 1.2

OUTPUT = Path(__file__).parent.parent / "src/convert/coefficients.rs"
HEADER = """//! The coefficients of all fitted polynomials. `npm run generate` (`scripts/fit.py`) writes them; do not edit.

#[cfg(any(target_arch = "x86_64", test))]
use super::polynomials::Polynomials;
"""


def floats(values):
    return ", ".join(str(value) for value in values)


def pq_inverse_eotf(light):
    """Of light relative to 10000 cd/m²."""
    return ((C1 + C2 * light**M1) / (1 + C3 * light**M1)) ** M2


def pq_eotf(signal):
    """To light relative to 10000 cd/m²."""
    root = signal ** (1 / M2)
    return (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def hlg_oetf(scene):
    bright = A * np.log(np.maximum(12 * scene - B, 1e-9)) + C
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), bright)


def hlg_inverse_oetf(signal):
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - C) / A) + B) / 12)


# The conversion by luminance.


def minimax(curve, weight, end, powers):
    """The coefficients of the powers for arguments from −end to end that make the greatest weighted error the least."""
    u = np.cos(np.linspace(0, np.pi, 1001))
    values, weights = curve(u * end), weight(u * end)
    terms = chebyshev.chebvander(u, powers[-1])[:, powers] * weights[:, None]
    one = np.ones((len(u), 1))
    limits = np.r_[values * weights, -values * weights]
    fit = linprog(np.eye(len(powers) + 1)[-1], np.block([[terms, -one], [-terms, -one]]), limits, bounds=(None, None))
    series = np.zeros(powers[-1] + 1)
    series[powers] = fit.x[:-1]
    return (chebyshev.cheb2poly(series) / end ** np.arange(len(series)))[powers]


def luminance_source():
    # The fourth root of a PQ code value, less that of 65535, in z = 1 + log2(light) / 22. Below −1 the code value is 0.
    octaves = 22
    white = 65535**0.25
    root = lambda z: (65535 * pq_inverse_eotf(2 ** (octaves * (z - 1)))) ** 0.25 - white
    # log2(m) is odd in s = (m − 1) / (m + 1). Where m is √2, s is:
    end = (2**0.5 - 1) / (2**0.5 + 1)
    # Errors in units of 2^-24, because the solver's tolerance is absolute.
    unit = lambda x: 2.0**24 + 0 * x
    fits = [
        ("PQ_ROOT", root, lambda z: 4 * (root(z) + white) ** 3, 1, list(range(15))),
        ("LOG2", lambda s: 2 * np.arctanh(s) / np.log(2), unit, end, [1, 3, 5]),
        ("EXP2", lambda f: 2.0**f, lambda f: unit(f) / 2.0**f, 0.5, list(range(6))),
    ]
    lines = [
        "",
        "/// The octaves of light for 1 of z.",
        f"pub const PQ_OCTAVES: f64 = {float(octaves)};",
        "/// The fourth root of 65535.",
        f"pub const PQ_ROOT_OF_WHITE: f64 = {white!r};",
    ]
    for name, curve, weight, end, powers in fits:
        coefficients = minimax(curve, weight, end, powers)
        numbers = floats(coefficients.astype(np.float32))
        lines.append(f"pub const {name}: [f32; {len(powers)}] = [{numbers}];")
    return "\n".join(lines) + "\n"


# The conversions per channel: in each segment of the code values, a polynomial of degree 4 that, evaluated in `f32`,
# rounds to the right code value for every sample. The exact curve comes within 3e-6 code values of a rounding
# boundary, so the polynomial is the one that stays farthest from the boundaries.

CODES = np.arange(65536)
CELLS = 64
# Below, a segment is a run of fine cells, from there on of coarse ones.
FINE_END, FINE_CELL, COARSE_CELL = 2048, 32, 1024
SEGMENTS = 32
# 1.5 · 2^23: an `f32` of that size has no fraction bits.
ROUND = 12582912


def hlg_to_pq(code):
    return 65535 * pq_inverse_eotf(PEAK * hlg_inverse_oetf(code / 65535) ** GAMMA)


def pq_to_hlg(code):
    return 65535 * hlg_oetf((pq_eotf(code / 65535) / PEAK) ** (1 / GAMMA))


def evaluate(codes, origin, coefficients):
    """As `Polynomials::convert_sample`: `f64` holds the product of a fused multiply-add."""
    t = (codes.astype(np.float32) - origin).astype(float)
    result = coefficients[-1].astype(float)
    for coefficient in coefficients[-2::-1]:
        result = np.float32(result * t + coefficient.astype(float)).astype(float)
    return result - ROUND


def fit_segment(convert, table, start, end):
    """The origin and the coefficients for the samples from `start` to before `end`; None if there are none."""
    codes = CODES[start:end]
    # The constant term must be an integer: one near the middle whose origin `f32` represents best.
    values = np.round(convert((start + end - 1) / 2)) + np.arange(-200, 201)
    values = values[(convert(start) <= values) & (values <= convert(end - 1))]
    dense = np.linspace(start, end - 1, 1 << 20)
    origins = np.interp(values, convert(dense), dense).astype(np.float32)
    best = np.argsort(abs(convert(origins.astype(float)) - values), kind="stable")[:4]
    for origin, value in zip(origins[best], values[best]):
        scale = end - start
        powers = ((codes - float(origin)) / scale)[:, None] ** np.arange(1, 5)
        one, target = np.ones((len(codes), 1)), table[codes] - value
        limits = np.r_[target, -target]
        fit = linprog([0, 0, 0, 0, 1], np.block([[powers, -one], [-powers, -one]]), limits, bounds=(None, None))
        if fit.x is None or fit.x[-1] >= 0.5:
            return None
        scaled = fit.x[:-1] / float(scale) ** np.arange(1, 5)
        coefficients = np.r_[ROUND + value, scaled].astype(np.float32)
        if np.array_equal(evaluate(codes, origin, coefficients), table[codes]):
            return origin, *coefficients
    return None


def fit_segments(convert, table, ends, clamp_max):
    """The segments from their starts, each as long as possible."""
    segments, start = {}, 0
    while start <= clamp_max:
        later = [end for end in ends if end > start]
        fit = lambda cells: fit_segment(convert, table, start, min(later[cells - 1], clamp_max + 1))
        # If a segment fits, so does any shorter one: bisect.
        longest = bisect.bisect_left(range(1, len(later) + 1), True, key=lambda cells: fit(cells) is None)
        segments[start] = fit(longest)
        start = later[longest - 1]
    return segments


def per_channel_source(name, convert, coarse_offset):
    table = np.minimum(np.floor(convert(CODES) + 0.5), 65535)
    clamp_max = int(np.argmax(table == table[-1]))
    fine = np.arange(CELLS) * FINE_CELL
    coarse = np.maximum(np.arange(CELLS + 2) * COARSE_CELL - coarse_offset, FINE_END)
    segments = fit_segments(convert, table, np.unique(np.r_[fine, coarse]).tolist(), clamp_max)
    starts = list(segments)
    cells = lambda codes: ", ".join(str(bisect.bisect(starts, code) - 1) for code in codes)
    origin, *coefficients = ([*row, *[np.float32(0)] * (SEGMENTS - len(row))] for row in zip(*segments.values()))
    return f"""
#[cfg(any(target_arch = "x86_64", test))]
pub static {name}: Polynomials = Polynomials {{
    clamp_max: {clamp_max},
    coarse_offset: {coarse_offset},
    fine: [{cells(fine)}],
    coarse: [{cells(coarse[:CELLS])}],
    origin: [{floats(origin)}],
    coefficients: [
{"".join(f"        [{floats(row)}],{chr(10)}" for row in coefficients)}    ],
}};
"""


# The HLG OETF changes from a square root to a logarithm at scene light 1/12: a boundary of coarse cells.
kink = int(np.ceil(65535 * pq_inverse_eotf(PEAK / 12**GAMMA)))
hlg_to_pq_source = per_channel_source("HLG_TO_PQ", hlg_to_pq, 0)
pq_to_hlg_source = per_channel_source("PQ_TO_HLG", pq_to_hlg, COARSE_CELL - kink % COARSE_CELL)
OUTPUT.write_text(HEADER + luminance_source() + hlg_to_pq_source + pq_to_hlg_source)
