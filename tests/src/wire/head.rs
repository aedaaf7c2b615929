//! The head of a message: its first line and its fields, with the bytes they came in.

use std::io::{self, BufRead};

/// Most bytes of a head; it is what Go's server takes.
const HEAD_BYTES_MAX: usize = 1 << 20;

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was spelled.
    pub name: String,
    /// Without blanks around it; lines that were folded are joined by one blank, as Go does.
    pub value: Vec<u8>,
    /// All its bytes but the last line break: name, colon, and folds as they were sent.
    pub raw: Vec<u8>,
}

impl Field {
    /// The value as text; bytes that aren't UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

/// The head of a request or of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The request line or the status line.
    pub first_line: String,
    /// In the order they came.
    pub fields: Vec<Field>,
    /// Every byte, with the empty line at the end.
    pub raw: Vec<u8>,
}

impl Head {
    /// Reads up to the empty line; `None` when the connection ended before the first byte.
    ///
    /// Takes bare LF for a line break and accepts folded fields, as Go's server does. A head that
    /// is cut off, too long or without a colon is an error.
    pub fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = Self::default();
        let mut line = Vec::new();
        let mut broken_by: &[u8] = b"";
        loop {
            line.clear();
            if from.read_until(b'\n', &mut line)? == 0 && head.raw.is_empty() {
                return Ok(None);
            }
            head.raw.extend_from_slice(&line);
            if line.pop() != Some(b'\n') {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if head.raw.len() > HEAD_BYTES_MAX {
                return Err(invalid("the head is too long"));
            }
            let text = line.strip_suffix(b"\r").unwrap_or(&line);
            if head.first_line.is_empty() {
                head.first_line = String::from_utf8_lossy(text).into_owned();
            } else if text.is_empty() {
                return Ok(Some(head));
            } else if matches!(text.first(), Some(b' ' | b'\t')) {
                let field =
                    head.fields.last_mut().ok_or_else(|| invalid("a fold before a field"))?;
                field.raw.extend_from_slice(broken_by);
                field.raw.extend_from_slice(text);
                field.value.push(b' ');
                field.value.extend_from_slice(text.trim_ascii());
            } else {
                head.fields.push(parse(text)?);
            }
            broken_by = if text.len() < line.len() { b"\r\n" } else { b"\n" };
        }
    }

    /// The first field of this name, in whatever case.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The value of [`Self::get`] as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(Field::text)
    }

    /// Whether a field of this name holds this word among its comma-separated ones.
    pub fn says(&self, name: &str, word: &str) -> bool {
        let fields = self.fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        fields
            .map(Field::text)
            .any(|text| text.split(',').any(|one| one.trim().eq_ignore_ascii_case(word)))
    }

    /// The names in their order and spelling.
    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|field| field.name.as_str()).collect()
    }
}

fn parse(line: &[u8]) -> io::Result<Field> {
    let colon = line.iter().position(|byte| *byte == b':');
    let (name, rest) = line.split_at(colon.ok_or_else(|| invalid("a field without a colon"))?);
    Ok(Field {
        name: String::from_utf8_lossy(name).into_owned(),
        value: rest.strip_prefix(b":").unwrap_or(rest).trim_ascii().to_vec(),
        raw: line.to_vec(),
    })
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn a_folded_field_keeps_its_bytes_and_reads_as_one_line() {
        let bytes =
            b"POST /x HTTP/1.1\r\nHost: h\r\nX-Name: =?one?=\n =?two?=\r\nLast:1\r\n\r\nbody";
        let mut from = bytes.as_slice();
        let head = Head::read(&mut from).unwrap().unwrap();
        assert_eq!(from, b"body");
        assert_eq!(head.names(), ["Host", "X-Name", "Last"]);
        assert_eq!(head.text("x-name").unwrap(), "=?one?= =?two?=");
        assert_eq!(head.get("x-name").unwrap().raw, b"X-Name: =?one?=\n =?two?=");
        assert_eq!(head.raw, bytes.strip_suffix(b"body").unwrap());
    }

    #[test]
    fn a_head_that_is_cut_off_is_an_error_and_none_at_all_is_not() {
        assert!(Head::read(&mut b"GET / HTTP/1.1\r\nHost".as_slice()).is_err());
        assert_eq!(Head::read(&mut b"".as_slice()).unwrap(), None);
    }
}
