//! Answers, checked as strictly as the generated client checks them: fields that are required must
//! be there and of their type; others are passed over; `Content-Type` is not looked at.

use serde_json::Value;

use super::failure::ApiError;
use crate::wire::Answer;

/// The JSON of an answer with a 2xx status.
pub(super) fn json(answer: Answer) -> Result<Value, ApiError> {
    let status = answer.status;
    let body = success(answer)?;
    let body = String::from_utf8(body).map_err(|_| ApiError::NotUnicode { status })?;
    serde_json::from_str(&body).map_err(|_| ApiError::Unexpected(format!("no JSON: {body}")))
}

/// The body of an answer with a 2xx status; what it holds is not looked at.
pub(super) fn success(answer: Answer) -> Result<Vec<u8>, ApiError> {
    if (200..300).contains(&answer.status) {
        return Ok(answer.body);
    }
    let status = answer.status;
    let body = String::from_utf8(answer.body).map_err(|_| ApiError::NotUnicode { status })?;
    let headers = String::from_utf8_lossy(&answer.head.raw).into_owned();
    Err(ApiError::Refused { status, headers, body })
}

/// A string that must be there.
pub(super) fn text(value: &Value, name: &str) -> Result<String, ApiError> {
    field(value, name)?.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "a string", value))
}

/// A boolean that must be there.
pub(super) fn truth(value: &Value, name: &str) -> Result<bool, ApiError> {
    field(value, name)?.as_bool().ok_or_else(|| wrong(name, "a boolean", value))
}

/// An integer that must be there; `11.0` is none.
pub(super) fn integer(value: &Value, name: &str) -> Result<i64, ApiError> {
    field(value, name)?.as_i64().ok_or_else(|| wrong(name, "an integer", value))
}

/// A list that must be there; `null` is none.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> Result<&'a Vec<Value>, ApiError> {
    field(value, name)?.as_array().ok_or_else(|| wrong(name, "a list", value))
}

/// One of these words, which must be there.
pub(super) fn word(value: &Value, name: &str, words: &[&str]) -> Result<String, ApiError> {
    let text = text(value, name)?;
    if words.contains(&text.as_str()) {
        Ok(text)
    } else {
        Err(wrong(name, "one of its words", value))
    }
}

fn field<'a>(value: &'a Value, name: &str) -> Result<&'a Value, ApiError> {
    value.get(name).ok_or_else(|| wrong(name, "there", value))
}

fn wrong(name: &str, expected: &str, value: &Value) -> ApiError {
    ApiError::Unexpected(format!("`{name}` is not {expected} in {value}"))
}
