//! Splitting a large image across threads.

use std::sync::OnceLock;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// From how many samples on an image is split: 2 MiB. Smaller ones take less time than it takes to wake a
/// thread.
const SPLIT: usize = 1 << 20;

/// The fewest samples that are worth a thread.
const SMALLEST_PART: usize = SPLIT / 2;

/// How many samples make up a part of an image, in whole pixels; a small image is one part.
pub fn part_length(count: usize) -> usize {
    let pool = if count < SPLIT { None } else { pool() };
    let threads = pool.map_or(1, ThreadPool::current_num_threads);
    count.div_ceil(threads.min(count / SMALLEST_PART).max(1)).next_multiple_of(3).max(3)
}

/// Converts the first part on this thread, and meanwhile the others on those of the pool.
pub fn convert_parts<Part: Send>(mut parts: impl Iterator<Item = Part>, convert: impl Fn(Part) + Sync) {
    let Some(first) = parts.next() else { return };
    let Some(pool) = (if parts.size_hint().0 > 0 { pool() } else { None }) else {
        return std::iter::once(first).chain(parts).for_each(convert);
    };
    pool.in_place_scope(|scope| {
        for part in parts {
            let convert = &convert;
            scope.spawn(move |_| convert(part));
        }
        convert(first);
    });
}

/// The threads, started for the first large image: as many as there are processors, or as the environment
/// variable `RAYON_NUM_THREADS` says. `None` when that is one, or when they cannot be had.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let build = || ThreadPoolBuilder::new().build().ok().filter(|pool| pool.current_num_threads() > 1);
    POOL.get_or_init(build).as_ref()
}
