//! The cache's policy against a model that is too simple to be wrong: a list, searched from the front.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use hdr_image_transfer_cache::cache::{Cache, Counters, Id, Image, Limits};
use hdr_image_transfer_cache::curves::Transfer;

/// An [`Id`] of these units, with room after them.
macro_rules! id {
    ($units:expr) => {
        &mut Id::with_room(&mut [$units, &[u16::MAX]].concat())
    };
}

/// Reads limits and calls from `data`, makes the calls, and compares the cache with the model after each.
pub fn check(data: &[u8]) -> Result<()> {
    let mut input = Unstructured::new(data);
    let limits = Limits {
        max_entries: Some(input.int_in_range(0..=6)?).filter(|max| *max < 6),
        max_bytes: byte_length(&mut input)?.saturating_mul(3),
    };
    let alive = Rc::new(());
    let mut model = Model { limits, entries: Vec::new(), counters: Counters::default() };
    let mut cache = Cache::new(limits);
    assert_eq!(cache.limits(), limits);
    let mut number = 0;
    while !input.is_empty() {
        match Call::read(&mut input)? {
            Call::Request { id, target, byte_length } => {
                let hit = cache.get(id!(id), target, |image: &Image<Held>| {
                    let is_right = image.byte_length == byte_length && image.held.is_usable.get();
                    is_right.then_some(image.held.number)
                });
                assert_eq!(hit, model.hit(id, target, byte_length));
                if hit.is_none() {
                    number += 1;
                    let held = Held { number, is_usable: Cell::new(true), _alive: Rc::clone(&alive) };
                    let image = Image { byte_length, held };
                    let evicted_bytes = cache.store(id!(id), target, image, Duration::from_millis(1));
                    assert_eq!(evicted_bytes, Ok(model.store(id, target, byte_length, number)));
                }
            }
            Call::Detach { id, target } => {
                let no_hit = cache.get(id!(id), target, |image| {
                    image.held.is_usable.set(false);
                    None::<()>
                });
                assert_eq!(no_hit, None);
                model.detach(id, target);
            }
            Call::Passthrough => {
                cache.count_passthrough();
                model.counters.passthroughs += 1;
            }
            Call::Delete { id } => assert_eq!(cache.delete(id!(id)), model.delete(id)),
            Call::Clear => {
                cache.clear();
                model.entries.clear();
            }
        }
        model.assert_describes(&mut cache);
        // What was let go is gone: there is one for each image kept, and this function's own.
        assert_eq!(Rc::strong_count(&alive), 1 + cache.len());
    }
    drop(cache);
    assert_eq!(Rc::strong_count(&alive), 1);
    Ok(())
}

enum Call {
    Request { id: &'static [u16], target: Transfer, byte_length: usize },
    Detach { id: &'static [u16], target: Transfer },
    Passthrough,
    Delete { id: &'static [u16] },
    Clear,
}

impl Call {
    fn read(input: &mut Unstructured) -> Result<Call> {
        Ok(match input.int_in_range(0..=15)? {
            0 => Call::Clear,
            1 => Call::Passthrough,
            2 => Call::Delete { id: id(input)? },
            3 | 4 => Call::Detach { id: id(input)?, target: target(input)? },
            _ => Call::Request { id: id(input)?, target: target(input)?, byte_length: byte_length(input)? },
        })
    }
}

fn id(input: &mut Unstructured) -> Result<&'static [u16]> {
    // Few, so that calls meet; with the units that stand for targets, and lone surrogates.
    const IDS: [&[u16]; 8] = [&[], &[0], &[1], &[0, 1], &[0xd800], &[0xdc00], &[0xfffd], &[97; 300]];
    input.choose(&IDS).copied()
}

fn target(input: &mut Unstructured) -> Result<Transfer> {
    input.choose(&[Transfer::Pq, Transfer::Hlg]).copied()
}

/// Mostly a small one; at times any.
fn byte_length(input: &mut Unstructured) -> Result<usize> {
    match input.arbitrary()? {
        u8::MAX => input.arbitrary(),
        small => Ok(small.into()),
    }
}

/// What the cache holds of an image.
struct Held {
    number: usize,
    is_usable: Cell<bool>,
    _alive: Rc<()>,
}

/// What the model knows of an image.
struct Entry {
    id: &'static [u16],
    target: Transfer,
    byte_length: usize,
    number: usize,
    is_usable: bool,
}

struct Model {
    limits: Limits,
    /// The least recently used first.
    entries: Vec<Entry>,
    counters: Counters,
}

impl Model {
    fn take(&mut self, id: &[u16], target: Transfer) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.id == id && entry.target == target)?;
        Some(self.entries.remove(at))
    }

    /// The number of the image, if it was a hit.
    fn hit(&mut self, id: &[u16], target: Transfer, byte_length: usize) -> Option<usize> {
        let is_right =
            |entry: &Entry| (entry.id, entry.target, entry.byte_length) == (id, target, byte_length);
        let at = self.entries.iter().position(|entry| is_right(entry) && entry.is_usable)?;
        let entry = self.entries.remove(at);
        let number = entry.number;
        self.entries.push(entry);
        self.counters.hits += 1;
        Some(number)
    }

    /// The bytes evicted.
    fn store(&mut self, id: &'static [u16], target: Transfer, byte_length: usize, number: usize) -> usize {
        self.counters.misses += 1;
        self.counters.conversion += Duration::from_millis(1);
        self.take(id, target);
        let Limits { max_entries, max_bytes } = self.limits;
        if max_entries == Some(0) || max_bytes == 0 || byte_length > max_bytes {
            return 0;
        }
        self.entries.push(Entry { id, target, byte_length, number, is_usable: true });
        let mut evicted_bytes = 0;
        while max_entries.is_some_and(|max| self.entries.len() > max) || self.bytes_used() > max_bytes as u128
        {
            evicted_bytes += self.entries.remove(0).byte_length;
            self.counters.evictions += 1;
        }
        evicted_bytes
    }

    fn detach(&mut self, id: &[u16], target: Transfer) {
        for entry in &mut self.entries {
            entry.is_usable &= entry.id != id || entry.target != target;
        }
    }

    fn delete(&mut self, id: &[u16]) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.id != id);
        self.entries.len() < before
    }

    /// As wide as sums of any lengths need.
    fn bytes_used(&self) -> u128 {
        self.entries.iter().map(|entry| entry.byte_length as u128).sum()
    }

    fn assert_describes(&self, cache: &mut Cache<Held>) {
        assert_eq!(cache.len(), self.entries.len());
        assert_eq!(cache.is_empty(), self.entries.is_empty());
        assert_eq!(cache.bytes_used() as u128, self.bytes_used());
        assert!(cache.bytes_used() <= self.limits.max_bytes);
        assert!(self.limits.max_entries.is_none_or(|max| cache.len() <= max));
        for entry in &self.entries {
            // A look that is no hit.
            let mut kept = None;
            cache.get(id!(entry.id), entry.target, |image| {
                kept = Some((image.byte_length, image.held.number));
                None::<()>
            });
            assert_eq!(kept, Some((entry.byte_length, entry.number)));
        }
        assert_eq!(cache.counters(), self.counters);
    }
}
