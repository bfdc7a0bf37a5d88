//! Providing the pages of new memory.
//!
//! An operating system provides a page when it is first touched, by a page fault. That takes longer than
//! converting the page. Linux can provide many base pages at once (`MADV_POPULATE_WRITE`, Linux 5.14), or
//! huge pages of 2 MiB (`MADV_HUGEPAGE`).
//!
//! Huge pages are fastest, except in a virtual machine whose host takes back free memory, as microVMs and WSL
//! 2 do. Then the host provides each huge page in pages of 4 KiB again. On such a machine (2 cores, Zen 3),
//! 50 MB that were freed 3 s before took 62 ms as huge pages, 21 ms as populated base pages and 28 ms by page
//! faults, on one thread; memory that was just freed took 4, 20 and 27 ms (medians of 4 to 15 runs).

use std::mem::MaybeUninit;

use super::conversion::Sample;
use super::threads::{CHUNK, for_each_chunk};

/// The size of a huge page on x86-64 and, with base pages of 4 KiB, on arm64.
const HUGE_PAGE: usize = 2 << 20;

/// Calls `write` with each chunk of new memory and its index, to initialise it.
///
/// The pages of a chunk are provided just before, by the thread that writes it. Where the system cannot do
/// that, `write` faults them in.
pub fn fill(memory: &mut [MaybeUninit<Sample>], write: impl Fn(usize, &mut [MaybeUninit<Sample>]) + Sync) {
    let has_huge_pages = ask_for_huge_pages(memory);
    let count = memory.len();
    let mut rest = memory;
    let chunks = std::iter::from_fn(|| {
        let at = count - rest.len();
        let chunk = rest.split_off_mut(..chunk_length(rest, has_huge_pages))?;
        (!chunk.is_empty()).then_some((at, chunk))
    });
    for_each_chunk(count, chunks, |(at, chunk)| {
        populate(chunk);
        write(at, chunk);
    });
}

/// The length of the first chunk of `rest`, the end of the memory. With huge pages, a chunk ends at the first
/// pixel of the next one, so that one thread provides almost all of each.
fn chunk_length(rest: &[MaybeUninit<Sample>], has_huge_pages: bool) -> usize {
    if !has_huge_pages {
        return rest.len().min(CHUNK);
    }
    let start = rest.as_ptr().addr();
    let to_huge_page = (start + 1).next_multiple_of(HUGE_PAGE) - start;
    rest.len().min(to_huge_page.div_ceil(3 * size_of::<Sample>()) * 3)
}

#[cfg(target_os = "linux")]
use linux::{ask_for_huge_pages, populate};

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_memory: &mut [MaybeUninit<Sample>]) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn populate(_chunk: &mut [MaybeUninit<Sample>]) {}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::ops::Range;
    use std::sync::OnceLock;

    use super::*;

    /// Smaller images have few whole huge pages.
    const SMALLEST_WITH_HUGE_PAGES: usize = 2 * HUGE_PAGE;

    /// Asks for huge pages, where they are fastest. Returns whether the system may provide them.
    pub fn ask_for_huge_pages(memory: &mut [MaybeUninit<Sample>]) -> bool {
        size_of_val(memory) >= SMALLEST_WITH_HUGE_PAGES
            && !host_takes_memory_back()
            && advise(memory, whole_pages(memory, HUGE_PAGE), Advice::HugePages)
    }

    /// Provides the whole pages of a chunk.
    pub fn populate(chunk: &mut [MaybeUninit<Sample>]) {
        let pages = whole_pages(chunk, page_size());
        // Recycled memory has its pages.
        if !pages.is_empty() && !is_present(chunk, pages.start) {
            advise(chunk, pages, Advice::PopulateWrite);
        }
    }

    /// Whether the host of a virtual machine takes back the free memory of the guest (free page reporting).
    fn host_takes_memory_back() -> bool {
        const ORDER: &str = "/sys/module/page_reporting/parameters/page_reporting_order";
        static ANSWER: OnceLock<bool> = OnceLock::new();
        *ANSWER.get_or_init(|| fs::read_to_string(ORDER).is_ok_and(|order| is_reported(&order)))
    }

    /// Whether the parameter of the kernel (Linux 5.14) is an order of free pages: from 0 to 10 once a
    /// balloon driver has registered, and −1 or one more than the largest order otherwise.
    pub fn is_reported(order: &str) -> bool {
        order.trim().parse().is_ok_and(|order| (0..=10).contains(&order))
    }

    /// The offsets, in bytes, of the whole pages of `memory`.
    pub fn whole_pages(memory: &[MaybeUninit<Sample>], page: usize) -> Range<usize> {
        let start = memory.as_ptr().addr().next_multiple_of(page) - memory.as_ptr().addr();
        start..start + size_of_val(memory).saturating_sub(start) / page * page
    }

    /// Advice that changes no byte.
    #[derive(Clone, Copy)]
    pub enum Advice {
        HugePages = libc::MADV_HUGEPAGE as isize,
        PopulateWrite = libc::MADV_POPULATE_WRITE as isize,
    }

    pub fn advise(memory: &mut [MaybeUninit<Sample>], range: Range<usize>, advice: Advice) -> bool {
        let address = memory.as_mut_ptr().cast::<u8>().wrapping_add(range.start);
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: neither advice changes a byte, whatever the range.
        let result = unsafe { libc::madvise(address.cast(), range.len(), advice as i32) };
        result == 0
    }

    /// Whether the page that begins at an offset is in memory.
    pub fn is_present(memory: &mut [MaybeUninit<Sample>], offset: usize) -> bool {
        let address = memory.as_mut_ptr().cast::<u8>().wrapping_add(offset);
        let mut presence = 0;
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: `presence` has room for one page. An address that is not mapped would be an error.
        let result = unsafe { libc::mincore(address.cast(), 1, &mut presence) };
        result == 0 && presence & 1 == 1
    }

    pub fn page_size() -> usize {
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: this call has no preconditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(HUGE_PAGE)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    fn memory(count: usize) -> Vec<MaybeUninit<Sample>> {
        vec![MaybeUninit::new([0x12, 0x34]); count]
    }

    #[test]
    fn chunks_are_whole_pixels_and_end_at_huge_pages() {
        let image = memory(3 << 20);
        for has_huge_pages in [false, true] {
            let mut rest = &image[..];
            while !rest.is_empty() {
                let length = chunk_length(rest, has_huge_pages);
                assert!(length > 0 && (length.is_multiple_of(3) || length == rest.len()));
                assert!(length < (HUGE_PAGE + 6) / size_of::<Sample>());
                rest = &rest[length..];
                if has_huge_pages && !rest.is_empty() {
                    assert!(rest.as_ptr().addr() % (2 << 20) < 3 * size_of::<Sample>());
                }
            }
        }
    }

    #[test]
    fn all_samples_are_written_once_and_in_their_place() {
        for count in [0, 1, 1000, CHUNK + 1, (5 << 20) + 7] {
            let mut filled = memory(count);
            let written = AtomicUsize::new(0);
            fill(&mut filled, |start, piece| {
                written.fetch_add(piece.len(), Relaxed);
                let samples = (start..).map(|at| (at as u16).to_le_bytes());
                piece.iter_mut().zip(samples).for_each(|(place, sample)| _ = place.write(sample));
            });
            assert_eq!(written.into_inner(), count);
            for (at, sample) in filled.iter().enumerate() {
                #[expect(unsafe_code, reason = "the samples are initialised")]
                // SAFETY: `memory` has initialised all of them.
                let sample = unsafe { sample.assume_init() };
                assert_eq!(sample, (at as u16).to_le_bytes());
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn pages_of_orders_0_to_10_are_reported() {
        let is_reported = |order| linux::is_reported(order);
        assert!(["0\n", "9\n", "10\n"].into_iter().all(is_reported));
        assert!(!["-1\n", "11\n", "4294967295\n", "\n"].into_iter().any(is_reported));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn whole_pages_are_all_that_are_within() {
        let page = linux::page_size();
        assert!(page >= 4096 && page.is_power_of_two());
        let image = memory(3 * page);
        for part in
            [0..0, 0..5, 0..2 * page, 1..3 * page, 7..page, page / 2..2 * page + 9].map(|range| &image[range])
        {
            let pages = linux::whole_pages(part, page);
            let address = part.as_ptr().addr() + pages.start;
            assert!(address.is_multiple_of(page) && pages.start < page && pages.len().is_multiple_of(page));
            assert!(pages.is_empty() || pages.end <= size_of_val(part));
            assert!(pages.end + page > size_of_val(part));
        }
    }

    /// No other test fails without it: writing provides the pages, too.
    #[cfg(target_os = "linux")]
    #[test]
    fn populated_pages_are_present() {
        use linux::{Advice, advise, is_present, page_size, whole_pages};
        let mut image = Vec::<Sample>::with_capacity(20 << 20);
        let piece = &mut image.spare_capacity_mut()[..CHUNK];
        let pages = whole_pages(piece, page_size());
        let last = pages.end - page_size();
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: it is about no memory, and only an error if Linux does not know the advice: before 5.14.
        let is_known = unsafe { libc::madvise(std::ptr::null_mut(), 0, libc::MADV_POPULATE_WRITE) } == 0;
        assert_eq!(advise(piece, last..last, Advice::PopulateWrite), is_known);
        assert!(!is_present(piece, pages.start) && !is_present(piece, last));
        linux::populate(piece);
        assert_eq!((is_present(piece, pages.start), is_present(piece, last)), (is_known, is_known));
    }
}
