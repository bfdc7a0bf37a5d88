//! The cache's policy against a model that is too simple to be wrong: a list, searched from the front.

use std::rc::Rc;

use proptest::prelude::*;

use super::*;

/// Something to hold, and to see let go: the images still alive are counted by its clones.
type Token = Rc<()>;

/// An [`Id`] of these units, with room after them.
macro_rules! id {
    ($units:expr) => {
        &mut Id::before_last(&mut [&$units[..], &[u16::MAX]].concat())
    };
}

impl<V> Cache<V> {
    /// What must be true after every call.
    fn validate(&self) {
        let bytes: usize = self.images.iter().map(|(_, image)| image.byte_length).sum();
        assert_eq!(self.bytes_used, bytes);
        assert!(self.bytes_used <= self.limits.max_bytes);
        assert!(self.limits.max_entries.is_none_or(|max| self.images.len() <= max));
    }
}

#[derive(Clone, Debug)]
enum Call {
    Request { id: Vec<u16>, target: Transfer, byte_length: usize },
    Detach { id: Vec<u16>, target: Transfer },
    Passthrough,
    Delete { id: Vec<u16> },
    Clear,
}

/// `(id, target, byte_length, usable)`, the least recently used first.
type Entry = (Vec<u16>, Transfer, usize, bool);

struct Model {
    limits: Limits,
    entries: Vec<Entry>,
    counters: Counters,
    evicted_bytes: usize,
}

impl Model {
    fn bytes_used(&self) -> usize {
        self.entries.iter().map(|entry| entry.2).sum()
    }

    fn take(&mut self, id: &[u16], target: Transfer) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.0 == id && entry.1 == target)?;
        Some(self.entries.remove(at))
    }

    /// Whether it was a hit.
    fn request(&mut self, id: &[u16], target: Transfer, byte_length: usize) -> bool {
        let entry = (id.to_vec(), target, byte_length, true);
        if self.take(id, target).as_ref() == Some(&entry) {
            self.entries.push(entry);
            self.counters.hits += 1;
            return true;
        }
        self.counters.misses += 1;
        self.counters.conversion += Duration::from_millis(1);
        let Limits { max_entries, max_bytes } = self.limits;
        if max_entries == Some(0) || max_bytes == 0 || byte_length > max_bytes {
            return false;
        }
        self.entries.push(entry);
        while max_entries.is_some_and(|max| self.entries.len() > max) || self.bytes_used() > max_bytes {
            self.evicted_bytes += self.entries.remove(0).2;
            self.counters.evictions += 1;
        }
        false
    }
}

fn ids() -> impl Strategy<Value = Vec<u16>> {
    // Few, so that calls meet; with the units that stand for targets, and lone surrogates.
    prop_oneof![
        Just(vec![]),
        Just(vec![0]),
        Just(vec![1]),
        Just(vec![0, 1]),
        Just(vec![0xd800]),
        Just(vec![0xdc00]),
        Just(vec![0xfffd]),
        Just(vec![97; 300]),
    ]
}

fn targets() -> impl Strategy<Value = Transfer> {
    prop_oneof![Just(Transfer::Pq), Just(Transfer::Hlg)]
}

fn calls() -> impl Strategy<Value = Call> {
    let sizes = prop_oneof![Just(0usize), Just(6), Just(12), 0..200usize];
    prop_oneof![
        12 => (ids(), targets(), sizes)
            .prop_map(|(id, target, byte_length)| Call::Request { id, target, byte_length }),
        2 => (ids(), targets()).prop_map(|(id, target)| Call::Detach { id, target }),
        1 => Just(Call::Passthrough),
        1 => ids().prop_map(|id| Call::Delete { id }),
        1 => Just(Call::Clear),
    ]
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop::option::of(0..6usize), prop_oneof![Just(0usize), 0..400usize, Just(usize::MAX)])
        .prop_map(|(max_entries, max_bytes)| Limits { max_entries, max_bytes })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn behaves_as_the_model(limits in limits(), calls in prop::collection::vec(calls(), 0..60)) {
        let token = Token::new(());
        let mut evicted_bytes = 0;
        let mut model = Model { limits, entries: Vec::new(), counters: Counters::default(), evicted_bytes: 0 };
        // An image is held as a flag, whether it is usable, and a token that counts it.
        let mut cache: Cache<(std::cell::Cell<bool>, Token)> = Cache::new(limits);
        for call in calls {
            match call {
                Call::Request { id, target, byte_length } => {
                    let hit = cache.get(id!(&id), target, |image| {
                        (image.byte_length == byte_length && image.held.0.get()).then_some(())
                    });
                    if hit.is_none() {
                        let held = (std::cell::Cell::new(true), token.clone());
                        let image = Image { byte_length, held };
                        evicted_bytes += cache.store(id!(&id), target, image, Duration::from_millis(1)).unwrap();
                    }
                    prop_assert_eq!(hit.is_some(), model.request(&id, target, byte_length));
                }
                Call::Detach { id, target } => {
                    if let Some(image) = cache.images.peek(id!(&id).key(target)) {
                        image.held.0.set(false);
                    }
                    for entry in &mut model.entries {
                        entry.3 &= entry.0 != id || entry.1 != target;
                    }
                }
                Call::Passthrough => {
                    cache.count_passthrough();
                    model.counters.passthroughs += 1;
                }
                Call::Delete { id } => {
                    let pq = model.take(&id, Transfer::Pq).is_some();
                    let hlg = model.take(&id, Transfer::Hlg).is_some();
                    prop_assert_eq!(cache.delete(id!(&id)), pq || hlg);
                }
                Call::Clear => {
                    cache.clear();
                    model.entries.clear();
                }
            }
            cache.validate();
            prop_assert_eq!(cache.len(), model.entries.len());
            prop_assert_eq!(cache.is_empty(), model.entries.is_empty());
            prop_assert_eq!(cache.bytes_used(), model.bytes_used());
            prop_assert_eq!(cache.counters(), model.counters);
            prop_assert_eq!(evicted_bytes, model.evicted_bytes);
            // What was let go is gone: one token for each image kept, and this test's own.
            prop_assert_eq!(Rc::strong_count(&token), 1 + model.entries.len());
        }
        drop(cache);
        prop_assert_eq!(Rc::strong_count(&token), 1);
    }
}

#[test]
fn an_unusable_image_stays_until_another_takes_its_place() {
    let mut cache = Cache::new(Limits { max_entries: None, max_bytes: 100 });
    let mut units = [1, 2, 3, u16::MAX];
    let id = &mut Id::before_last(&mut units);
    cache.store(id, Transfer::Hlg, Image { byte_length: 6, held: "first" }, Duration::ZERO).unwrap();
    assert_eq!(cache.get(id, Transfer::Hlg, |_| None::<()>), None);
    assert_eq!((cache.len(), cache.counters().hits), (1, 0));

    cache.store(id, Transfer::Hlg, Image { byte_length: 12, held: "second" }, Duration::ZERO).unwrap();
    assert_eq!(cache.get(id, Transfer::Hlg, |image| Some(image.held)), Some("second"));
    assert_eq!((cache.len(), cache.bytes_used(), cache.counters().evictions), (1, 12, 0));
}

#[test]
fn an_image_too_large_to_keep_takes_the_stale_one_with_it() {
    let mut cache = Cache::new(Limits { max_entries: None, max_bytes: 100 });
    cache.store(id!(&[1]), Transfer::Pq, Image { byte_length: 60, held: () }, Duration::ZERO).unwrap();
    cache.store(id!(&[2]), Transfer::Pq, Image { byte_length: 40, held: () }, Duration::ZERO).unwrap();
    cache.store(id!(&[1]), Transfer::Pq, Image { byte_length: 101, held: () }, Duration::ZERO).unwrap();
    assert_eq!((cache.len(), cache.bytes_used(), cache.counters().evictions), (1, 40, 0));
    assert!(!cache.delete(id!(&[1])));
    assert!(cache.delete(id!(&[2])));
}
