//! The cache against a model: a list in order of use.

#![cfg_attr(fuzzing, no_main)]

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use hdr_image_transfer_cache::cache::{Cache, Counters, ImageId, Limits};
use hdr_image_transfer_cache::curves::Transfer;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| check(data).unwrap());

/// The [`ImageId`] of these units.
macro_rules! id {
    ($units:expr) => {
        &mut ImageId::new(&mut [$units, &[u16::MAX]].concat())
    };
}

/// Reads limits and calls from `data`, makes the calls, and compares the cache with the model.
pub fn check(data: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(data);
    let limits = Limits {
        max_entries: Some(input.int_in_range(0..=6)?).filter(|max| *max < 6).unwrap_or(usize::MAX),
        max_bytes: byte_length(&mut input)?.saturating_mul(3),
    };
    let mut model = Model { limits, entries: Vec::new(), counters: Counters::default() };
    let mut cache = Cache::new(limits);
    let mut number = 0;
    while !input.is_empty() {
        match input.int_in_range(0..=15)? {
            0 => {
                assert_eq!(cache.clear(), model.clear());
                assert_eq!(cache.clear(), []);
            }
            1 => {
                cache.count_passthrough();
                model.counters.passthroughs += 1;
            }
            2 => {
                let id = id(&mut input)?;
                assert_eq!(cache.delete(id!(id)), model.delete(id));
            }
            // The Buffer of a hit is detached. Then there is no memory, or the image is converted anew.
            kind @ (3 | 4) => {
                let (id, target) = (id(&mut input)?, target(&mut input)?);
                let byte_length = byte_length(&mut input)?;
                let hit = cache.get(id!(id), target, byte_length).copied();
                assert_eq!(hit, model.hit(id, target, byte_length));
                if let Some(hit) = hit {
                    assert_eq!(cache.take_back_hit(id!(id), target), Some(hit));
                    model.take(id, target);
                    model.counters.hits -= 1;
                }
                if kind == 4 {
                    number += 1;
                    store(&mut cache, &mut model, id, target, byte_length, number)?;
                }
            }
            _ => {
                let (id, target) = (id(&mut input)?, target(&mut input)?);
                let byte_length = byte_length(&mut input)?;
                assert_eq!(ImageId::new(&mut [id, &[0]].concat()).byte_length(), size_of_val(id));
                let hit = cache.get(id!(id), target, byte_length).copied();
                assert_eq!(hit, model.hit(id, target, byte_length));
                if hit.is_none() {
                    number += 1;
                    store(&mut cache, &mut model, id, target, byte_length, number)?;
                }
            }
        }
        model.assert_equals(&cache);
    }
    // In their order of use.
    assert_eq!(cache.clear(), model.clear());
    Ok(())
}

fn store(
    cache: &mut Cache<usize>,
    model: &mut Model,
    id: &'static [u16],
    target: Transfer,
    byte_length: usize,
    number: usize,
) -> Result<()> {
    let Ok(key) = id!(id).to_key(target) else { return Err(arbitrary::Error::NotEnoughData) };
    let removed = cache.store(key, byte_length, number, Duration::from_millis(1));
    assert_eq!(removed, model.store(id, target, byte_length, number));
    Ok(())
}

fn id(input: &mut Unstructured) -> Result<&'static [u16]> {
    // Few, so that calls have ids in common; among them the values of targets, and lone surrogates.
    const IDS: [&[u16]; 8] = [&[], &[0], &[1], &[0, 1], &[0xd800], &[0xdc00], &[0xfffd], &[97; 300]];
    input.choose(&IDS).copied()
}

fn target(input: &mut Unstructured) -> Result<Transfer> {
    input.choose(&Transfer::ALL).copied()
}

/// Mostly small, sometimes any.
fn byte_length(input: &mut Unstructured) -> Result<usize> {
    match input.arbitrary()? {
        u8::MAX => input.arbitrary(),
        small => Ok(small.into()),
    }
}

/// An image in the model.
struct Entry {
    id: &'static [u16],
    target: Transfer,
    byte_length: usize,
    number: usize,
}

struct Model {
    limits: Limits,
    /// From the least to the most recently used.
    entries: Vec<Entry>,
    counters: Counters,
}

impl Model {
    fn take(&mut self, id: &[u16], target: Transfer) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.id == id && entry.target == target)?;
        Some(self.entries.remove(at))
    }

    /// The number of the image, if it is a hit.
    fn hit(&mut self, id: &[u16], target: Transfer, byte_length: usize) -> Option<usize> {
        let is_same =
            |entry: &Entry| (entry.id, entry.target, entry.byte_length) == (id, target, byte_length);
        let at = self.entries.iter().position(is_same)?;
        let entry = self.entries.remove(at);
        let number = entry.number;
        self.entries.push(entry);
        self.counters.hits += 1;
        Some(number)
    }

    /// The numbers of the removed images, in order.
    fn store(
        &mut self,
        id: &'static [u16],
        target: Transfer,
        byte_length: usize,
        number: usize,
    ) -> Vec<usize> {
        self.counters.misses += 1;
        self.counters.conversion += Duration::from_millis(1);
        let mut removed = Vec::from_iter(self.take(id, target).map(|entry| entry.number));
        let Limits { max_entries, max_bytes } = self.limits;
        if max_entries == 0 || max_bytes == 0 || byte_length > max_bytes {
            removed.push(number);
            return removed;
        }
        self.entries.push(Entry { id, target, byte_length, number });
        while self.entries.len() > max_entries || self.bytes_used() > max_bytes as u128 {
            removed.push(self.entries.remove(0).number);
            self.counters.evictions += 1;
        }
        removed
    }

    fn delete(&mut self, id: &[u16]) -> Vec<usize> {
        Transfer::ALL.iter().filter_map(|target| self.take(id, *target)).map(|entry| entry.number).collect()
    }

    fn clear(&mut self) -> Vec<usize> {
        self.entries.drain(..).map(|entry| entry.number).collect()
    }

    /// Wide enough for sums of any lengths.
    fn bytes_used(&self) -> u128 {
        self.entries.iter().map(|entry| entry.byte_length as u128).sum()
    }

    fn assert_equals(&self, cache: &Cache<usize>) {
        assert_eq!(cache.counters(), self.counters);
        assert_eq!(cache.len(), self.entries.len());
        assert_eq!(cache.is_empty(), self.entries.is_empty());
        assert_eq!(cache.bytes_used() as u128, self.bytes_used());
        assert!(cache.bytes_used() <= self.limits.max_bytes);
        assert!(cache.len() <= self.limits.max_entries);
    }
}
