//! The error of the conversion by luminance, compared with `f64`. `cargo test --test precision -- --nocapture` prints it.

use hdr_image_transfer_cache::convert::{Conversion, Ootf, Rendering, Sample};
use hdr_image_transfer_cache::curves::{Direction, HlgDisplay};

type Pixel = [u16; 3];

/// The colours to convert.
fn colours() -> Vec<(&'static str, Vec<Pixel>)> {
    let greys = (0..=u16::MAX).map(|code| [code; 3]).collect();
    let level = |step: u32| (step * 65535 / 63) as u16;
    let cube = (0..1 << 18).map(|at: u32| [at >> 12, (at >> 6) % 64, at % 64].map(level)).collect();
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
    vec![("greys", greys), ("cube", cube), ("primaries", primaries), ("random", random)]
}

fn exact(direction: Direction, display: HlgDisplay, pixel: Pixel) -> Pixel {
    let signals = direction.convert_pixel(pixel.map(|code| f64::from(code) / 65535.0), display);
    signals.map(|signal| (65535.0 * signal).round() as u16)
}

fn converted(conversion: Conversion, pixels: &[Pixel]) -> Vec<Pixel> {
    let mut samples: Vec<Sample> = pixels.as_flattened().iter().map(|code| code.to_le_bytes()).collect();
    conversion.convert_image_in_place(&mut samples);
    samples.as_chunks().0.iter().map(|pixel| pixel.map(u16::from_le_bytes)).collect()
}

fn differences<'a>(a: &'a [Pixel], b: &'a [Pixel]) -> impl Iterator<Item = u16> + 'a {
    a.as_flattened().iter().zip(b.as_flattened()).map(|(a, b)| a.abs_diff(*b))
}

#[test]
fn the_conversion_by_luminance_is_within_one_code() {
    let colours = colours();
    println!("{:8} {:>6} {:10} {:>4} {:>8}", "", "cd/m²", "colours", "max", "mean");
    for direction in [Direction::PqToHlg, Direction::HlgToPq] {
        for peak in [1000.0, 600.0, 2000.0, 4000.0, 1.0, 10_000.0] {
            let display = HlgDisplay::new(peak).unwrap();
            let conversion =
                Conversion { direction, rendering: Rendering { ootf: Ootf::Luminance, display } };
            for (name, pixels) in &colours {
                let exact: Vec<Pixel> =
                    pixels.iter().map(|pixel| exact(direction, display, *pixel)).collect();
                let converted = converted(conversion, pixels);
                let max = differences(&exact, &converted).max().unwrap();
                let sum: u64 = differences(&exact, &converted).map(u64::from).sum();
                let mean = sum as f64 / (3 * pixels.len()) as f64;
                println!("{direction:?} {peak:6} {name:10} {max:4} {mean:8.5}");
                assert!(max <= 1, "{direction:?} at {peak} cd/m²: {name} are off by {max}");
                assert!(mean <= 0.01, "{direction:?} at {peak} cd/m²: {name} are off by {mean} in the mean");
            }
        }
    }
}

#[test]
fn greys_equal_the_per_channel_conversion() {
    let greys: Vec<Pixel> = (0..=u16::MAX).map(|code| [code; 3]).collect();
    for direction in [Direction::PqToHlg, Direction::HlgToPq] {
        for peak in [1.0, 600.0, 1000.0, 4000.0, 10_000.0] {
            let display = HlgDisplay::new(peak).unwrap();
            let by =
                |ootf| converted(Conversion { direction, rendering: Rendering { ootf, display } }, &greys);
            assert!(differences(&by(Ootf::PerChannel), &by(Ootf::Luminance)).max() <= Some(1));
        }
    }
}

#[test]
fn black_stays_black_and_white_clips() {
    for peak in [1.0, 250.0, 1000.0, 10_000.0] {
        let display = HlgDisplay::new(peak).unwrap();
        for direction in [Direction::PqToHlg, Direction::HlgToPq] {
            let conversion =
                Conversion { direction, rendering: Rendering { ootf: Ootf::Luminance, display } };
            assert_eq!(converted(conversion, &[[0; 3]]), [[0; 3]]);
            // With light in one channel only, the others stay black.
            for channel in 0..3 {
                for code in [1, 65535] {
                    let mut pixel = [0; 3];
                    pixel[channel] = code;
                    let result = converted(conversion, &[pixel])[0];
                    assert!(
                        (0..3).all(|other| other == channel || result[other] == 0),
                        "{pixel:?}: {result:?}"
                    );
                }
            }
        }
        let to_hlg = Conversion {
            direction: Direction::PqToHlg,
            rendering: Rendering { ootf: Ootf::Luminance, display },
        };
        assert_eq!(converted(to_hlg, &[[65535; 3]]), [[65535; 3]]);
    }
}

/// On the reference display.
#[test]
fn round_trips_by_luminance_are_within_two_codes() {
    let rendering = Rendering { ootf: Ootf::Luminance, display: HlgDisplay::REFERENCE };
    let to_hlg = Conversion { direction: Direction::PqToHlg, rendering };
    let to_pq = Conversion { direction: Direction::HlgToPq, rendering };
    for (first, second, bound) in [(to_hlg, to_pq, 2), (to_pq, to_hlg, 1)] {
        for (name, pixels) in &colours() {
            let converted_pixels = converted(first, pixels);
            let returned = converted(second, &converted_pixels);
            // A clipped pixel does not return.
            let is_unclipped = |pixel: &Pixel| first != to_hlg || pixel.iter().all(|code| *code < 65535);
            let max = (0..pixels.len())
                .filter(|at| is_unclipped(&converted_pixels[*at]))
                .flat_map(|at| differences(&pixels[at..=at], &returned[at..=at]))
                .max();
            println!("{:?}, round trip, {name}: {max:?}", first.direction);
            assert!(max <= Some(bound), "{:?}, round trip: {name} are off by {max:?}", first.direction);
        }
    }
}
