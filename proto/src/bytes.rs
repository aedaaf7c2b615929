//! Numbers of bytes as a person types them: `500MB`, `20 GiB`.

/// A text that is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of bytes; write it as 500MB, 20GiB or 1TB")]
pub struct BytesError(String);

/// Reads a whole number with `B`, `kB`, `MB`, `GB`, `TB`, `KiB`, `MiB`, `GiB`, `TiB` or nothing
/// behind it.
pub fn parse_bytes(text: &str) -> Result<u64, BytesError> {
    let refused = || BytesError(text.to_owned());
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit()).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(end);
    let unit: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(refused()),
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("0", 0),
            ("7B", 7),
            ("500MB", 500_000_000),
            (" 20 GiB ", 20 << 30),
            ("1TB", 1_000_000_000_000),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_bytes_is_refused_with_examples() {
        for text in ["", "MB", "-1", "1.5GB", "7 apples", "99999999999999TB"] {
            assert!(parse_bytes(text).unwrap_err().to_string().contains("20GiB"), "{text}");
        }
    }
}
