//! Samples that other threads may read and write at any time, as those of a SharedArrayBuffer.
//!
//! Kernels do not know of them: each block is copied, converted, and copied to where it belongs.

use std::ops::Range;
use std::slice;
use std::sync::atomic::{AtomicU8, AtomicU16, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::conversion::Sample;
use super::prefetch::{LINE, prefetch};

/// The number of samples that are copied at a time: see [`super`].
const BLOCK: usize = 3 * 1024;

/// Access by words holds it for reading, access by bytes for writing: Rust does not define races between
/// accesses of different sizes. Memory at odd addresses is rare.
static ACCESS: RwLock<()> = RwLock::new(());

/// Samples in shared memory.
pub struct SharedSamples<'memory>(Access<'memory>);

enum Access<'memory> {
    /// At even addresses. Another thread sees a sample before or after it is written.
    Words { words: &'memory [AtomicU16], _guard: RwLockReadGuard<'static, ()> },
    /// At odd addresses. Another thread may see one byte from before and one from after.
    Bytes { pairs: &'memory [[AtomicU8; 2]], _guard: RwLockWriteGuard<'static, ()> },
}

impl SharedSamples<'_> {
    /// Gets access to `count` samples, once no other thread has access by another size.
    ///
    /// # Safety
    /// `start` must be valid for reads and writes of `count` samples, as long as the lifetime lasts, and Rust
    /// must access them by this type only. Races with JavaScript are undefined in Rust, but its atomics are
    /// the same single loads and stores. No value is trusted.
    #[expect(unsafe_code, reason = "the memory belongs to a runtime")]
    pub unsafe fn new(start: *mut Sample, count: usize) -> Self {
        SharedSamples(if start.addr().is_multiple_of(align_of::<AtomicU16>()) {
            let _guard = ACCESS.read().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: the memory is aligned to words. The caller vouches for the rest.
            Access::Words { words: unsafe { slice::from_raw_parts(start.cast(), count) }, _guard }
        } else {
            let _guard = ACCESS.write().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: pairs of bytes need no alignment. The caller vouches for the rest.
            Access::Bytes { pairs: unsafe { slice::from_raw_parts(start.cast(), count) }, _guard }
        })
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        match &self.0 {
            Access::Words { words, .. } => words.len(),
            Access::Bytes { pairs, .. } => pairs.len(),
        }
    }

    /// Whether there are no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies a range block by block, and calls `run` with where each begins, and the copy.
    pub(super) fn for_each_copy(&self, range: Range<usize>, mut run: impl FnMut(usize, &mut [Sample])) {
        let mut block = [[0; 2]; BLOCK];
        let end = range.end;
        for at in range.step_by(BLOCK) {
            let copy = &mut block[..BLOCK.min(end - at)];
            self.read(at, copy);
            run(at, copy);
        }
    }

    fn read(&self, at: usize, copy: &mut [Sample]) {
        let range = at..at + copy.len();
        match &self.0 {
            Access::Words { words, .. } => {
                for (line, copy) in words[range].chunks(LINE).zip(copy.chunks_mut(LINE)) {
                    prefetch(line.as_ptr().cast());
                    for (word, copy) in line.iter().zip(copy) {
                        *copy = word.load(Relaxed).to_ne_bytes();
                    }
                }
            }
            Access::Bytes { pairs, .. } => {
                for ([low, high], copy) in pairs[range].iter().zip(copy) {
                    *copy = [low.load(Relaxed), high.load(Relaxed)];
                }
            }
        }
    }

    /// Replaces the samples from `at`.
    pub(super) fn write(&self, at: usize, samples: &[Sample]) {
        let range = at..at + samples.len();
        match &self.0 {
            Access::Words { words, .. } => {
                for (word, sample) in words[range].iter().zip(samples) {
                    word.store(u16::from_ne_bytes(*sample), Relaxed);
                }
            }
            Access::Bytes { pairs, .. } => {
                for ([low, high], sample) in pairs[range].iter().zip(samples) {
                    low.store(sample[0], Relaxed);
                    high.store(sample[1], Relaxed);
                }
            }
        }
    }
}
