//! Flamenco's two-way variables: one directory, called differently on each kind of machine.

use std::str::FromStr;

use super::mistakes::Mistake;
use super::words::one_of;
use super::yaml::{Content, Node};

/// For whom a value is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Reads what stands below `variables`. Keys that Flamenco may have besides are not looked at.
    pub(super) fn read(tree: Option<&Node>) -> (Self, Vec<Mistake>) {
        let mut reader = Written::default();
        let map = tree.map_or(&[][..], |tree| reader.map(tree, "`variables` has names below it"));
        let all = map.iter().map(|(name, variable)| reader.variable(name, variable));
        let variables = all.collect::<Vec<_>>().into_iter().flatten().collect();
        (Self { variables }, reader.mistakes)
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

/// Reads variables, and notes what is wrong with them.
#[derive(Debug, Default)]
struct Written {
    mistakes: Vec<Mistake>,
}

impl Written {
    fn wrong(&mut self, node: &Node, says: &str) {
        self.mistakes.push(Mistake::new(node.place.clone(), says.to_owned()));
    }

    fn map<'a>(&mut self, node: &'a Node, says: &str) -> &'a [(Node, Node)] {
        match &node.content {
            Content::Map(map) => map,
            Content::Nothing => &[],
            _ => {
                self.wrong(node, says);
                &[]
            }
        }
    }

    /// `None`: it is one that Flamenco's programs put in one way only.
    fn variable(&mut self, name: &Node, node: &Node) -> Option<Vec<Value>> {
        let map = self.map(node, "a variable has `is_twoway` and `values`");
        let (mut is_twoway, mut values) = (false, None);
        for (key, value) in map {
            match key.text() {
                Some("is_twoway") => match value.text() {
                    Some("true") => is_twoway = true,
                    Some("false") => {}
                    _ => self.wrong(value, "`is_twoway` is `true` or `false`"),
                },
                Some("values") => match &value.content {
                    Content::List(list) => {
                        values = Some(list.iter().flat_map(|one| self.value(one)).collect());
                    }
                    _ => self.wrong(value, "`values` is a list"),
                },
                _ => self.wrong(key, "a variable has `is_twoway` and `values`, and nothing else"),
            }
        }
        if values.is_none() {
            self.wrong(name, "this variable has no `values`");
        }
        values.filter(|_| is_twoway)
    }

    /// One value for each platform that it is for.
    fn value(&mut self, node: &Node) -> Vec<Value> {
        let map = self.map(node, "a value has `value`, and may have `platform` and `audience`");
        let (mut audience, mut platforms, mut text) = (Audience::All, Vec::new(), None);
        for (key, value) in map {
            match (key.text(), &value.content) {
                (Some("value"), Content::Text(written)) => text = Some((written, value)),
                (Some("audience"), Content::Text(word)) => {
                    let words = &[
                        ("all", Audience::All),
                        ("workers", Audience::Workers),
                        ("users", Audience::Users),
                    ];
                    match one_of(word, words) {
                        Ok(known) => audience = known,
                        Err(says) => self.wrong(value, &says),
                    }
                }
                (Some("platform"), Content::Text(_)) => platforms.extend(self.platform(value)),
                (Some("platforms"), Content::List(list)) => {
                    for one in list {
                        platforms.extend(self.platform(one));
                    }
                }
                _ => self.wrong(
                    key,
                    "a value has `value`, `platform` or a list of `platforms`, and `audience`",
                ),
            }
        }
        let Some((text, at)) = text else {
            self.wrong(node, "this has no `value`");
            return Vec::new();
        };
        if let Err(says) = super::refuse_unc(text) {
            self.wrong(at, &says);
        }
        if platforms.is_empty() {
            platforms.push(Platform::All);
        }
        let value = |platform| Value { audience, platform, text: text.clone() };
        platforms.into_iter().map(value).collect()
    }

    fn platform(&mut self, node: &Node) -> Option<Platform> {
        let words = &[
            ("all", Platform::All),
            ("linux", Platform::Linux),
            ("darwin", Platform::Darwin),
            ("windows", Platform::Windows),
        ];
        match one_of(node.text().unwrap_or_default(), words) {
            Ok(platform) => Some(platform),
            Err(says) => {
                self.wrong(node, &says);
                None
            }
        }
    }
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
        let tree = super::super::yaml::read(yaml, "FILE").unwrap();
        let (variables, mistakes) = Variables::read(Some(&tree));
        assert!(mistakes.is_empty(), "{mistakes:?}");
        variables
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
