//! LRU cache of converted images, bounded by entries and bytes.

use std::borrow::Borrow;
use std::collections::TryReserveError;
use std::time::Duration;

use lru::LruCache;

use crate::curves::Transfer;

/// How much a cache may hold. Both limits hold at all times; a limit of 0 turns caching off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The maximum number of images; `usize::MAX` for no limit.
    pub max_entries: usize,
    /// The maximum total bytes of the images.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// 16 images and 200 MiB, which is sixteen 1080p images or four 4K ones.
    fn default() -> Limits {
        Limits { max_entries: 16, max_bytes: 200 << 20 }
    }
}

impl Limits {
    /// Whether an image of this size fits into an empty cache.
    fn admit(&self, byte_length: usize) -> bool {
        self.max_entries != 0 && self.max_bytes != 0 && byte_length <= self.max_bytes
    }
}

/// Totals since the cache was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Cache hits.
    pub hits: u64,
    /// Cache misses: images that were converted, whether they were then cached or not.
    pub misses: u64,
    /// Images removed to make room for others.
    pub evictions: u64,
    /// Requests with equal transfer functions, which convert nothing.
    pub passthroughs: u64,
    /// The time that the misses took.
    pub conversion: Duration,
}

/// The id of an image: a string of UTF-16 code units, as in JavaScript. In UTF-8, all lone surrogates would
/// be the same id.
///
/// The last unit is reserved for the target, which completes the key. So a look-up neither copies nor
/// allocates.
pub struct ImageId<'units>(&'units mut [u16]);

impl<'units> ImageId<'units> {
    /// `units` is the id plus one unit, of any value.
    ///
    /// # Panics
    /// If `units` is empty.
    pub fn new(units: &'units mut [u16]) -> ImageId<'units> {
        assert!(!units.is_empty(), "there is no unit for the target");
        ImageId(units)
    }

    /// The size of the id in bytes.
    pub fn byte_length(&self) -> usize {
        (self.0.len() - 1) * size_of::<u16>()
    }

    /// The key of the image with this id, converted to `target`.
    ///
    /// # Errors
    /// If there is no memory for it. Ids have no maximum length.
    pub fn to_key(&mut self, target: Transfer) -> Result<Key, TryReserveError> {
        let units = self.key_units(target);
        let mut key = Vec::new();
        key.try_reserve_exact(units.len())?;
        key.extend_from_slice(units);
        Ok(Key(key.into_boxed_slice()))
    }

    /// All keys end with their target, so keys of different ids cannot collide.
    fn key_units(&mut self, target: Transfer) -> &[u16] {
        let last = self.0.len() - 1;
        self.0[last] = target as u16;
        self.0
    }
}

/// The id and the target of a cached image.
#[derive(PartialEq, Eq, Hash)]
pub struct Key(Box<[u16]>);

impl Borrow<[u16]> for Key {
    fn borrow(&self) -> &[u16] {
        &self.0
    }
}

/// Converted images by id and target.
pub struct Cache<V> {
    limits: Limits,
    entries: LruCache<Key, Entry<V>>,
    bytes_used: usize,
    counters: Counters,
}

struct Entry<V> {
    byte_length: usize,
    value: V,
}

impl<V> Cache<V> {
    /// An empty cache.
    pub fn new(limits: Limits) -> Cache<V> {
        let entries = LruCache::unbounded();
        Cache { limits, entries, bytes_used: 0, counters: Counters::default() }
    }

    /// Looks up the image of `id` and `target`. It is a hit if the image has this length: the hit counts, and
    /// the image becomes the most recently used.
    pub fn get(&mut self, id: &mut ImageId, target: Transfer, byte_length: usize) -> Option<&V> {
        let key = id.key_units(target);
        self.entries.peek(key).filter(|entry| entry.byte_length == byte_length)?;
        self.counters.hits += 1;
        self.entries.get(key).map(|entry| &entry.value)
    }

    /// Takes back a hit, because its image turned out to be unusable, and removes the image. Only right after
    /// [`get`](Cache::get) has found it.
    pub fn take_back_hit(&mut self, id: &mut ImageId, target: Transfer) -> Option<V> {
        let removed = self.remove(id.key_units(target))?;
        self.counters.hits -= 1;
        Some(removed)
    }

    /// Counts a miss that took the time `conversion`, and caches its image as the most recently used. It
    /// replaces any image under the same key, and evicts least recently used images until it fits. An image
    /// that can never fit is not cached, and evicts nothing.
    ///
    /// Returns the images that are not cached any more; `value` itself is one of them if it was not cached.
    pub fn store(&mut self, key: Key, byte_length: usize, value: V, conversion: Duration) -> Vec<V> {
        self.counters.misses += 1;
        self.counters.conversion += conversion;
        let mut removed = Vec::from_iter(self.remove(key.borrow()));
        if !self.limits.admit(byte_length) {
            removed.push(value);
            return removed;
        }
        removed.extend(std::iter::from_fn(|| self.evict_for(byte_length)));
        self.bytes_used += byte_length;
        self.entries.put(key, Entry { byte_length, value });
        removed
    }

    /// Counts a request with equal transfer functions.
    pub fn count_passthrough(&mut self) {
        self.counters.passthroughs += 1;
    }

    /// Removes the images of `id`, whatever their target, and returns them.
    pub fn delete(&mut self, id: &mut ImageId) -> Vec<V> {
        Transfer::ALL.iter().filter_map(|target| self.remove(id.key_units(*target))).collect()
    }

    /// Removes all images, and returns them. The counters are not reset.
    pub fn clear(&mut self) -> Vec<V> {
        self.bytes_used = 0;
        std::iter::from_fn(|| self.entries.pop_lru()).map(|(_, entry)| entry.value).collect()
    }

    /// The number of cached images.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no image is cached.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The total bytes of the cached images.
    pub fn bytes_used(&self) -> usize {
        self.bytes_used
    }

    /// Totals since the cache was created.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Evicts the least recently used image, unless an image of `byte_length` bytes fits already.
    fn evict_for(&mut self, byte_length: usize) -> Option<V> {
        let fits = self.entries.len() < self.limits.max_entries
            && byte_length <= self.limits.max_bytes - self.bytes_used;
        let (_, entry) = if fits { None } else { self.entries.pop_lru() }?;
        self.bytes_used -= entry.byte_length;
        self.counters.evictions += 1;
        Some(entry.value)
    }

    fn remove(&mut self, key: &[u16]) -> Option<V> {
        let entry = self.entries.pop(key)?;
        self.bytes_used -= entry.byte_length;
        Some(entry.value)
    }
}

#[cfg(test)]
mod tests {
    //! Cases worth a name. `fuzz/fuzz_targets/cache.rs` compares with a model, and `tests/fuzz.rs` runs it.

    use super::*;

    fn store(cache: &mut Cache<u8>, id: u16, byte_length: usize, value: u8) -> Vec<u8> {
        let key = ImageId::new(&mut [id, 0]).to_key(Transfer::Hlg).unwrap();
        cache.store(key, byte_length, value, Duration::ZERO)
    }

    #[test]
    fn a_hit_that_is_taken_back_leaves_a_miss() {
        let mut cache = Cache::new(Limits { max_entries: 2, ..Limits::default() });
        store(&mut cache, 1, 6, 10);
        store(&mut cache, 2, 8, 20);
        let mut units = [1, 0];
        let mut id = ImageId::new(&mut units);
        assert_eq!(cache.get(&mut id, Transfer::Hlg, 6), Some(&10));
        assert_eq!(cache.counters().hits, 1);
        assert_eq!(cache.take_back_hit(&mut id, Transfer::Hlg), Some(10));
        assert_eq!((cache.counters().hits, cache.len(), cache.bytes_used()), (0, 1, 8));
        assert_eq!(store(&mut cache, 3, 6, 30), []);
    }

    #[test]
    fn an_image_that_can_never_fit_removes_the_one_it_would_replace() {
        let mut cache = Cache::new(Limits { max_bytes: 100, ..Limits::default() });
        store(&mut cache, 1, 60, 10);
        store(&mut cache, 2, 40, 20);
        assert_eq!(store(&mut cache, 1, 101, 30), [10, 30]);
        assert_eq!((cache.len(), cache.bytes_used(), cache.counters().evictions), (1, 40, 0));
    }
}
