//! Splitting an image across threads.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::available_parallelism;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// The number of samples that a thread takes at a time: see [`super`].
pub const CHUNK: usize = 3 << 17;

/// The fewest samples worth a second thread: 2 MiB. Waking it takes as long as converting some hundred KiB.
const SMALLEST_IMAGE: usize = 1 << 20;

/// The limit on threads, as a multiple of the processors. More take long to start, and gain nothing.
const MAX_THREADS_PER_PROCESSOR: usize = 4;

/// Runs `run` for each chunk of `count` samples, on this thread and, for a large image, on those of the pool.
///
/// Not by rayon's `par_bridge`, which leaves all to the pool while this thread waits: on two threads, a conversion then took up to
/// twice as long (`npm run bench -- inPlace --against`).
pub fn for_each_chunk<Chunk: Send>(
    count: usize,
    chunks: impl Iterator<Item = Chunk> + Send,
    run: impl Fn(Chunk) + Sync,
) {
    let pool = if count < SMALLEST_IMAGE { None } else { pool() };
    let Some(pool) = pool else { return chunks.for_each(run) };
    let chunks = Mutex::new(chunks);
    let run_all = || {
        // Not in the condition of the loop, which would hold the lock.
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some(chunk) = next() {
            run(chunk);
        }
    };
    pool.in_place_scope(|scope| {
        for _ in 1..pool.current_num_threads().min(count.div_ceil(CHUNK)) {
            scope.spawn(|_| run_all());
        }
        run_all();
    });
}

/// The thread pool, started for the first large image; `None` if it has one thread or cannot be started.
fn pool() -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    POOL.get_or_init(|| {
        let threads = thread_count(std::env::var("RAYON_NUM_THREADS").ok().as_deref());
        if threads == 1 { None } else { ThreadPoolBuilder::new().num_threads(threads).build().ok() }
    })
    .as_ref()
}

/// As many threads as `setting` says, by default as many as there are processors.
fn thread_count(setting: Option<&str>) -> usize {
    let processors = available_parallelism().map_or(1, usize::from);
    let wanted = setting.and_then(|setting| setting.parse().ok()).filter(|count| *count > 0);
    wanted.unwrap_or(processors).min(MAX_THREADS_PER_PROCESSOR * processors)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Condvar;
    use std::thread::{self, ThreadId};
    use std::time::Duration;

    use super::*;

    /// Each chunk waits until the other runs, too.
    #[test]
    fn chunks_run_at_the_same_time() {
        if thread_count(None) == 1 {
            return;
        }
        let threads = Mutex::new(HashSet::<ThreadId>::new());
        let arrived = Condvar::new();
        for_each_chunk(SMALLEST_IMAGE, 0..2, |_| {
            let mut seen = threads.lock().unwrap();
            seen.insert(thread::current().id());
            arrived.notify_all();
            let alone = |seen: &mut HashSet<ThreadId>| seen.len() < 2;
            let limit = Duration::from_secs(60);
            let timeout = arrived.wait_timeout_while(seen, limit, alone).unwrap().1;
            assert!(!timeout.timed_out(), "the chunks ran one after the other");
        });
    }

    #[test]
    fn a_small_image_stays_on_its_thread() {
        let this = thread::current().id();
        for_each_chunk(SMALLEST_IMAGE - 1, 0..2, |_| assert_eq!(thread::current().id(), this));
    }

    #[test]
    fn a_panic_on_any_thread_reaches_the_caller() {
        for panicking in 0..2 {
            let run = || for_each_chunk(SMALLEST_IMAGE, 0..2, |chunk| assert_ne!(chunk, panicking));
            assert!(std::panic::catch_unwind(run).is_err());
        }
    }

    #[test]
    fn the_number_of_threads_is_capped() {
        let processors = available_parallelism().map_or(1, usize::from);
        assert_eq!(thread_count(None), processors);
        assert_eq!(thread_count(Some("0")), processors);
        assert_eq!(thread_count(Some("many")), processors);
        assert_eq!(thread_count(Some("1")), 1);
        assert_eq!(thread_count(Some("20000")), MAX_THREADS_PER_PROCESSOR * processors);
    }
}
