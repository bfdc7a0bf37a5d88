//! A conversion of one sample, for every 16-bit code there is.

use std::sync::LazyLock;

use crate::curves::{hlg_to_pq, pq_to_hlg};

/// The result of a conversion for each of the 65536 codes: `table.get(code)` is the converted code.
pub struct Table(Box<[u16; 65536]>);

impl Table {
    /// PQ to HLG. Codes above 1000 cd/m² (49272 and up) saturate at 65535.
    /// Built by the first caller in the process, some milliseconds, and shared by all.
    pub fn pq_to_hlg() -> &'static Table {
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(pq_to_hlg));
        &TABLE
    }

    /// HLG to PQ, within 0 and 49271. Built by the first caller in the process, and shared by all.
    pub fn hlg_to_pq() -> &'static Table {
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table::of(hlg_to_pq));
        &TABLE
    }

    /// Tabulates a function of the signal, 0 to 1, rounding to the nearest code.
    fn of(convert_signal: fn(f64) -> f64) -> Table {
        let convert_code = |code| {
            let signal = convert_signal(f64::from(code) / 65535.0);
            // `as` saturates: a signal above 1 is 65535, where a wrapping store would make it dark.
            (signal * 65535.0).round() as u16
        };
        // On the heap from the start: JavaScript may call with little of its stack left.
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
        assert_eq!(
            sha256(Table::hlg_to_pq()),
            "1f326862d67738c324237eefd935c9bacf1f374f3264229dacf462ded93db06c"
        );
        assert_eq!(
            sha256(Table::pq_to_hlg()),
            "932fb2af109e40a4d0b6b1cdc3829e7973065db8d146b1226991f6504e792d61"
        );
    }

    #[test]
    fn both_are_monotone() {
        assert!(codes(Table::hlg_to_pq()).is_sorted());
        assert!(codes(Table::pq_to_hlg()).is_sorted());
    }

    #[test]
    fn highlights_saturate() {
        let table = Table::pq_to_hlg();
        assert!(table.get(49270) < 65535);
        assert!((49271..=u16::MAX).all(|code| table.get(code) == 65535));
    }

    #[test]
    fn hlg_spans_pq_up_to_1000_candelas() {
        assert_eq!(Table::hlg_to_pq().get(0), 0);
        assert_eq!(Table::hlg_to_pq().get(65535), 49271);
    }

    /// Neither function's codes lie as densely as the other's everywhere, so a code may come back as its
    /// neighbour, and no further.
    #[test]
    fn round_trips_are_within_one_code() {
        let worst = |there: &Table, back: &Table, last: u16| {
            (0..=last).map(|code| back.get(there.get(code)).abs_diff(code)).max()
        };
        assert_eq!(worst(Table::pq_to_hlg(), Table::hlg_to_pq(), 49271), Some(1));
        assert_eq!(worst(Table::hlg_to_pq(), Table::pq_to_hlg(), u16::MAX), Some(1));
    }
}
