//! Whose turn it is to be read: what earlier verifications looked at, and when.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::address::BackupId;
use crate::catalog::digest::Digest;
use crate::catalog::index::PackRef;
use crate::catalog::verification::{Seen, Verification};

/// What is known of the packs of a series, by key.
#[derive(Debug, Default)]
pub(super) struct Past {
    /// When a pack was last read and found good, where no later look found damage.
    pub good: HashMap<String, Timestamp>,
    /// When a pack was last read and found damaged, where no later look found it good.
    pub damaged: HashMap<String, Timestamp>,
    /// When a pack last had its turn, whatever came of it: one that is damaged, or that the store does not give, goes to the end of the
    /// line like every other. At its head it would be all that is ever read.
    turn: HashMap<String, Timestamp>,
}

impl Past {
    pub fn of(verifications: &[Verification], packs: &[PackRef]) -> Self {
        let mut past = Self::default();
        let mut by_owner: BTreeMap<BackupId, Vec<&PackRef>> = BTreeMap::new();
        for pack in packs {
            by_owner.entry(pack.place.id).or_default().push(pack);
        }
        let mut in_order: Vec<&Verification> = verifications.iter().collect();
        in_order.sort_by_key(|verification| verification.at);
        for verification in in_order {
            for (id, seen) in &verification.backups {
                past.learn(by_owner.get(id).map(Vec::as_slice).unwrap_or_default(), seen, verification.at);
            }
        }
        past
    }

    fn learn(&mut self, own: &[&PackRef], seen: &Seen, at: Timestamp) {
        let listed: BTreeSet<&Digest> = seen.packs.iter().collect();
        for pack in own.iter().filter(|pack| seen.all_packs || listed.contains(&pack.sha256)) {
            self.damaged.remove(&pack.key());
            self.good.insert(pack.key(), at);
            self.turn.insert(pack.key(), at);
        }
        for key in &seen.damaged_packs {
            let read = seen.carried.get(key).copied().unwrap_or(at);
            // Two verifications at once: what one carries on the other may have read again.
            if self.good.get(key).is_some_and(|good| *good > read) {
                continue;
            }
            self.good.remove(key);
            self.damaged.insert(key.clone(), read);
            let turn = self.turn.entry(key.clone()).or_insert(read);
            *turn = read.max(*turn);
        }
        for key in &seen.passed {
            self.turn.insert(key.clone(), at);
        }
    }

    /// Those that never had a turn first, then by how long ago they had one; the same answer for the same catalogue.
    pub fn in_turn<'p>(&self, packs: &'p [PackRef]) -> Vec<&'p PackRef> {
        let mut order: Vec<(Option<Timestamp>, &PackRef)> =
            packs.iter().map(|pack| (self.turn.get(&pack.key()).copied(), pack)).collect();
        // Stable: packs of one turn stay in the order of backups and numbers.
        order.sort_by_key(|(turn, _)| *turn);
        order.into_iter().map(|(_, pack)| pack).collect()
    }
}
