//! What file, environment and flags said, put together: a later one wins.

use std::collections::BTreeMap;
use std::path::Path;

use super::keys::{KEYS, Key, OF_FLAMENCO, OTHER_VARIABLES, Takes};
use super::mistakes::{Mistake, Place};
use super::yaml::{self, Content, Node};

/// Longest configuration file that is read.
const FILE_BYTES_MAX: usize = 1 << 20;

/// A value, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) place: Place,
}

/// What was said about each key.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    pub(super) values: BTreeMap<&'static str, Vec<Given>>,
    pub(super) trees: BTreeMap<&'static str, Node>,
    pub(super) mistakes: Vec<Mistake>,
}

impl Sayings {
    /// Takes what a file says.
    pub(super) fn read_file(&mut self, path: &Path) {
        let file = path.display().to_string();
        let text = match std::fs::read(path).map(String::from_utf8) {
            Ok(Ok(text)) if text.len() <= FILE_BYTES_MAX => text,
            Ok(Ok(_)) => return self.wrong(Place::File(file), "this is longer than 1 MB"),
            Ok(Err(_)) => return self.wrong(Place::File(file), "this is no text in UTF-8"),
            Err(error) => {
                return self.wrong(Place::File(file), &format!("cannot read this: {error}"));
            }
        };
        let root = match yaml::read(&text, &file) {
            Ok(root) => root,
            Err(mistake) => return self.mistakes.push(mistake),
        };
        match &root.content {
            Content::Nothing => {}
            Content::Map(map) => {
                let of = if is_flamencos(path, map) { Owner::Manager } else { Owner::Us };
                self.take_map("", map, of);
            }
            _ => self.wrong(root.place, "a configuration is a list of `key: value`"),
        }
    }

    /// Takes what environment variables say.
    pub(super) fn read_environment(&mut self, environment: &BTreeMap<String, String>) {
        for key in KEYS {
            let said = key.variable().and_then(|name| environment.get_key_value(&name));
            let Some((name, text)) = said else { continue };
            let place = Place::Variable(name.clone());
            let given = match key.takes {
                Takes::Many => text
                    .split(',')
                    .map(str::trim)
                    .filter(|text| !text.is_empty())
                    .map(|text| Given { text: text.to_owned(), place: place.clone() })
                    .collect(),
                _ => vec![Given { text: text.clone(), place }],
            };
            self.values.insert(key.name, given);
        }
        for name in environment.keys() {
            if let Some(meant) = misspelt(name) {
                let says = format!("there is no such variable; did you mean `{meant}`?");
                self.wrong(Place::Variable(name.clone()), &says);
            }
        }
    }

    /// Takes what a flag says.
    pub(super) fn say(&mut self, name: &str, text: Option<&str>) {
        let Some(text) = text else { return };
        let key = KEYS.iter().find(|key| key.name == name).expect("a flag has a key");
        let place = Place::Flag(key.flag.expect("only keys with flags are said so"));
        self.values.insert(key.name, vec![Given { text: text.to_owned(), place }]);
    }

    pub(super) fn wrong(&mut self, place: Place, says: &str) {
        self.mistakes.push(Mistake::new(place, says.to_owned()));
    }

    fn take_map(&mut self, above: &str, map: &[(Node, Node)], of: Owner) {
        let mut seen: Vec<&str> = Vec::new();
        for (key, value) in map {
            let Some(word) = key.text() else {
                self.wrong(key.place.clone(), "a key is a word");
                continue;
            };
            if seen.contains(&word) {
                self.wrong(key.place.clone(), &format!("`{word}` is said twice"));
            }
            seen.push(word);
            let name = if above.is_empty() { word.to_owned() } else { format!("{above}.{word}") };
            self.take(&name, key, value, of);
        }
    }

    fn take(&mut self, name: &str, key: &Node, value: &Node, of: Owner) {
        let is_read = |known: &&Key| of == Owner::Us || OF_FLAMENCO.contains(&known.name);
        if let Some(known) = KEYS.iter().filter(is_read).find(|known| known.name == name) {
            return self.take_value(known, value);
        }
        let section = format!("{name}.");
        if KEYS.iter().filter(is_read).any(|known| known.name.starts_with(&section)) {
            match &value.content {
                Content::Map(map) => self.take_map(name, map, of),
                Content::Nothing => {}
                _ => self.wrong(value.place.clone(), &format!("`{name}` has keys below it")),
            }
            return;
        }
        if of == Owner::Us {
            self.wrong(key.place.clone(), &unknown(name));
        }
    }

    fn take_value(&mut self, key: &Key, value: &Node) {
        let given = |node: &Node| {
            let text = node.text()?.to_owned();
            Some(Given { text, place: node.place.clone() })
        };
        match (key.takes, &value.content) {
            // Nothing was said: the default.
            (_, Content::Nothing) => {}
            (Takes::Tree, _) => {
                self.trees.insert(key.name, value.clone());
            }
            (Takes::One, Content::Text(_)) => {
                self.values.insert(key.name, given(value).into_iter().collect());
            }
            (Takes::Many, Content::List(list)) => {
                let all: Vec<Given> = list.iter().filter_map(given).collect();
                if all.len() < list.len() {
                    self.wrong(value.place.clone(), &format!("`{}` takes words", key.name));
                }
                self.values.insert(key.name, all);
            }
            (Takes::One, _) => {
                self.wrong(value.place.clone(), &format!("`{}` takes one value", key.name));
            }
            (Takes::Many, _) => self.wrong(
                value.place.clone(),
                &format!("`{}` takes a list; write it as [ … ]", key.name),
            ),
        }
    }
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Ours: every key is known.
    Us,
    /// The Manager's: some keys mean something here, too.
    Manager,
}

/// Flamenco's own file is called so, or has the section that only Flamenco writes.
fn is_flamencos(path: &Path, map: &[(Node, Node)]) -> bool {
    path.file_name().is_some_and(|name| name == "flamenco-manager.yaml")
        || map.iter().any(|(key, _)| key.text() == Some("_meta"))
}

/// The variable that was meant by one that nobody knows: a slip of two letters, or one below a
/// section of ours. Others that begin with `SHAMAN_` may be somebody else's.
fn misspelt(name: &str) -> Option<String> {
    let known: Vec<String> = KEYS.iter().filter_map(Key::variable).collect();
    if OTHER_VARIABLES.contains(&name) || known.iter().any(|known| known == name) {
        return None;
    }
    let slips = |known: &String| strsim::damerau_levenshtein(name, known);
    let nearest = known.iter().min_by_key(|known| slips(known))?;
    let sections = KEYS.iter().filter(|key| key.name.contains('.')).filter_map(Key::variable);
    let is_below = |variable: String| {
        let section = variable.splitn(3, '_').take(2).collect::<Vec<_>>().join("_");
        name.strip_prefix(&section).is_some_and(|rest| rest.starts_with('_'))
    };
    (slips(nearest) <= 2 || sections.into_iter().any(is_below)).then(|| nearest.clone())
}

/// A sentence about a key that nobody knows, with one that may have been meant.
pub(super) fn unknown(name: &str) -> String {
    let word = |name: &str| name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let likeness = |known: &str| {
        let whole = strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
        let slips = strsim::damerau_levenshtein(&word(name), &word(known));
        // A slip of two letters, or the right word at another place.
        match u8::try_from(slips) {
            Ok(few @ 0..=2) if slips < word(known).len() => {
                2.0 - f64::from(few) / 10.0 + whole / 100.0
            }
            _ => whole,
        }
    };
    let sections =
        KEYS.iter().filter_map(|key| key.name.split_once('.')).map(|(section, _)| section);
    let meant = KEYS
        .iter()
        .map(|key| key.name)
        .chain(sections)
        .map(|known| (likeness(known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match meant {
        Some((likeness, meant)) if likeness > 0.87 => {
            format!("there is no key `{name}`; did you mean `{meant}`?")
        }
        _ => format!("there is no key `{name}`; `shaman-server config` lists all that there are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_variable_is_seen_and_what_is_of_others_is_not() {
        for (name, meant) in [
            ("SHAMAN_LISTN", Some("SHAMAN_LISTEN")),
            ("SHAMAN_TRUSTED_NETWORK", Some("SHAMAN_TRUSTED_NETWORKS")),
            ("SHAMAN_LIMITS_BODYRATE", Some("SHAMAN_LIMITS_BODY_RATE")),
            ("SHAMAN_SCRUB_SPEED", Some("SHAMAN_SCRUB_RATE")),
            ("SHAMAN_TOKEN", None),
            ("SHAMAN_URL", None),
            ("SHAMAN_TEST_AGE_MIN", None),
            ("SHAMAN_OF_SOMEBODY_ELSE", None),
        ] {
            assert_eq!(misspelt(name).as_deref(), meant, "{name}");
        }
        for known in KEYS.iter().filter_map(Key::variable) {
            assert_eq!(misspelt(&known), None, "{known}");
        }
        assert!(OTHER_VARIABLES.iter().all(|name| misspelt(name).is_none()));
    }
}
