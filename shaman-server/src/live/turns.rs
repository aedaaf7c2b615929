//! `Turns`: who may go on with a part of a blob.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// A blob, and who sends it, where that makes a difference.
type Part = (BlobRef, Option<String>);

/// One request at a time writes to a part. One who comes back takes the turn of the
/// request before, which nobody may have noticed yet to be dead.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    turns: Arc<Mutex<HashMap<Part, Arc<Mutex<u64>>>>>,
}

/// A sender's turn; over when dropped, or when somebody takes it.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    part: Part,
    current: Arc<Mutex<u64>>,
    number: u64,
}

impl Turns {
    /// A turn, if it is nobody's.
    pub fn claim(&self, blob: BlobRef, owner: Option<&str>) -> Option<Turn> {
        let part = (blob, owner.map(str::to_owned));
        let mut turns = self.lock();
        if turns.contains_key(&part) {
            return None;
        }
        let current = Arc::new(Mutex::new(0));
        turns.insert(part.clone(), Arc::clone(&current));
        drop(turns);
        Some(Turn { turns: self.clone(), part, current, number: 0 })
    }

    /// A turn, whoever had it. Waits for what is being written; afterwards nothing more is.
    pub fn take(&self, blob: BlobRef, owner: Option<&str>) -> Turn {
        let part = (blob, owner.map(str::to_owned));
        let mut turns = self.lock();
        let current = Arc::clone(turns.entry(part.clone()).or_default());
        let number = {
            let mut number = current.lock().unwrap_or_else(PoisonError::into_inner);
            *number += 1;
            *number
        };
        // Not before: whoever gave the turn up meanwhile would have taken it out of the table.
        drop(turns);
        Turn { turns: self.clone(), part, current, number }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Part, Arc<Mutex<u64>>>> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Keeps others from taking the turn while something is written; `None`: somebody has it.
    pub fn hold(&self) -> Option<MutexGuard<'_, u64>> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (*current == self.number).then_some(current)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut turns = self.turns.lock();
        let is_mine = turns.get(&self.part).is_some_and(|now| Arc::ptr_eq(now, &self.current));
        if is_mine && self.hold().is_some() {
            turns.remove(&self.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_somebodys_until_it_is_dropped_or_taken() {
        let turns = Turns::default();
        let blob = BlobRef::new("ab".repeat(32).parse().unwrap(), "1".parse().unwrap());
        let hers = Some("alice");
        let first = turns.claim(blob, hers).unwrap();
        assert!(turns.claim(blob, hers).is_none());
        assert!(turns.claim(blob, Some("bob")).is_some(), "bob has a part of his own");
        let second = turns.take(blob, hers);
        assert!(first.hold().is_none() && second.hold().is_some());
        drop(first);
        assert!(turns.claim(blob, hers).is_none(), "it is not the first one's to give up");
        drop(second);
        assert!(turns.claim(blob, hers).is_some());
    }
}
