//! Splitting an image across threads.

use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, available_parallelism};

/// The number of samples that a thread takes at a time: see [`super`].
pub const CHUNK: usize = 3 << 17;

/// The fewest samples worth a second thread: 2 MiB.
const SMALLEST_IMAGE: usize = 1 << 20;

/// The number of samples that are converted in the 20 µs that a thread takes to start: 192 KiB.
const SAMPLES_PER_START: usize = 3 << 15;

/// Runs `run` for each chunk of an image of `count` samples, on this thread and, for a large image, on
/// others, which have ended when this returns.
///
/// They are threads of this call alone: in a pool, this call would wait for chunks of other images.
pub fn for_each_chunk<Chunk: Send>(
    count: usize,
    chunks: impl Iterator<Item = Chunk> + Send,
    run: impl Fn(Chunk) + Sync,
) {
    let threads = threads_for(count, max_threads());
    if threads == 1 {
        // A scope allocates, which takes as long as converting some pixels.
        return chunks.for_each(run);
    }
    let chunks = Mutex::new(chunks);
    let run_all = || {
        // Not in the condition of the loop, which would hold the lock.
        let next = || chunks.lock().unwrap_or_else(PoisonError::into_inner).next();
        while let Some(chunk) = next() {
            run(chunk);
        }
    };
    thread::scope(|scope| {
        // Where the system starts no more threads, fewer convert.
        let start = |_| thread::Builder::new().spawn_scoped(scope, run_all).ok();
        let started: Vec<_> = (1..threads).map_while(start).collect();
        run_all();
        // The scope waits until `run_all` returns, but not until the threads have left the code of the addon,
        // which some systems unload with the last worker that loaded it.
        for thread in started {
            if let Err(panic) = thread.join() {
                resume_unwind(panic);
            }
        }
    });
}

/// The number of threads for an image.
///
/// Threads start one after the other, so `n` of them have started after the time of `n · SAMPLES_PER_START`
/// samples, and then convert `count / n` each. The sum is least where both are equal.
fn threads_for(count: usize, max_threads: usize) -> usize {
    if count < SMALLEST_IMAGE { 1 } else { (count / SAMPLES_PER_START).isqrt().min(max_threads) }
}

/// The most threads for an image: as many as `HDR_IMAGE_TRANSFER_THREADS` says, or the default. The
/// environment is read once.
fn max_threads() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| {
        let setting = std::env::var("HDR_IMAGE_TRANSFER_THREADS").ok();
        let threads = setting.and_then(|setting| setting.parse().ok()).filter(|threads| *threads > 0);
        threads.unwrap_or_else(|| default_threads(available_parallelism().map_or(1, usize::from)))
    })
}

/// One more than there are processors, unless there is one.
///
/// In a virtual machine, the scheduler may start a thread on the processor of its caller, and leave both
/// there while another one is idle. On two processors, a miss at 4K took 15 ms with two threads, and 11 ms with
/// three (medians of `npm run bench -- misses` with `HDR_IMAGE_TRANSFER_THREADS` 2 and 3).
fn default_threads(processors: usize) -> usize {
    if processors == 1 { 1 } else { processors + 1 }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::catch_unwind;
    use std::process::Command;
    use std::sync::Barrier;

    use super::*;

    const LARGE_IMAGE: usize = usize::MAX;

    #[test]
    fn a_small_image_stays_on_its_thread() {
        let this = thread::current().id();
        for_each_chunk(SMALLEST_IMAGE - 1, 0..2, |_| assert_eq!(thread::current().id(), this));
    }

    #[test]
    fn by_default_there_is_one_thread_more_than_processors() {
        assert_eq!([1, 2, 8].map(default_threads), [1, 3, 9]);
    }

    #[test]
    fn the_number_of_threads_follows_the_size() {
        for (mib, expected) in [(0, 1), (1, 1), (2, 3), (12, 8), (48, 16), (192, 32)] {
            assert_eq!(threads_for(mib << 19, 100), expected, "{mib} MiB");
        }
        assert_eq!(threads_for(LARGE_IMAGE, 5), 5);
    }

    /// In processes of their own, since the environment is read once.
    #[test]
    fn the_environment_variable_is_the_number_of_threads() {
        let default = default_threads(available_parallelism().unwrap().get());
        for (setting, expected) in
            [("1", 1), ("2", 2), ("7", 7), ("0", default), ("many", default), ("", default)]
        {
            const CHILD: &str = "convert::threads::tests::child_uses_so_many_threads";
            let child = Command::new(std::env::current_exe().unwrap())
                .args([CHILD, "--exact", "--ignored"])
                .env("HDR_IMAGE_TRANSFER_THREADS", setting)
                .env("EXPECTED_THREADS", expected.to_string())
                .status();
            assert!(child.unwrap().success(), "{setting:?}");
        }
    }

    /// Each of the first chunks waits until all of them run: on as many threads, or for ever.
    #[test]
    #[ignore = "run by the test above"]
    fn child_uses_so_many_threads() {
        let expected = std::env::var("EXPECTED_THREADS").unwrap().parse().unwrap();
        let all_run = Barrier::new(expected);
        let seen = Mutex::new(HashSet::new());
        for_each_chunk(LARGE_IMAGE, 0..10 * expected, |chunk| {
            seen.lock().unwrap().insert(thread::current().id());
            if chunk < expected {
                all_run.wait();
            }
        });
        assert_eq!(seen.into_inner().unwrap().len(), expected);
    }

    #[test]
    fn a_panic_on_any_thread_reaches_the_caller() {
        if max_threads() == 1 {
            return;
        }
        for panicking in 0..2 {
            // Each chunk waits for the other, so that each has a thread.
            let both_run = Barrier::new(2);
            let run = |chunk| {
                both_run.wait();
                assert_ne!(chunk, panicking);
            };
            let panic = catch_unwind(|| for_each_chunk(LARGE_IMAGE, 0..2, run)).unwrap_err();
            assert!(panic.downcast_ref::<String>().unwrap().contains("left != right"));
        }
    }
}
