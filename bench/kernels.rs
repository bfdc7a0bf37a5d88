//! The kernels on a 4K image, compared with `memcpy`: `cargo bench --no-default-features`.
//!
//! Each on one thread, and the fastest one on all threads, in place and out of place, in memory that is in
//! use.

use std::hint::black_box;
use std::mem::MaybeUninit;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hdr_image_transfer_cache::convert::{Conversion, InstructionSet, Kernel, Ootf, Rendering, Sample};
use hdr_image_transfer_cache::curves::Direction;

const SAMPLES: usize = 3840 * 2160 * 3;

/// Samples like those of a gradient, of a photograph, and of noise.
fn data() -> [(&'static str, Vec<Sample>); 3] {
    let mut state = 1u32;
    let mut noise = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    let smooth = |at: usize| 32768.0 + 30000.0 * (at as f64 / 5000.0).sin();
    let samples =
        |code: &mut dyn FnMut(usize) -> u16| (0..SAMPLES).map(|at| code(at).to_le_bytes()).collect();
    [
        ("smooth", samples(&mut |at| smooth(at) as u16)),
        ("photographic", samples(&mut |at| (smooth(at) + f64::from(noise() % 2048)) as u16)),
        ("random", samples(&mut |_| noise() as u16)),
    ]
}

fn kernels(criterion: &mut Criterion) {
    for (name, source) in data() {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Bytes(size_of_val(&source[..]) as u64));
        group.sample_size(30);
        let mut copy = source.clone();
        group.bench_function("memcpy", |bencher| {
            bencher.iter(|| black_box(&mut copy).copy_from_slice(black_box(&source)));
        });
        let mut target = vec![MaybeUninit::uninit(); source.len()];
        for (direction, ootf) in [
            (Direction::PqToHlg, Ootf::PerChannel),
            (Direction::HlgToPq, Ootf::PerChannel),
            (Direction::PqToHlg, Ootf::Luminance),
            (Direction::HlgToPq, Ootf::Luminance),
        ] {
            let rendering = Rendering { ootf, ..Rendering::default() };
            let conversion = Conversion { direction, rendering };
            for set in InstructionSet::supported() {
                let kernel = Kernel::new(conversion, set);
                let name = format!("{direction:?}/{ootf:?}/{set:?}, one thread");
                group.bench_function(format!("{name}, out of place"), |bencher| {
                    bencher.iter(|| kernel.convert(black_box(&source), black_box(&mut target)));
                });
                group.bench_function(format!("{name}, in place"), |bencher| {
                    bencher.iter(|| kernel.convert_in_place(black_box(&mut copy)));
                });
            }
            group.bench_function(format!("{direction:?}/{ootf:?}/best, all threads"), |bencher| {
                bencher.iter(|| conversion.convert_image(black_box(&source), black_box(&mut target)));
            });
        }
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
