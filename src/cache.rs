//! Which converted images are kept: the most recently used, bounded by their number and their bytes.

use std::collections::TryReserveError;
use std::time::Duration;

use lru::LruCache;

use crate::curves::Transfer;

/// How much a cache may hold. Both limits hold at every moment; a limit of 0 keeps nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many images; `None` for no limit on their number.
    pub max_entries: Option<usize>,
    /// How many bytes of converted images.
    pub max_bytes: usize,
}

impl Limits {
    /// The limit on the number of images when a caller gives no limits at all.
    pub const DEFAULT_MAX_ENTRIES: usize = 16;

    /// The limit on bytes when a caller gives none: 200 MiB, sixteen 1080p images or four 4K ones.
    pub const DEFAULT_MAX_BYTES: usize = 200 << 20;

    /// Whether an image of this many bytes may be kept, alone if need be.
    fn admit(&self, byte_length: usize) -> bool {
        self.max_entries != Some(0) && self.max_bytes != 0 && byte_length <= self.max_bytes
    }
}

/// A converted image and its size.
#[derive(Debug)]
pub struct Image<V> {
    /// The size, which `max_bytes` bounds.
    pub byte_length: usize,
    /// What holds the image. Dropping it lets the image go.
    pub held: V,
}

/// What a cache did since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests answered with a kept image.
    pub hits: u64,
    /// Requests that converted an image, kept or not.
    pub misses: u64,
    /// Images that went to make room for others.
    pub evictions: u64,
    /// Requests that needed no conversion.
    pub passthroughs: u64,
    /// The time the misses took.
    pub conversion: Duration,
}

/// The id of a source: a string of UTF-16 code units, as JavaScript has it. Any two that differ are two
/// sources.
///
/// After the id there is room for one unit more. There the cache notes the target of an image, which makes
/// the id its key: so looking up neither copies nor allocates.
pub struct Id<'units>(&'units mut [u16]);

impl<'units> Id<'units> {
    /// The id that `units` hold up to the last one, which is the room.
    ///
    /// # Panics
    /// When there is none.
    pub fn with_room(units: &'units mut [u16]) -> Id<'units> {
        assert!(!units.is_empty(), "an id needs room for a unit after it");
        Id(units)
    }

    /// How many bytes the id takes.
    pub fn byte_length(&self) -> usize {
        (self.0.len() - 1) * size_of::<u16>()
    }

    /// Every key ends with a unit for its target, so that no id can pass for another id and its target.
    fn key(&mut self, target: Transfer) -> &[u16] {
        let room = self.0.len() - 1;
        self.0[room] = match target {
            Transfer::Pq => 0,
            Transfer::Hlg => 1,
        };
        self.0
    }
}

/// Converted images by the id of the source and the transfer function they were converted to.
pub struct Cache<V> {
    limits: Limits,
    images: LruCache<Box<[u16]>, Image<V>>,
    bytes_used: usize,
    counters: Counters,
}

impl<V> Cache<V> {
    /// An empty cache.
    pub fn new(limits: Limits) -> Cache<V> {
        Cache { limits, images: LruCache::unbounded(), bytes_used: 0, counters: Counters::default() }
    }

    /// The image kept under `id` and `target`, if `read` makes something of it; that is a hit, and the
    /// image becomes the most recently used. `read` gives `None` for an image that may not be used any
    /// more; then, as when there is none, nothing changes, and the caller makes a new one to [`store`].
    ///
    /// [`store`]: Cache::store
    pub fn get<R>(
        &mut self,
        id: &mut Id,
        target: Transfer,
        read: impl FnOnce(&Image<V>) -> Option<R>,
    ) -> Option<R> {
        let key = id.key(target);
        let result = read(self.images.peek(key)?)?;
        self.images.promote(key);
        self.counters.hits += 1;
        Some(result)
    }

    /// Counts a miss that took the time `conversion`, and keeps its image as the most recently used,
    /// in place of any kept under the same `id` and `target`. First the least recently used go, until
    /// both limits hold with the new one. An image too large for the limits is not kept, and none goes
    /// for it. Returns the bytes of the images that went.
    ///
    /// # Errors
    /// When there is no memory for a key, which may be long. Then nothing changes.
    pub fn store(
        &mut self,
        id: &mut Id,
        target: Transfer,
        image: Image<V>,
        conversion: Duration,
    ) -> Result<usize, TryReserveError> {
        let key = id.key(target);
        let mut kept_key = Vec::new();
        kept_key.try_reserve_exact(key.len())?;
        kept_key.extend_from_slice(key);

        self.counters.misses += 1;
        self.counters.conversion += conversion;
        self.remove(key);
        if !self.limits.admit(image.byte_length) {
            return Ok(0);
        }
        let mut evicted_bytes = 0;
        while !self.has_room_for(image.byte_length) {
            let Some((_, evicted)) = self.images.pop_lru() else {
                break;
            };
            self.bytes_used -= evicted.byte_length;
            evicted_bytes += evicted.byte_length;
            self.counters.evictions += 1;
        }
        self.bytes_used += image.byte_length;
        self.images.put(kept_key.into_boxed_slice(), image);
        Ok(evicted_bytes)
    }

    /// Counts a request that needed no conversion.
    pub fn count_passthrough(&mut self) {
        self.counters.passthroughs += 1;
    }

    /// Lets the images of `id` go, for both targets; whether there were any.
    pub fn delete(&mut self, id: &mut Id) -> bool {
        // Not `||`: both have to go.
        self.remove(id.key(Transfer::Pq)) | self.remove(id.key(Transfer::Hlg))
    }

    /// Lets all images go. The counters go on.
    pub fn clear(&mut self) {
        self.images.clear();
        self.bytes_used = 0;
    }

    /// How many images are kept.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether no image is kept.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The bytes of all images kept.
    pub fn bytes_used(&self) -> usize {
        self.bytes_used
    }

    /// The limits the cache was made with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What the cache did so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn has_room_for(&self, byte_length: usize) -> bool {
        self.limits.max_entries.is_none_or(|max| self.images.len() < max)
            && byte_length <= self.limits.max_bytes - self.bytes_used
    }

    fn remove(&mut self, key: &[u16]) -> bool {
        let removed = self.images.pop(key);
        self.bytes_used -= removed.as_ref().map_or(0, |image| image.byte_length);
        removed.is_some()
    }
}

#[cfg(test)]
mod tests;
