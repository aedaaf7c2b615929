//! Header names, and how to read their values.

/// Whether the sender would rather come back than send what somebody else is sending.
pub const CAN_DEFER_UPLOAD: &str = "x-shaman-can-defer-upload";

/// The file's name on the sender's side, for logs only.
pub const ORIGINAL_FILENAME: &str = "x-shaman-original-filename";

/// How many bytes of a blob have come (IETF draft of resumable uploads).
pub const UPLOAD_OFFSET: &str = "upload-offset";

/// `?1`: with this request's body all of it has come; `?0`: more will (the same draft).
pub const UPLOAD_COMPLETE: &str = "upload-complete";

/// How many bytes it has in all (the same draft).
pub const UPLOAD_LENGTH: &str = "upload-length";

/// Reads a boolean as Go's `ParseBool` does, which is what stock servers accept and what the
/// Blender add-on's `True` and `False` need. `None`: it is no boolean.
pub fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse_bool;

    #[test]
    fn booleans_are_read_as_go_reads_them() {
        assert_eq!(parse_bool("True"), Some(true));
        assert_eq!(parse_bool("f"), Some(false));
        for text in ["", "yes", "tRUE", " true"] {
            assert_eq!(parse_bool(text), None, "{text}");
        }
    }
}
