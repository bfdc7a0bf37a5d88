//! Splitting an image across threads.

use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, available_parallelism};

/// The number of samples that a thread takes at a time: see [`super`].
pub const CHUNK: usize = 3 << 17;

/// The fewest samples worth a second thread: 2 MiB.
const SMALLEST_IMAGE: usize = 1 << 20;

/// The number of samples that are converted while a thread starts, in about 20 µs: 192 KiB.
const START: usize = 3 << 15;

/// Runs `run` for each chunk of an image of `count` samples, on this thread and, for a large image, on
/// others, which have ended when this returns.
///
/// They are threads of this call alone: in a pool, it would wait for chunks of other images.
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
/// Threads start one after the other, so `n` of them take `n · START` until the last one starts, and then
/// `count / n` to convert. The sum is least where both are equal.
fn threads_for(count: usize, max_threads: usize) -> usize {
    if count < SMALLEST_IMAGE { 1 } else { (count / START).isqrt().min(max_threads) }
}

/// The most threads for an image: as many as `HDR_IMAGE_TRANSFER_THREADS` says, by default one more than there
/// are processors. The environment is read once.
///
/// One more, since the kernel of a virtual machine may start a thread on the processor of its caller, and leave
/// both there while another processor is idle: on two processors, a miss of 50 MB took 17 ms with two threads
/// and 10 ms with three (medians).
fn max_threads() -> usize {
    static MAX: OnceLock<usize> = OnceLock::new();
    *MAX.get_or_init(|| {
        let setting = std::env::var("HDR_IMAGE_TRANSFER_THREADS").ok();
        let threads = setting.and_then(|setting| setting.parse().ok()).filter(|threads| *threads > 0);
        threads.unwrap_or_else(default_threads)
    })
}

fn default_threads() -> usize {
    match available_parallelism().map_or(1, usize::from) {
        1 => 1,
        processors => processors + 1,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::panic::catch_unwind;
    use std::process::Command;
    use std::sync::Barrier;

    use super::*;

    const LARGE_IMAGE: usize = 1 << 30;

    #[test]
    fn a_small_image_stays_on_its_thread() {
        let this = thread::current().id();
        for_each_chunk(SMALLEST_IMAGE - 1, 0..2, |_| assert_eq!(thread::current().id(), this));
    }

    #[test]
    fn one_processor_has_one_thread_and_others_have_one_more() {
        let processors = available_parallelism().unwrap().get();
        assert_eq!(default_threads(), if processors == 1 { 1 } else { processors + 1 });
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
        let default = default_threads();
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
        for panicking in 0..2 {
            let run = || for_each_chunk(LARGE_IMAGE, 0..2, |chunk| assert_ne!(chunk, panicking));
            let panic = catch_unwind(run).unwrap_err();
            assert!(panic.downcast_ref::<String>().unwrap().contains("left != right"));
        }
    }
}
