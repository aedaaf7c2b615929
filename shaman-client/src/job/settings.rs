//! Settings of a job: what was typed, as the job type wants it.

use std::collections::BTreeMap;

use serde_json::Value;
use shaman_proto::wire::jobs::{JobSetting, JobType};

/// Why the settings do not fit the job type. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// A key that the type does not have.
    #[error("job type `{job_type}` has no setting `{key}`; it has {}", known.join(", "))]
    UnknownKey {
        /// The type.
        job_type: String,
        /// What was typed.
        key: String,
        /// What it has, the most similar first.
        known: Vec<String>,
    },
    /// A value of another type.
    #[error("setting `{key}` takes {takes}, and `{value}` is none")]
    WrongType {
        /// The setting.
        key: String,
        /// What was typed.
        value: String,
        /// What it takes, with an article.
        takes: &'static str,
    },
    /// A value that is not among those allowed.
    #[error("setting `{key}` does not take `{value}`; choose one of {}", choices.join(", "))]
    NoChoice {
        /// The setting.
        key: String,
        /// What was typed.
        value: String,
        /// What it takes.
        choices: Vec<String>,
    },
    /// The same key again.
    #[error("setting `{0}` was given twice; give it once")]
    Twice(String),
    /// What the program itself sets.
    #[error("setting `{0}` is the file that is submitted; leave it out")]
    Ours(String),
    /// Required, and neither given nor with a default.
    #[error(
        "job type `{job_type}` needs {} too; what Blender's add-on works out has to be given here",
        needed(keys)
    )]
    Needed {
        /// The type.
        job_type: String,
        /// What it needs.
        keys: Vec<String>,
    },
}

fn needed(keys: &[String]) -> String {
    let options: Vec<String> = keys.iter().map(|key| format!("--setting {key}=…")).collect();
    options.join(" ")
}

/// Gives all settings of a job: those that were typed, in the setting's own type, and defaults for
/// the others. `ours` is left to the caller.
pub fn fill(
    job_type: &JobType<Value>,
    typed: &[(String, String)],
    ours: &str,
) -> Result<BTreeMap<String, Value>, SettingError> {
    let mut settings = BTreeMap::new();
    for (key, value) in typed {
        if key == ours {
            return Err(SettingError::Ours(key.clone()));
        }
        let Some(setting) = job_type.settings.iter().find(|setting| setting.key == *key) else {
            return Err(unknown(job_type, key, ours));
        };
        if settings.insert(key.clone(), convert(setting, value)?).is_some() {
            return Err(SettingError::Twice(key.clone()));
        }
    }
    let mut keys = Vec::new();
    for setting in job_type.settings.iter().filter(|setting| setting.key != ours) {
        if settings.contains_key(&setting.key) {
            continue;
        }
        match &setting.default {
            Some(default) => {
                settings.insert(setting.key.clone(), default.clone());
            }
            None if setting.required => keys.push(setting.key.clone()),
            None => {}
        }
    }
    if !keys.is_empty() {
        return Err(SettingError::Needed { job_type: job_type.name.clone(), keys });
    }
    Ok(settings)
}

fn convert(setting: &JobSetting<Value>, value: &str) -> Result<Value, SettingError> {
    let wrong = |takes| SettingError::WrongType {
        key: setting.key.clone(),
        value: value.to_owned(),
        takes,
    };
    match setting.kind.as_str() {
        "int32" => match value.parse::<i32>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(wrong("a whole number from -2147483648 to 2147483647")),
        },
        "float" => match value.parse::<f64>() {
            // JSON has no infinity.
            Ok(number) if number.is_finite() => Ok(number.into()),
            _ => Err(wrong("a number such as 0.5")),
        },
        "bool" => match value.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true.into()),
            "false" | "no" | "off" | "0" => Ok(false.into()),
            _ => Err(wrong("true or false")),
        },
        _ => match &setting.choices {
            Some(choices) if !choices.iter().any(|choice| choice == value) => {
                Err(SettingError::NoChoice {
                    key: setting.key.clone(),
                    value: value.to_owned(),
                    choices: choices.clone(),
                })
            }
            _ => Ok(value.into()),
        },
    }
}

fn unknown(job_type: &JobType<Value>, key: &str, ours: &str) -> SettingError {
    let keys = job_type.settings.iter().map(|setting| setting.key.clone());
    let mut known: Vec<String> = keys.filter(|key| key != ours).collect();
    known.sort_by_cached_key(|known| distance(known, key));
    SettingError::UnknownKey { job_type: job_type.name.clone(), key: key.to_owned(), known }
}

/// Edits that make one word of the other, after Levenshtein.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (above, a) in a.chars().enumerate() {
        let mut before = above;
        row[0] = above + 1;
        for (at, b) in b.iter().enumerate() {
            let replaced = before + usize::from(a != *b);
            before = row[at + 1];
            row[at + 1] = replaced.min(before + 1).min(row[at] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render() -> JobType<Value> {
        serde_json::from_value(json!({
            "name": "render", "label": "Render", "etag": "e1", "settings": [
                {"key": "frames", "type": "string", "required": true, "eval": "frames()"},
                {"key": "chunk_size", "type": "int32", "default": 1, "visible": "submission"},
                {"key": "scale", "type": "float"},
                {"key": "previews", "type": "bool", "default": false},
                {"key": "format", "type": "string", "choices": ["PNG", "EXR"], "default": "PNG"},
                {"key": "blendfile", "type": "string", "required": true},
            ]
        }))
        .unwrap()
    }

    fn filled(typed: &[(&str, &str)]) -> Result<Value, String> {
        let typed: Vec<_> =
            typed.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        match fill(&render(), &typed, "blendfile") {
            Ok(settings) => Ok(json!(settings)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn values_get_the_type_of_their_setting_and_the_rest_its_default() {
        let typed =
            [("frames", "1-10"), ("chunk_size", "-5"), ("scale", "0.5"), ("previews", "Yes")];
        let expected = json!({
            "frames": "1-10", "chunk_size": -5, "scale": 0.5, "previews": true, "format": "PNG"
        });
        assert_eq!(filled(&typed), Ok(expected));
        let fewest = json!({"frames": "1", "chunk_size": 1, "previews": false, "format": "PNG"});
        assert_eq!(filled(&[("frames", "1")]), Ok(fewest));
    }

    #[test]
    fn values_that_do_not_fit_are_refused_with_what_would() {
        for (key, value, word) in [
            ("chunk_size", "2.5", "a whole number"),
            ("chunk_size", "3000000000", "2147483647"),
            ("scale", "inf", "a number such as"),
            ("scale", "half", "a number such as"),
            ("previews", "maybe", "true or false"),
            ("format", "JPEG", "PNG, EXR"),
            ("blendfile", "x.blend", "leave it out"),
        ] {
            let refused = filled(&[("frames", "1"), (key, value)]).unwrap_err();
            assert!(refused.contains(word) && refused.contains(key), "{refused}");
        }
        assert!(filled(&[("frames", "1"), ("frames", "2")]).unwrap_err().contains("twice"));
    }

    #[test]
    fn unknown_keys_are_answered_with_the_most_similar_first() {
        let refused = filled(&[("frame", "1")]).unwrap_err();
        assert!(refused.contains("no setting `frame`; it has frames, "), "{refused}");
        assert!(!refused.contains("blendfile"), "{refused}");
    }

    #[test]
    fn what_is_required_and_has_no_default_must_be_given() {
        let refused = filled(&[]).unwrap_err();
        assert!(refused.contains("--setting frames=…"), "{refused}");
    }

    #[test]
    fn distances_are_numbers_of_edits() {
        for (a, b, edits) in [("", "abc", 3), ("frame", "frames", 1), ("kitten", "sitting", 3)] {
            assert_eq!((distance(a, b), distance(b, a)), (edits, edits), "{a} {b}");
        }
    }
}
