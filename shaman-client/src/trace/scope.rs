//! Which data-blocks of a file are needed.
//!
//! All of the main file, because Blender loads them all. Of a library only those that are linked,
//! by their names, and what those use in their turn. A file too many costs space and a file too few
//! costs a render, so a library counts as a whole when it is damaged, or when what is linked from
//! it has another name there.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::sheet::{Home, Item, Sheet};

/// What is wanted of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    /// Everything in it.
    All,
    /// Data-blocks of these names, as `MAoak`.
    Names(HashSet<Arc<[u8]>>),
}

impl Request {
    /// Wants what another one wants as well.
    pub(super) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::All, _) => {}
            (Self::Names(names), Self::Names(more)) => names.extend(more),
            (this, Self::All) => *this = Self::All,
        }
    }
}

/// What was reached of a file so far.
#[derive(Debug)]
pub(super) struct Scope {
    is_reached: Vec<bool>,
    /// Places of data-blocks by their names; those that lie here before those that were packed.
    by_name: HashMap<Arc<[u8]>, u32>,
}

impl Scope {
    /// Starts with nothing reached.
    pub(super) fn new(sheet: &Sheet) -> Self {
        let mut by_name = HashMap::new();
        let places = |wanted: fn(&Home) -> bool| {
            let places = (0..).zip(&sheet.items);
            places.filter(move |(_, item)| wanted(&item.home))
        };
        let here = places(|home| *home == Home::Here);
        // What is linked from elsewhere is not to be had here.
        for (place, item) in here.chain(places(|home| matches!(home, Home::PackedFrom(_)))) {
            by_name.entry(Arc::clone(&item.name)).or_insert(place);
        }
        Self { is_reached: vec![false; sheet.items.len()], by_name }
    }

    /// Reaches what is requested, and what that uses. Gives the places of what was not reached before.
    pub(super) fn reach(&mut self, sheet: &Sheet, request: &Request) -> Vec<u32> {
        let mut left: Vec<u32> = match request {
            Request::Names(names) if !sheet.is_vague => {
                let places = names.iter().map(|name| self.by_name.get(name).copied());
                match places.collect() {
                    Some(places) => places,
                    None => self.all(),
                }
            }
            Request::All | Request::Names(_) => self.all(),
        };
        let mut reached = Vec::new();
        while let Some(place) = left.pop() {
            let Some(is_reached) = self.is_reached.get_mut(place as usize) else {
                continue;
            };
            if std::mem::replace(is_reached, true) {
                continue;
            }
            reached.push(place);
            if let Some(item) = sheet.items.get(place as usize) {
                left.extend(&item.uses);
            }
        }
        reached.sort_unstable();
        reached
    }

    /// Gives the reached data-blocks.
    pub(super) fn items<'a>(&self, sheet: &'a Sheet) -> impl Iterator<Item = &'a Item> {
        let reached = self.is_reached.iter().zip(&sheet.items);
        reached.filter(|(is_reached, _)| **is_reached).map(|(_, item)| item)
    }

    fn all(&self) -> Vec<u32> {
        (0..).take(self.is_reached.len()).collect()
    }
}
