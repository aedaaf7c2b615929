//! `Turns`: who may go on with a part of a blob.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shaman_proto::BlobRef;

/// One sender at a time writes to the part of a blob. One who comes back takes the turn of the
/// request before, which nobody may have noticed yet to be dead.
#[derive(Debug, Clone, Default)]
pub struct Turns {
    turns: Arc<Mutex<HashMap<BlobRef, Arc<Mutex<u64>>>>>,
}

/// A sender's turn; over when dropped, or when somebody takes it.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    blob: BlobRef,
    current: Arc<Mutex<u64>>,
    number: u64,
}

impl Turns {
    /// A turn, if it is nobody's.
    pub fn claim(&self, blob: BlobRef) -> Option<Turn> {
        let mut turns = self.lock();
        if turns.contains_key(&blob) {
            return None;
        }
        let current = Arc::new(Mutex::new(0));
        turns.insert(blob, Arc::clone(&current));
        drop(turns);
        Some(Turn { turns: self.clone(), blob, current, number: 0 })
    }

    /// A turn, whoever had it. Waits for what is being written; afterwards nothing more is.
    pub fn take(&self, blob: BlobRef) -> Turn {
        let mut turns = self.lock();
        let current = Arc::clone(turns.entry(blob).or_default());
        let number = {
            let mut number = current.lock().unwrap_or_else(PoisonError::into_inner);
            *number += 1;
            *number
        };
        // Not before: whoever gave the turn up meanwhile would have taken it out of the table.
        drop(turns);
        Turn { turns: self.clone(), blob, current, number }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<BlobRef, Arc<Mutex<u64>>>> {
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
        let is_mine = turns.get(&self.blob).is_some_and(|now| Arc::ptr_eq(now, &self.current));
        if is_mine && self.hold().is_some() {
            turns.remove(&self.blob);
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
        let first = turns.claim(blob).unwrap();
        assert!(turns.claim(blob).is_none());
        let second = turns.take(blob);
        assert!(first.hold().is_none() && second.hold().is_some());
        drop(first);
        assert!(turns.claim(blob).is_none(), "it is not the first one's to give up");
        drop(second);
        assert!(turns.claim(blob).is_some());
    }
}
