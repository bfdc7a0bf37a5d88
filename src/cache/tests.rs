//! Cases that are worth a name. All others are found by `fuzz/src/cache.rs`, which `tests/fuzz.rs` runs.

use super::*;

/// An [`Id`] of these units, with room after them.
macro_rules! id {
    ($units:expr) => {
        &mut Id::with_room(&mut [&$units[..], &[u16::MAX]].concat())
    };
}

#[test]
fn an_unusable_image_stays_until_another_takes_its_place() {
    let mut cache = Cache::new(Limits { max_entries: None, max_bytes: 100 });
    let mut units = [1, 2, 3, u16::MAX];
    let id = &mut Id::with_room(&mut units);
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
