//! JSON as Python's `json.dumps` writes it.

use std::fmt::Write as _;

use serde_json::Value;

/// With a blank after `,` and `:`, and nothing but ASCII.
pub(super) fn dumps(value: &Value) -> String {
    match value {
        Value::Array(values) => {
            let values: Vec<_> = values.iter().map(dumps).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| format!("{}: {}", quoted(name), dumps(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    let mut ascii = String::new();
    for letter in Value::from(text).to_string().chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                write!(ascii, "\\u{unit:04x}").expect("a String takes every text");
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn names_outside_ascii_are_escaped_in_pairs() {
        let value = json!({"a": [1, true, null], "path": "ü🎬\"\n"});
        assert_eq!(
            super::dumps(&value),
            r#"{"a": [1, true, null], "path": "\u00fc\ud83c\udfac\"\n"}"#
        );
    }
}
