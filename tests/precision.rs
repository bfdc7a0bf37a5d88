//! The numbers of `docs/colour.md`. `cargo test --no-default-features --test precision -- --nocapture` prints
//! them.

#![expect(clippy::unwrap_used, reason = "Clippy does not take the helpers for tests")]

use hdr_image_transfer_cache::convert::{Conversion, Ootf, Rendering, Sample};
use hdr_image_transfer_cache::curves::{
    Direction, HlgDisplay, hlg_inverse_oetf, hlg_oetf, luminance, pq_inverse_eotf,
};

type Pixel = [u16; 3];

/// Prints a line of `docs/colour.md`, or a part of one. Fails if the document does not have it.
fn document_says(text: &str) {
    println!("{text}");
    let document = include_str!("../docs/colour.md").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(document.contains(text), "docs/colour.md does not say: {text}");
}

fn display(peak: f64) -> HlgDisplay {
    HlgDisplay::new(peak).unwrap()
}

/// The colours to convert.
fn colours() -> Vec<(&'static str, Vec<Pixel>)> {
    let greys = (0..=u16::MAX).map(|code| [code; 3]).collect();
    let cube = |level: fn(u32) -> u16| {
        (0..1 << 18).map(|at: u32| [at >> 12, (at >> 6) % 64, at % 64].map(level)).collect()
    };
    // Red, green, blue, yellow, magenta, cyan.
    let hues = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]];
    let steps = (0..=1024).map(|step: u32| (step * 65535 / 1024) as u16);
    let primaries = steps.flat_map(|code| hues.map(|hue| hue.map(|channel| channel * code))).collect();
    let mut state = 1u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 48) as u16
    };
    let random = (0..1_000_000).map(|_| [noise(), noise(), noise()]).collect();
    vec![
        ("greys", greys),
        ("cube", cube(|step| (step * 65535 / 63) as u16)),
        ("dark", cube(|step| step as u16)),
        ("primaries", primaries),
        ("random", random),
    ]
}

fn exact(direction: Direction, display: HlgDisplay, pixel: Pixel) -> Pixel {
    let signals = direction.convert_pixel(pixel.map(|code| f64::from(code) / 65535.0), display);
    signals.map(|signal| (65535.0 * signal).round() as u16)
}

fn converted(direction: Direction, ootf: Ootf, display: HlgDisplay, pixels: &[Pixel]) -> Vec<Pixel> {
    let mut samples: Vec<Sample> = pixels.as_flattened().iter().map(|code| code.to_le_bytes()).collect();
    Conversion { direction, rendering: Rendering { ootf, display } }.convert_image_in_place(&mut samples);
    samples.as_chunks().0.iter().map(|pixel| pixel.map(u16::from_le_bytes)).collect()
}

fn differences<'a>(a: &'a [Pixel], b: &'a [Pixel]) -> impl Iterator<Item = u16> + 'a {
    a.as_flattened().iter().zip(b.as_flattened()).map(|(a, b)| a.abs_diff(*b))
}

/// Compared with `f64`, with the system gammas that the tests of `curves.rs` take from BT.2100.
#[test]
fn the_conversion_by_luminance_is_within_one_code() {
    let colours = colours();
    println!("{:7} {:>6} {:>6} {:10} {:>4} {:>8}", "", "cd/m²", "γ", "colours", "max", "mean");
    for direction in Direction::ALL {
        for display in [1000.0, 1.0, 399.0, 400.0, 2000.0, 2001.0, 10_000.0].map(display) {
            let (peak, gamma) = (display.peak_luminance(), display.system_gamma());
            for (name, pixels) in &colours {
                let exact: Vec<Pixel> =
                    pixels.iter().map(|pixel| exact(direction, display, *pixel)).collect();
                let converted = converted(direction, Ootf::Luminance, display, pixels);
                let max = differences(&exact, &converted).max().unwrap();
                let sum: u64 = differences(&exact, &converted).map(u64::from).sum();
                let mean = sum as f64 / (3 * pixels.len()) as f64;
                println!("{direction:?} {peak:6} {gamma:6.4} {name:10} {max:4} {mean:8.5}");
                assert!(max <= 1, "{direction:?} at {peak} cd/m²: {name} are off by {max}");
                assert!(mean <= 0.01, "{direction:?} at {peak} cd/m²: {name} are off by {mean} in the mean");
            }
        }
    }
}

#[test]
fn greys_equal_the_per_channel_conversion() {
    let greys: Vec<Pixel> = (0..=u16::MAX).map(|code| [code; 3]).collect();
    for direction in Direction::ALL {
        for display in [1.0, 399.0, 400.0, 1000.0, 2000.0, 2001.0, 10_000.0].map(display) {
            let by = |ootf| converted(direction, ootf, display, &greys);
            let max = differences(&by(Ootf::PerChannel), &by(Ootf::Luminance)).max();
            assert!(max <= Some(1), "{direction:?} at {} cd/m²: {max:?}", display.peak_luminance());
        }
    }
}

#[test]
fn black_stays_black_and_white_clips() {
    for display in [1.0, 250.0, 1000.0, 10_000.0].map(display) {
        let convert = |direction, pixel| converted(direction, Ootf::Luminance, display, &[pixel])[0];
        for direction in Direction::ALL {
            assert_eq!(convert(direction, [0; 3]), [0; 3]);
            // With light in one channel only, the others stay black.
            for channel in 0..3 {
                for code in [1, 65535] {
                    let mut pixel = [0; 3];
                    pixel[channel] = code;
                    let result = convert(direction, pixel);
                    assert!(
                        (0..3).all(|other| other == channel || result[other] == 0),
                        "{pixel:?}: {result:?}"
                    );
                }
            }
        }
        assert_eq!(convert(Direction::PqToHlg, [65535; 3]), [65535; 3]);
    }
}

/// The largest difference after a conversion and the one back, in both orders, of pixels that do not clip.
fn round_trip(ootf: Ootf, display: HlgDisplay, pixels: &[Pixel]) -> u16 {
    let worst = |first, second| {
        let there = converted(first, ootf, display, pixels);
        let back = converted(second, ootf, display, &there);
        let is_unclipped = |at: &usize| first != Direction::PqToHlg || !there[*at].contains(&65535);
        let unclipped = (0..pixels.len()).filter(is_unclipped);
        unclipped.flat_map(|at| differences(&pixels[at..=at], &back[at..=at])).max()
    };
    let [to_hlg, to_pq] = Direction::ALL;
    worst(to_hlg, to_pq).max(worst(to_pq, to_hlg)).unwrap()
}

#[test]
fn round_trips_are_as_documented() {
    let pixels: Vec<Pixel> = colours().into_iter().flat_map(|(_, pixels)| pixels).collect();
    let worst = |peaks: &[f64]| {
        [Ootf::PerChannel, Ootf::Luminance]
            .map(|ootf| peaks.iter().map(|peak| round_trip(ootf, display(*peak), &pixels)).max().unwrap())
    };
    let [per_channel, by_luminance] = worst(&[1000.0]);
    document_says(&format!("by up to {per_channel} per channel and {by_luminance} by luminance"));
    let [per_channel, by_luminance] = worst(&[203.0, 399.0, 400.0, 600.0, 2000.0]);
    document_says(&format!("from 203 to 2000 cd/m² by up to {per_channel} and {by_luminance}"));
    for peak in [10_000.0, 1.0] {
        let [per_channel, by_luminance] = worst(&[peak]);
        document_says(&format!("{per_channel} and {by_luminance} at {peak} cd/m²"));
    }
}

/// CIE u′, v′ of display light with the primaries of BT.2020.
fn chromaticity([r, g, b]: [f64; 3]) -> [f64; 2] {
    let x = 0.6370 * r + 0.1446 * g + 0.1689 * b;
    let y = luminance([r, g, b]);
    let z = 0.0281 * g + 1.0610 * b;
    [4.0 * x, 9.0 * y].map(|value| value / (x + 15.0 * y + 3.0 * z))
}

/// The angle of u′, v′ about white, in degrees.
fn hue(light: [f64; 3]) -> f64 {
    let ([u, v], [white_u, white_v]) = (chromaticity(light), chromaticity([1.0; 3]));
    (v - white_v).atan2(u - white_u).to_degrees()
}

#[test]
fn the_system_gamma_is_as_documented() {
    let gamma = |peak| display(peak).system_gamma();
    let step = |peak: f64| gamma(peak.next_down()).max(gamma(peak.next_up())) - gamma(peak);
    document_says(&format!("lower by {:.3} at 400 and by {:.3} at 2000 cd/m²", step(400.0), step(2000.0)));
    document_says(&format!("{:.2} at 1 cd/m²", gamma(1.0)));
    let last_below_one = (1..1000).rfind(|peak| gamma(f64::from(*peak)) < 1.0).unwrap();
    document_says(&format!("above {last_below_one} cd/m², where γ is above 1"));
}

#[test]
fn colours_are_as_documented() {
    let display = HlgDisplay::REFERENCE;
    let by_luminance = |signals: [f64; 3]| display.ootf(signals.map(hlg_inverse_oetf));
    let per_channel = |signals: [f64; 3]| signals.map(hlg_inverse_oetf).map(|e| display.ootf_per_channel(e));

    let blue = [0.0, 0.0, 0.75];
    document_says(&format!(
        "75 % blue has {:.0} cd/m² in its channel, not {:.0}",
        per_channel(blue)[2],
        by_luminance(blue)[2]
    ));
    let orange = [0.75, 0.5, 0.0];
    document_says(&format!(
        "75 % red with 50 % green a hue angle (CIE u′v′) of {:.1}°, not {:.1}°",
        hue(per_channel(orange)),
        hue(by_luminance(orange))
    ));

    // In 10 bits, narrow range, as in BT.2111-3.
    let code = |signal: f64| (64.0 + 876.0 * signal).round();
    let signal = |code: f64| (code - 64.0) / 876.0;
    let bar = [0.0, 0.0, signal(721.0)];
    document_says(&format!("({} in 10 bits)", code(pq_inverse_eotf(per_channel(bar)[2]))));
    let by_luminance = code(pq_inverse_eotf(by_luminance(bar)[2]));
    println!("by luminance, the blue bar becomes {by_luminance}");
    assert!(by_luminance < 570.0);
    let white = signal(1019.0);
    document_says(&format!("{:.0} % is {:.0} cd/m²", 100.0 * white, per_channel([white; 3])[0]));
}

#[test]
fn clipping_is_as_documented() {
    let highest = |peak| {
        // The other channels are 0.
        let light = |primary| display(peak).ootf(primary).iter().sum::<f64>();
        let [r, g, b] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]].map(light);
        format!("{r:.0}, {g:.0} and {b:.0} cd/m² at {peak} cd/m²")
    };
    document_says(&format!("the channel of pure red, green and blue ends at {}", highest(1000.0)));
    document_says(&format!("they exceed the peak: {}", highest(203.0)));

    let pixel = [65535, 65535, 30246];
    let blue = |ootf| converted(Direction::PqToHlg, ootf, HlgDisplay::REFERENCE, &[pixel])[0][2];
    let [per_channel, by_luminance] = [Ootf::PerChannel, Ootf::Luminance].map(blue);
    document_says(&format!("PQ {pixel:?} gets the blue {by_luminance}, per channel {per_channel}"));

    // In a `Uint16Array`, results wrap that round to more than 65535.
    let to_hlg = |code| Direction::PqToHlg.convert_signal(f64::from(code) / 65535.0, HlgDisplay::REFERENCE);
    let wraps = |code: &u16| (65535.0 * to_hlg(*code)).round() > 65535.0;
    let wrapped: Vec<u16> = (0..=u16::MAX).filter(wraps).collect();
    document_says(&format!("{} PQ code values, from {} up", wrapped.len(), wrapped[0]));
}

#[test]
fn levels_are_as_documented() {
    let [grey, white] = [26.0, 203.0].map(|light| {
        let hlg = hlg_oetf(HlgDisplay::REFERENCE.inverse_ootf_per_channel(light));
        [pq_inverse_eotf(light), hlg].map(|signal| (100.0 * signal).round())
    });
    document_says(&format!("an 18 % grey card of 26 cd/m² is {} % in PQ", grey[0]));
    assert_eq!(grey[0], grey[1]);
    document_says(&format!("reference white of 203 cd/m² is {} % PQ and {} % HLG", white[0], white[1]));
}
