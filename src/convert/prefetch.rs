//! Asking for memory before it is read.

use super::conversion::Sample;

/// How far ahead of the conversion memory is asked for, in samples: 4 KiB. The prefetchers of processors stop
/// at the end of a page, where the conversion would wait. From 4 to 32 KiB made no difference; shorter
/// distances gain less.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 2048;

/// The number of samples in a cache line. A kernel asks for one line with each line that it converts.
pub const LINE: usize = 32;

/// Prefetches the cache line `AHEAD` samples after `at`. Stable Rust can do that on x86-64 only.
#[inline(always)]
pub fn prefetch(at: *const Sample) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: a prefetch reads nothing that the program sees, and never faults, whatever the address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(AHEAD).cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}
