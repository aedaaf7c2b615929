//! Texts → values. Each mistake is noted with its place, and the default stands in, so that all
//! mistakes are found at once.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use shaman_proto::{parse_bytes, parse_duration};

use super::keys::{KEYS, Key};
use super::mistakes::{Mistake, Mistakes, Place};
use super::said::{Given, Sayings};
use super::yaml::Node;

/// Reads values by their keys.
#[derive(Debug)]
pub(super) struct Reader {
    sayings: Sayings,
}

impl Reader {
    pub(super) fn new(sayings: Sayings) -> Self {
        Self { sayings }
    }

    /// The value of a key.
    pub(super) fn one<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> T {
        let key = key(name);
        let default = || match parse(key.default) {
            Ok(value) => value,
            Err(error) => panic!("the default of `{name}` is wrong: {error}"),
        };
        let Some(given) = self.sayings.values.get(key.name).and_then(|given| given.first()) else {
            return default();
        };
        match parse(given.text.trim()) {
            Ok(value) => value,
            Err(error) => {
                let place = given.place.clone();
                self.sayings.wrong(place, &format!("`{name}`: {error}"));
                default()
            }
        }
    }

    /// The values of a key that takes many; those that are wrong are left out.
    pub(super) fn many<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let key = key(name);
        let default = || {
            let words = key.default.split(',').filter(|word| !word.is_empty());
            words.map(|text| Given { text: text.to_owned(), place: Place::Default }).collect()
        };
        let given = self.sayings.values.get(key.name).cloned().unwrap_or_else(default);
        let mut values = Vec::new();
        for Given { text, place } in given {
            match parse(text.trim()) {
                Ok(value) => values.push(value),
                Err(error) => self.sayings.wrong(place, &format!("`{name}`: {error}")),
            }
        }
        values
    }

    /// A file; `None` when it is not named.
    pub(super) fn file(&mut self, name: &str) -> Option<PathBuf> {
        self.one(name, |text| Ok::<_, String>((!text.is_empty()).then(|| PathBuf::from(text))))
    }

    /// A time between two others.
    pub(super) fn time(&mut self, name: &str, least: Duration, most: Duration) -> Duration {
        self.one(name, |text| {
            let time = parse_duration(text).map_err(|error| error.to_string())?;
            if (least..=most).contains(&time) {
                return Ok(time);
            }
            Err(format!("`{text}` is not between {} and {}", spoken(least), spoken(most)))
        })
    }

    /// A number of bytes between two others.
    pub(super) fn bytes(&mut self, name: &str, least: u64, most: u64) -> u64 {
        self.one(name, |text| {
            let bytes = parse_bytes(text).map_err(|error| error.to_string())?;
            if (least..=most).contains(&bytes) {
                return Ok(bytes);
            }
            Err(format!("`{text}` is not between {least} and {most} bytes"))
        })
    }

    /// A number between two others.
    pub(super) fn count(&mut self, name: &str, least: usize, most: usize) -> usize {
        self.one(name, |text| match text.parse::<usize>() {
            Ok(count) if (least..=most).contains(&count) => Ok(count),
            _ => Err(format!("`{text}` is no number between {least} and {most}")),
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.one(name, |text| match text {
            "true" | "True" | "TRUE" => Ok(true),
            "false" | "False" | "FALSE" => Ok(false),
            _ => Err(format!("`{text}` is neither `true` nor `false`")),
        })
    }

    /// What the file says of a key that takes something of its own.
    pub(super) fn tree(&mut self, name: &str) -> Option<Node> {
        self.sayings.trees.get(key(name).name).cloned()
    }

    /// Notes what is wrong with a key besides its own text, where that was said.
    pub(super) fn wrong(&mut self, name: &str, says: &str) {
        let given = self.sayings.values.get(key(name).name).and_then(|given| given.first());
        let place = given.map_or(Place::Default, |given| given.place.clone());
        self.sayings.wrong(place, &format!("`{name}`: {says}"));
    }

    /// Notes what somebody else found.
    pub(super) fn extend(&mut self, mistakes: Vec<Mistake>) {
        self.sayings.mistakes.extend(mistakes);
    }

    /// Every key with the text that counts, and where that was said; or all mistakes.
    pub(super) fn end(self) -> Result<Vec<Effective>, Mistakes> {
        let Sayings { values, trees, mistakes } = self.sayings;
        if !mistakes.is_empty() {
            return Err(Mistakes(mistakes));
        }
        let effective = KEYS.iter().map(|key| {
            let given = values.get(key.name);
            let texts = given.into_iter().flatten().map(|given| given.text.as_str());
            let (text, place) = match (given, trees.get(key.name)) {
                (Some(given), _) => (
                    texts.collect::<Vec<_>>().join(", "),
                    given.first().map_or(Place::Default, |given| given.place.clone()),
                ),
                (None, Some(tree)) => (tree.inline(), tree.place.clone()),
                (None, None) => (key.default.to_owned(), Place::Default),
            };
            Effective { key, text, place }
        });
        Ok(effective.collect())
    }
}

/// A key, the text that counts, and where that was said.
#[derive(Debug, Clone)]
pub struct Effective {
    /// Which.
    pub key: &'static Key,
    /// What counts, as it was written.
    pub text: String,
    /// Where it was said.
    pub place: Place,
}

fn key(name: &str) -> &'static Key {
    KEYS.iter().find(|key| key.name == name).expect("only keys of the table are read")
}

/// A time as people write it.
fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => "0".to_owned(),
        s if s % 86_400 == 0 && s > 86_400 => format!("{}d", s / 86_400),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
