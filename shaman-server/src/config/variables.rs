//! Flamenco's two-way variables: one directory, called differently on each kind of machine.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

use super::file::Variable;

/// For whom a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Both.
    #[default]
    All,
    /// Render workers.
    Workers,
    /// Artists.
    Users,
}

/// For which systems a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Each of them.
    All,
    /// Linux.
    Linux,
    /// macOS.
    Darwin,
    /// Windows.
    Windows,
}

impl Platform {
    /// The system that this server runs on.
    pub const HERE: Self = if cfg!(target_os = "macos") {
        Self::Darwin
    } else if cfg!(windows) {
        Self::Windows
    } else {
        Self::Linux
    };

    fn separator(self) -> char {
        if self == Self::Windows { '\\' } else { '/' }
    }
}

/// A word that names no audience or platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWord;

impl FromStr for Audience {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "workers" => Ok(Self::Workers),
            "users" => Ok(Self::Users),
            _ => Err(UnknownWord),
        }
    }
}

impl FromStr for Platform {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "linux" => Ok(Self::Linux),
            "darwin" => Ok(Self::Darwin),
            "windows" => Ok(Self::Windows),
            _ => Err(UnknownWord),
        }
    }
}

/// One value.
#[derive(Debug, Clone)]
struct Value {
    audience: Audience,
    platform: Platform,
    text: String,
}

/// All two-way variables.
#[derive(Debug, Clone, Default)]
pub struct Variables {
    variables: Vec<Vec<Value>>,
}

impl Variables {
    pub(super) fn new(written: BTreeMap<String, Variable>) -> Self {
        let variables = written
            .into_values()
            .filter(|variable| variable.is_twoway)
            .map(|variable| variable.values.into_iter().flat_map(values).collect())
            .collect();
        Self { variables }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().flatten().map(|value| value.text.as_str())
    }

    /// What a path of this machine is called by that audience on that platform: the longest value
    /// for here that it starts with is replaced by the value for there (Flamenco compares without
    /// case and takes both slashes for one). A path that no variable covers stays as it is.
    pub fn path_for(&self, path: &str, audience: Audience, platform: Platform) -> String {
        let mut best: Option<(usize, String)> = None;
        for variable in &self.variables {
            let there = variable
                .iter()
                .find(|value| value.is_for(audience, platform))
                .map(|value| value.text.as_str());
            let Some(there) = there else { continue };
            for here in variable.iter().filter(|v| v.is_for(Audience::All, Platform::HERE)) {
                let Some(rest) = below(path, &here.text) else { continue };
                let length = path.len() - rest.len();
                if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
                    best = Some((length, joined(there, rest, platform)));
                }
            }
        }
        best.map_or_else(|| path.to_owned(), |(_, path)| path)
    }
}

impl Value {
    /// `Audience::All` asks for a value for anybody.
    fn is_for(&self, audience: Audience, platform: Platform) -> bool {
        let for_them = audience == Audience::All
            || self.audience == Audience::All
            || self.audience == audience;
        for_them && (self.platform == Platform::All || self.platform == platform)
    }
}

fn values(written: super::file::Value) -> Vec<Value> {
    let mut platforms = written.platforms;
    platforms.extend(written.platform);
    if platforms.is_empty() {
        platforms.push(Platform::All);
    }
    platforms
        .into_iter()
        .map(|platform| Value { audience: written.audience, platform, text: written.text.clone() })
        .collect()
}

/// What is left of `path` behind the directory `start`, with its slash.
fn below<'a>(path: &'a str, start: &str) -> Option<&'a str> {
    let start = start.trim_end_matches(['/', '\\']);
    let mut rest = path.chars();
    for wanted in start.chars() {
        let found = rest.next()?;
        let is_same = found.to_lowercase().eq(wanted.to_lowercase())
            || (matches!(found, '/' | '\\') && matches!(wanted, '/' | '\\'));
        if !is_same {
            return None;
        }
    }
    let rest = rest.as_str();
    (rest.is_empty() || rest.starts_with(['/', '\\'])).then_some(rest)
}

fn joined(start: &str, rest: &str, platform: Platform) -> String {
    let slash = platform.separator();
    let mut path: String = start
        .trim_end_matches(['/', '\\'])
        .chars()
        .chain(rest.chars())
        .map(|c| if matches!(c, '/' | '\\') { slash } else { c })
        .collect();
    // `X:` alone is the current directory of that drive.
    if path.is_empty() || (platform == Platform::Windows && path.len() == 2 && path.ends_with(':'))
    {
        path.push(slash);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(yaml: &str) -> Variables {
        Variables::new(serde_saphyr::from_str(yaml).unwrap())
    }

    const FARM: &str = "
storage:
  is_twoway: true
  values:
    - {platform: linux, value: /mnt/farm/}
    - {platform: windows, value: 'F:'}
    - {platform: darwin, audience: users, value: /Volumes/Farm}
    - {platform: darwin, audience: workers, value: /farm}
one_way:
  values:
    - {value: /mnt/farm}
jobs:
  is_twoway: true
  values:
    - {platforms: [linux], value: /mnt/farm/jobs}
    - {platforms: [windows, darwin], audience: workers, value: 'J:/'}
";

    #[test]
    fn a_path_is_called_as_each_machine_knows_it() {
        let farm = variables(FARM);
        let path = |audience, platform| farm.path_for("/mnt/farm/jobs/a", audience, platform);
        assert_eq!(path(Audience::Users, Platform::Linux), "/mnt/farm/jobs/a");
        assert_eq!(path(Audience::Users, Platform::Windows), r"F:\jobs\a");
        assert_eq!(path(Audience::Users, Platform::Darwin), "/Volumes/Farm/jobs/a");
        assert_eq!(path(Audience::Workers, Platform::Windows), r"J:\a", "the longest one wins");
        assert_eq!(farm.path_for("/mnt/FARM", Audience::Users, Platform::Windows), r"F:\");
    }

    #[test]
    fn only_whole_directories_are_replaced() {
        let farm = variables(FARM);
        for path in ["/mnt/farmer/a", "/mnt", "/srv/mnt/farm"] {
            assert_eq!(farm.path_for(path, Audience::Users, Platform::Windows), path);
        }
    }
}
