//! The per-channel conversion of all 65536 code values.

use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use lru::LruCache;

use crate::curves::{Direction, HlgDisplay};

/// The converted code value of each code value.
pub struct Table(Box<[u16; 65536]>);

/// The number of tables that a process caches, 128 KiB each.
const CACHED_TABLES: NonZeroUsize = NonZeroUsize::new(8).unwrap();

impl Table {
    /// The table of a per-channel conversion. Signals above 1 clip to 65535. The first call builds the table,
    /// in some milliseconds; the process caches the eight most recently used.
    pub fn shared(direction: Direction, display: HlgDisplay) -> Arc<Table> {
        type Tables = LruCache<(Direction, HlgDisplay), Arc<Table>>;
        static TABLES: LazyLock<Mutex<Tables>> = LazyLock::new(|| Mutex::new(LruCache::new(CACHED_TABLES)));
        // Building under the lock avoids duplicates. Poisoning is harmless: only complete tables are
        // inserted.
        let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tables.get_or_insert((direction, display), || Arc::new(Table::build(direction, display))))
    }

    fn build(direction: Direction, display: HlgDisplay) -> Table {
        let convert_code = |code| {
            let signal = direction.convert_signal(f64::from(code) / 65535.0, display);
            // `as` clips: a signal above 1 is 65535, where a wrapping store would be dark.
            (signal * 65535.0).round() as u16
        };
        // On the heap from the start: JavaScript may call with little stack left.
        let codes: Vec<u16> = (0..=u16::MAX).map(convert_code).collect();
        #[expect(clippy::expect_used, reason = "the length is that of the range above")]
        Table(codes.try_into().expect("a result for each code"))
    }

    /// The converted code.
    #[inline]
    pub fn get(&self, code: u16) -> u16 {
        self.0[usize::from(code)]
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn pq_to_hlg() -> Arc<Table> {
        Table::shared(Direction::PqToHlg, HlgDisplay::REFERENCE)
    }

    fn hlg_to_pq() -> Arc<Table> {
        Table::shared(Direction::HlgToPq, HlgDisplay::REFERENCE)
    }

    fn codes(table: &Table) -> impl Iterator<Item = u16> {
        (0..=u16::MAX).map(|code| table.get(code))
    }

    fn sha256(table: &Table) -> String {
        let mut hash = Sha256::new();
        codes(table).for_each(|code| hash.update(code.to_le_bytes()));
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn every_code_is_exact() {
        assert_eq!(sha256(&hlg_to_pq()), "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c");
        assert_eq!(sha256(&pq_to_hlg()), "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61");
    }

    #[test]
    fn both_are_monotone() {
        assert!(codes(&hlg_to_pq()).is_sorted());
        assert!(codes(&pq_to_hlg()).is_sorted());
    }

    #[test]
    fn highlights_clip() {
        let table = pq_to_hlg();
        assert!(table.get(49270) < 65535);
        assert!((49271..=u16::MAX).all(|code| table.get(code) == 65535));
    }

    #[test]
    fn hlg_white_is_1000_candelas_in_pq() {
        assert_eq!(hlg_to_pq().get(0), 0);
        assert_eq!(hlg_to_pq().get(65535), 49271);
    }

    /// Each transfer function has fewer code values than the other somewhere, so a round trip may end at the
    /// next one.
    #[test]
    fn round_trips_are_within_one_code() {
        let worst = |first: &Table, second: &Table, last: u16| {
            (0..=last).map(|code| second.get(first.get(code)).abs_diff(code)).max()
        };
        assert_eq!(worst(&pq_to_hlg(), &hlg_to_pq(), 49271), Some(1));
        assert_eq!(worst(&hlg_to_pq(), &pq_to_hlg(), u16::MAX), Some(1));
    }

    /// For each direction and display, where any field of the display makes it another one.
    #[test]
    fn a_table_is_built_once() {
        let display = HlgDisplay::new(700.0).unwrap();
        let table = Table::shared(Direction::PqToHlg, display);
        assert!(Arc::ptr_eq(&table, &Table::shared(Direction::PqToHlg, display)));
        assert!(!Arc::ptr_eq(&table, &Table::shared(Direction::HlgToPq, display)));
        let HlgDisplay { peak_luminance, system_gamma } = display;
        for other in [
            HlgDisplay { peak_luminance: peak_luminance + 1.0, ..display },
            HlgDisplay { system_gamma: system_gamma + 0.1, ..display },
        ] {
            assert!(!Arc::ptr_eq(&table, &Table::shared(Direction::PqToHlg, other)));
        }
    }

    #[test]
    fn the_number_of_cached_tables_is_bounded() {
        let peaks = (1..=3 * CACHED_TABLES.get()).map(|count| 100.0 * count as f64);
        let tables: Vec<_> = peaks
            .map(|peak| Arc::downgrade(&Table::shared(Direction::HlgToPq, HlgDisplay::new(peak).unwrap())))
            .collect();
        assert!(tables.iter().filter(|table| table.strong_count() > 0).count() <= CACHED_TABLES.get());
    }

    #[test]
    fn hlg_white_is_the_peak_luminance_in_pq() {
        for peak in [1.0, 300.0, 600.0, 2000.0, 4000.0, 10_000.0] {
            let display = HlgDisplay::new(peak).unwrap();
            let brightest = (crate::curves::pq_inverse_eotf(peak) * 65535.0).round() as u16;
            assert_eq!(Table::shared(Direction::HlgToPq, display).get(65535), brightest);
            let table = Table::shared(Direction::PqToHlg, display);
            assert!(table.get(brightest) >= 65534 && table.get(brightest - 2) < 65535);
            assert!((brightest..=u16::MAX).skip(1).all(|code| table.get(code) == 65535));
        }
    }
}
