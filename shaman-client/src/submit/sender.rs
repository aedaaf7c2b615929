//! What is to be sent, and how much of it together.

use std::collections::VecDeque;

use shaman_proto::wire::blobs::framed_bytes;

use crate::upload::{
    CONNECTIONS, LARGE_AT_ONCE, LARGE_BYTES, PACK_FILES_MAX, PACKED_BYTES_MAX, ToSend,
};

/// Bytes of a pack: large enough that the time there and back does not count, little enough that a
/// connection that breaks costs little. The smaller one is for proxies that take up to 1 MiB, as
/// nginx does unless told.
const PACK_BYTES: [u64; 2] = [4 << 20, 900 << 10];

/// Something to send in one request.
#[derive(Debug)]
pub(super) enum Load {
    /// Small files together.
    Pack(Vec<Item>),
    /// One file.
    One(Item),
}

/// A file to send.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its position in the job.
    pub(super) at: usize,
    pub(super) file: ToSend,
}

/// Files that wait, and what is under way.
#[derive(Debug, Default)]
pub(super) struct Sender {
    small: VecDeque<Item>,
    small_bytes: u64,
    others: VecDeque<Item>,
    large: VecDeque<Item>,
    /// Which of [`PACK_BYTES`] is taken; beyond the last one there are no packs.
    step: usize,
    under_way: usize,
    large_under_way: usize,
}

impl Sender {
    /// Adds a file that is to be sent.
    pub(super) fn add(&mut self, item: Item) {
        match item.file.hashed.blob.size.bytes() {
            bytes if bytes >= LARGE_BYTES => self.large.push_back(item),
            bytes if bytes <= PACKED_BYTES_MAX => {
                self.small_bytes += framed_bytes(&item.file.hashed.blob);
                self.small.push_back(item);
            }
            _ => self.others.push_back(item),
        }
    }

    /// Adds a file that is to be sent by itself.
    pub(super) fn add_alone(&mut self, item: Item) {
        self.others.push_back(item);
    }

    /// The next thing to send now, if a connection is free. A pack that is not full waits for more
    /// as long as `more_may_come` and others are under way.
    pub(super) fn next(&mut self, more_may_come: bool) -> Option<Load> {
        if self.under_way >= CONNECTIONS {
            return None;
        }
        let load = self.pick(more_may_come)?;
        self.under_way += 1;
        Some(load)
    }

    fn pick(&mut self, more_may_come: bool) -> Option<Load> {
        if self.large_under_way < LARGE_AT_ONCE
            && let Some(item) = self.large.pop_front()
        {
            self.large_under_way += 1;
            return Some(Load::One(item));
        }
        let Some(pack_bytes) = PACK_BYTES.get(self.step).copied() else {
            return self.small.pop_front().or_else(|| self.others.pop_front()).map(Load::One);
        };
        let is_full = self.small_bytes >= pack_bytes || self.small.len() >= PACK_FILES_MAX;
        if is_full || (!self.small.is_empty() && (!more_may_come || self.under_way == 0)) {
            return Some(Load::Pack(self.pack(pack_bytes)));
        }
        self.others.pop_front().map(Load::One)
    }

    fn pack(&mut self, most: u64) -> Vec<Item> {
        let (mut pack, mut bytes) = (Vec::new(), 0);
        while let Some(item) = self.small.front() {
            let more = framed_bytes(&item.file.hashed.blob);
            if !pack.is_empty() && (bytes + more > most || pack.len() >= PACK_FILES_MAX) {
                break;
            }
            bytes += more;
            pack.extend(self.small.pop_front());
        }
        self.small_bytes -= bytes;
        pack
    }

    /// One file is through, one way or the other.
    pub(super) fn ended_one(&mut self, item: &Item) {
        self.under_way -= 1;
        if item.file.hashed.blob.size.bytes() >= LARGE_BYTES {
            self.large_under_way -= 1;
        }
    }

    /// A pack is through.
    pub(super) fn ended_pack(&mut self) {
        self.under_way -= 1;
    }

    /// A pack was not taken: later ones are smaller, or there are none. Its files wait again.
    pub(super) fn refused(&mut self, pack: Vec<Item>) {
        self.under_way -= 1;
        let bytes: u64 = pack.iter().map(|item| framed_bytes(&item.file.hashed.blob)).sum();
        // Others that are under way were packed before this one came back.
        let is_small = PACK_BYTES.get(self.step).is_some_and(|most| bytes <= *most);
        if is_small || self.step >= PACK_BYTES.len() {
            self.step = (self.step + 1).min(PACK_BYTES.len());
        }
        for item in pack {
            self.add(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use shaman_proto::{BlobRef, BlobSize, Digest};

    use super::*;
    use crate::hash::{Fingerprint, Hashed};

    fn item(at: usize, size: u64) -> Item {
        let blob = BlobRef::new(Digest::from_bytes([0; 32]), BlobSize::new(size).unwrap());
        let fingerprint = Fingerprint { size, modified_ns: 0, changed_ns: 0, inode: 0 };
        let hashed = Hashed { blob, fingerprint };
        Item { at, file: ToSend { path: "a".into(), name: "a".into(), hashed, bytes: None } }
    }

    fn filled(sizes: &[u64]) -> Sender {
        let mut sender = Sender::default();
        sizes.iter().enumerate().for_each(|(at, size)| sender.add(item(at, *size)));
        sender
    }

    fn picked(sender: &mut Sender, more: bool) -> Option<Vec<usize>> {
        Some(match sender.next(more)? {
            Load::Pack(pack) => pack.iter().map(|item| item.at).collect(),
            Load::One(item) => vec![item.at],
        })
    }

    #[test]
    fn small_files_wait_for_company_while_others_are_under_way() {
        let mut sender = filled(&[10, 20, 1 << 20]);
        assert_eq!(picked(&mut sender, true), Some(vec![0, 1]), "nothing else is under way");
        sender.add(item(3, 30));
        assert_eq!(picked(&mut sender, true), Some(vec![2]));
        assert_eq!(picked(&mut sender, true), None);
        assert_eq!(picked(&mut sender, false), Some(vec![3]));
    }

    #[test]
    fn large_files_do_not_take_all_connections() {
        let mut sender = filled(&[LARGE_BYTES, LARGE_BYTES, LARGE_BYTES, 1 << 20]);
        let all: Vec<_> = std::iter::from_fn(|| picked(&mut sender, false)).collect();
        assert_eq!(all, [vec![0], vec![1], vec![3]]);
        sender.ended_one(&item(0, LARGE_BYTES));
        assert_eq!(picked(&mut sender, false), Some(vec![2]));
    }

    #[test]
    fn packs_that_are_refused_become_smaller_and_then_single_files() {
        let sizes = [100 << 10; 30];
        let mut sender = filled(&sizes);
        let Some(Load::Pack(pack)) = sender.next(false) else { panic!("a pack") };
        assert_eq!(pack.len(), 30);
        sender.refused(pack);
        let Some(Load::Pack(smaller)) = sender.next(false) else { panic!("a pack") };
        assert_eq!(smaller.len(), 8);
        sender.refused(smaller);
        assert!(matches!(sender.next(false), Some(Load::One(_))));
        let rest = std::iter::from_fn(|| picked(&mut sender, false)).count();
        assert_eq!(rest, CONNECTIONS - 1);
    }
}
