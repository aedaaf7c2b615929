//! What all of OTLP's JSON has in common. Numbers of 64 bits are texts in it.

use std::time::Duration;

use serde_json::{Value, json};

use super::span::Attribute;

/// A moment since 1970.
pub(super) fn nanos(since: Duration) -> Value {
    since.as_nanos().to_string().into()
}

pub(super) fn attributes<'a>(
    all: impl IntoIterator<Item = &'a (&'static str, Attribute)>,
) -> Value {
    let of = |(key, value): &(&'static str, Attribute)| {
        let value = match value {
            Attribute::Text(text) => json!({"stringValue": text}),
            Attribute::Number(number) => json!({"intValue": number.to_string()}),
        };
        json!({"key": key, "value": value})
    };
    all.into_iter().map(of).collect()
}
