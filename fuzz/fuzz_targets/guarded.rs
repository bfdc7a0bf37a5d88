//! Samples between guard bytes, which show writes out of bounds.

use std::mem::MaybeUninit;
use std::ptr;

use hdr_image_transfer_cache::convert::{Sample, SharedSamples};

/// Wider than any load or store.
pub const ALIGNMENT: usize = 64;

const GUARD: u8 = 0xa5;

/// Samples at an offset from an aligned address.
pub struct Guarded {
    memory: Vec<u8>,
    start: usize,
    byte_length: usize,
}

impl Guarded {
    /// Room for samples, whose bytes are guards, too.
    pub fn room(count: usize, offset: usize) -> Guarded {
        let byte_length = count * size_of::<Sample>();
        let memory = vec![GUARD; byte_length + 4 * ALIGNMENT];
        let start = ALIGNMENT + memory.as_ptr().align_offset(ALIGNMENT) + offset;
        Guarded { memory, start, byte_length }
    }

    pub fn new(samples: &[Sample], offset: usize) -> Guarded {
        let mut guarded = Guarded::room(samples.len(), offset);
        guarded.samples().copy_from_slice(samples);
        guarded
    }

    pub fn samples(&mut self) -> &mut [Sample] {
        self.memory[self.start..self.start + self.byte_length].as_chunks_mut().0
    }

    /// As new memory.
    #[expect(unsafe_code, reason = "there is no safe conversion")]
    pub fn uninitialised(&mut self) -> &mut [MaybeUninit<Sample>] {
        // SAFETY: both types have the same layout, and the code under test writes initialised samples only.
        unsafe { &mut *(ptr::from_mut(self.samples()) as *mut [MaybeUninit<Sample>]) }
    }

    /// As memory that other threads may write.
    pub fn shared(&mut self) -> SharedSamples<'_> {
        let samples = self.samples();
        #[expect(unsafe_code, reason = "there is no safe conversion")]
        // SAFETY: the memory is borrowed mutably for the lifetime of the result.
        unsafe {
            SharedSamples::new(samples.as_mut_ptr(), samples.len())
        }
    }

    pub fn assert_contains(&self, expected: &[Sample]) {
        let (before, rest) = self.memory.split_at(self.start);
        let (bytes, after) = rest.split_at(self.byte_length);
        assert_eq!(bytes, expected.as_flattened());
        assert!(before.iter().chain(after).all(|byte| *byte == GUARD), "a byte out of bounds was written");
    }
}
