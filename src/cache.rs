//! LRU cache of converted images, bounded by entries and bytes.

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

/// A converted image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image<V> {
    /// The size that `max_bytes` bounds.
    pub byte_length: usize,
    /// A handle to the image.
    pub value: V,
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

/// The id of an image: a string of UTF-16 code units, as in JavaScript. In UTF-8, all lone surrogates would be
/// the same id.
///
/// A trailing slot in the same memory takes the target of a look-up, which completes the key. So a look-up
/// neither copies nor allocates.
pub struct ImageId<'units>(&'units mut [u16]);

impl<'units> ImageId<'units> {
    /// `units` is the id plus one trailing slot.
    ///
    /// # Panics
    /// If `units` is empty.
    pub fn with_trailing_slot(units: &'units mut [u16]) -> ImageId<'units> {
        assert!(!units.is_empty(), "an id needs a trailing slot");
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

    /// All keys end with their target, so no id equals another id plus target.
    fn key_units(&mut self, target: Transfer) -> &[u16] {
        let slot = self.0.len() - 1;
        self.0[slot] = target as u16;
        self.0
    }
}

/// The id and the target of a cached image.
pub struct Key(Box<[u16]>);

/// Converted images by id and target.
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

    /// Looks up the image of `id` and `target`. If `read` returns `Some`, counts a hit and makes the image the
    /// most recently used. `read` returns `None` for an image that is no longer valid; that changes nothing.
    pub fn get<R>(
        &mut self,
        id: &mut ImageId,
        target: Transfer,
        read: impl FnOnce(&Image<V>) -> Option<R>,
    ) -> Option<R> {
        let key = id.key_units(target);
        let result = read(self.images.peek(key)?)?;
        self.images.promote(key);
        self.counters.hits += 1;
        Some(result)
    }

    /// Counts a miss that took the time `conversion`, and caches its image as the most recently used. It
    /// replaces any image under the same key, and evicts least recently used images until it fits. An image that
    /// can never fit is not cached, and evicts nothing.
    ///
    /// Returns the images that are not cached any more; `image` itself is one of them if it was not cached.
    pub fn store(&mut self, key: Key, image: Image<V>, conversion: Duration) -> Vec<Image<V>> {
        self.counters.misses += 1;
        self.counters.conversion += conversion;
        let mut removed = Vec::from_iter(self.remove(&key.0));
        if !self.limits.admit(image.byte_length) {
            removed.push(image);
            return removed;
        }
        removed.extend(std::iter::from_fn(|| self.evict_for(image.byte_length)));
        self.bytes_used += image.byte_length;
        self.images.put(key.0, image);
        removed
    }

    /// Counts a request with equal transfer functions.
    pub fn count_passthrough(&mut self) {
        self.counters.passthroughs += 1;
    }

    /// Removes the images of `id`, whatever their target, and returns them.
    pub fn delete(&mut self, id: &mut ImageId) -> Vec<Image<V>> {
        Transfer::ALL.iter().filter_map(|target| self.remove(id.key_units(*target))).collect()
    }

    /// Removes all images, and returns them. The counters are not reset.
    pub fn clear(&mut self) -> Vec<Image<V>> {
        self.bytes_used = 0;
        std::iter::from_fn(|| self.images.pop_lru()).map(|(_, image)| image).collect()
    }

    /// The number of cached images.
    pub fn len(&self) -> usize {
        self.images.len()
    }

    /// Whether no image is cached.
    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The total bytes of the cached images.
    pub fn bytes_used(&self) -> usize {
        self.bytes_used
    }

    /// The limits that the cache was created with.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Totals since the cache was created.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Evicts the least recently used image, unless an image of `byte_length` bytes fits already.
    fn evict_for(&mut self, byte_length: usize) -> Option<Image<V>> {
        let fits = self.images.len() < self.limits.max_entries
            && byte_length <= self.limits.max_bytes - self.bytes_used;
        let (_, image) = if fits { None } else { self.images.pop_lru() }?;
        self.bytes_used -= image.byte_length;
        self.counters.evictions += 1;
        Some(image)
    }

    fn remove(&mut self, key: &[u16]) -> Option<Image<V>> {
        let image = self.images.pop(key)?;
        self.bytes_used -= image.byte_length;
        Some(image)
    }
}

#[cfg(test)]
mod tests {
    //! Cases worth a name. `fuzz/fuzz_targets/cache.rs` compares with a model, and `tests/fuzz.rs` runs it.

    use super::*;

    fn store(cache: &mut Cache<u8>, id: u16, byte_length: usize, value: u8) -> Vec<u8> {
        let key = ImageId::with_trailing_slot(&mut [id, 0]).to_key(Transfer::Hlg).unwrap();
        let removed = cache.store(key, Image { byte_length, value }, Duration::ZERO);
        removed.into_iter().map(|image| image.value).collect()
    }

    #[test]
    fn an_invalid_image_stays_until_it_is_replaced() {
        let mut cache = Cache::new(Limits { max_bytes: 100, ..Limits::default() });
        assert_eq!(store(&mut cache, 1, 6, 10), []);
        let mut units = [1, 0];
        let id = &mut ImageId::with_trailing_slot(&mut units);
        assert_eq!(cache.get(id, Transfer::Hlg, |_| None::<()>), None);
        assert_eq!((cache.len(), cache.counters().hits), (1, 0));

        assert_eq!(store(&mut cache, 1, 12, 20), [10]);
        assert_eq!(cache.get(id, Transfer::Hlg, |image| Some(image.value)), Some(20));
        assert_eq!((cache.len(), cache.bytes_used(), cache.counters().evictions), (1, 12, 0));
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
