//! Memory that is written for the first time.
//!
//! The operating system provides a page when it is first touched. For an image, with pages of 4 KiB, that
//! takes longer than the conversion; with huge pages of 2 MiB it does not.

/// Below this, huge pages are not worth asking for: there may be no whole one within.
const LARGE: usize = 4 << 20;

/// Asks for huge pages for the part of `memory` that they can cover. On other systems than Linux, and where
/// the system does not grant it, nothing happens. It holds as long as the memory is mapped.
pub fn ask_for_huge_pages<T>(memory: &mut [T]) {
    if size_of_val(memory) >= LARGE {
        #[cfg(target_os = "linux")]
        linux::ask_for_huge_pages(memory.as_mut_ptr().cast(), size_of_val(memory));
    }
}

#[cfg(target_os = "linux")]
mod linux {
    /// The size of a huge page on x86-64 and, with base pages of 4 KiB, on arm64.
    const HUGE_PAGE: usize = 2 << 20;

    pub fn ask_for_huge_pages(start: *mut u8, length: usize) {
        let skipped = start.align_offset(HUGE_PAGE);
        let covered = length.saturating_sub(skipped) / HUGE_PAGE * HUGE_PAGE;
        let interior = start.wrapping_add(skipped);
        #[expect(unsafe_code, reason = "there is no safe call for this advice")]
        // SAFETY: the range is within memory that the caller owns, and this advice changes no byte of it.
        unsafe {
            libc::madvise(interior.cast(), covered, libc::MADV_HUGEPAGE);
        }
    }
}
