//! Providing the pages of new memory.
//!
//! An operating system provides a page when it is first touched, by a page fault. That takes longer than converting the
//! page. Linux can provide many base pages at once (`MADV_POPULATE_WRITE`, Linux 5.14), or huge pages of 2 MiB
//! (`MADV_HUGEPAGE`).
//!
//! Huge pages are fastest, except in a virtual machine whose host takes back free memory, as microVMs and WSL 2 do. Then
//! the host provides each huge page in pages of 4 KiB again. On such a machine (2 cores, Zen 3), 50 MB that were freed
//! 3 s before took 62 ms as huge pages, 21 ms as populated base pages and 28 ms by page faults, on one thread; memory that
//! was just freed took 4, 20 and 27 ms (medians of 4 to 15 runs).

use std::mem::MaybeUninit;

use super::Sample;
use super::threads::CHUNK;

/// The number of samples to convert after their pages are provided: see [`super`].
pub const PIECE: usize = 3 << 15;

/// The size of a huge page on x86-64 and, with base pages of 4 KiB, on arm64.
const HUGE_PAGE: usize = 2 << 20;

/// An image that is about to be written. Where the system cannot provide its pages, the first write faults them in.
pub struct NewImage {
    has_huge_pages: bool,
}

impl NewImage {
    /// Asks for huge pages, where they are fastest.
    pub fn new(image: &mut [MaybeUninit<Sample>]) -> NewImage {
        #[cfg(target_os = "linux")]
        let has_huge_pages = !linux::host_takes_memory_back() && linux::ask_for_huge_pages(image);
        #[cfg(not(target_os = "linux"))]
        let has_huge_pages = {
            let _ = image;
            false
        };
        NewImage { has_huge_pages }
    }

    /// The length of the first chunk of `rest`, the end of the image. A chunk ends at the first pixel of a huge page, so that
    /// no two threads provide the same one.
    pub fn chunk_length(&self, rest: &[MaybeUninit<Sample>]) -> usize {
        if self.has_huge_pages {
            let start = rest.as_ptr().addr();
            let to_huge_page = (start + 1).next_multiple_of(HUGE_PAGE) - start;
            return rest.len().min(to_huge_page.div_ceil(3 * size_of::<Sample>()) * 3);
        }
        rest.len().min(CHUNK)
    }

    /// Provides the whole pages of a piece.
    pub fn populate(&self, piece: &mut [MaybeUninit<Sample>]) {
        #[cfg(target_os = "linux")]
        linux::populate(piece);
        #[cfg(not(target_os = "linux"))]
        let _ = piece;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::ops::Range;
    use std::path::Path;
    use std::sync::OnceLock;

    use super::*;

    /// Smaller images have few whole huge pages.
    const SMALLEST_WITH_HUGE_PAGES: usize = 2 * HUGE_PAGE;

    pub fn ask_for_huge_pages(image: &mut [MaybeUninit<Sample>]) -> bool {
        size_of_val(image) >= SMALLEST_WITH_HUGE_PAGES
            && advise(image, whole_pages(image, HUGE_PAGE), Advice::HugePages)
    }

    pub fn populate(piece: &mut [MaybeUninit<Sample>]) {
        let pages = whole_pages(piece, page_size());
        // Recycled memory has its pages, and so have huge pages after their first piece.
        if !pages.is_empty() && !is_present(piece, pages.start) {
            advise(piece, pages, Advice::PopulateWrite);
        }
    }

    /// Whether the host of a virtual machine takes back the free memory of the guest (free page reporting).
    pub fn host_takes_memory_back() -> bool {
        static ANSWER: OnceLock<bool> = OnceLock::new();
        *ANSWER.get_or_init(|| {
            has_reporting_balloon() || Path::new("/sys/bus/vmbus/drivers/hv_balloon").exists()
        })
    }

    /// Whether there is a memory balloon device (virtio 1.2, section 5.5) with `VIRTIO_BALLOON_F_REPORTING`.
    fn has_reporting_balloon() -> bool {
        const BALLOON: &str = "0x0005";
        const REPORTING: usize = 5;
        let Ok(devices) = fs::read_dir("/sys/bus/virtio/devices") else { return false };
        devices.flatten().any(|device| {
            let read = |name| fs::read_to_string(device.path().join(name)).unwrap_or_default();
            read("device").trim() == BALLOON && read("features").as_bytes().get(REPORTING) == Some(&b'1')
        })
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
        // SAFETY: the range is within `memory`, which is borrowed mutably, and the advice changes no byte.
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
    use super::*;

    fn memory(count: usize) -> Vec<MaybeUninit<Sample>> {
        vec![MaybeUninit::new([0x12, 0x34]); count]
    }

    #[test]
    fn chunks_are_whole_pixels_and_end_at_huge_pages() {
        let image = memory(3 << 20);
        for has_huge_pages in [false, true] {
            let new = NewImage { has_huge_pages };
            let mut rest = &image[..];
            while !rest.is_empty() {
                let length = new.chunk_length(rest);
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
    fn providing_pages_changes_no_byte() {
        for count in [0, 1, 1000, PIECE, 5 << 20] {
            let mut image = memory(count);
            let new = NewImage::new(&mut image);
            new.populate(&mut image);
            #[expect(unsafe_code, reason = "the samples were initialised above")]
            // SAFETY: see the reason.
            let is_unchanged = image.iter().all(|sample| unsafe { sample.assume_init() } == [0x12, 0x34]);
            assert!(is_unchanged);
        }
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
        let piece = &mut image.spare_capacity_mut()[..PIECE];
        let pages = whole_pages(piece, page_size());
        let last = pages.end - page_size();
        #[expect(unsafe_code, reason = "there is no safe call")]
        // SAFETY: it is about no memory, and only an error if Linux does not know the advice: before 5.14.
        let is_known = unsafe { libc::madvise(std::ptr::null_mut(), 0, libc::MADV_POPULATE_WRITE) } == 0;
        assert_eq!(advise(piece, last..last, Advice::PopulateWrite), is_known);
        assert!(!is_present(piece, pages.start) && !is_present(piece, last));
        NewImage { has_huge_pages: false }.populate(piece);
        assert_eq!((is_present(piece, pages.start), is_present(piece, last)), (is_known, is_known));
    }
}
