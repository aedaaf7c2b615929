//! The text form: `@./layers/look.usda@`, outside of strings and comments.

use std::io::{self, BufRead};

/// Longest asset path that is taken; more than any system opens.
const PATH_BYTES_MAX: usize = 4096;

/// Most bytes of one file that are read: 1 GiB. Large scenes are binary.
const BYTES_MAX: u64 = 1 << 30;

/// Offers all asset paths, from `@` to `@` or from `@@@` to `@@@`.
///
/// Stops when `offer` fails.
pub(super) fn asset_paths(
    text: impl BufRead,
    offer: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut text = Text { bytes: text.take(BYTES_MAX) };
    while let Some(byte) = text.next()? {
        match byte {
            b'#' => text.pass(|byte| byte == b'\n')?,
            b'"' | b'\'' => text.pass_string(byte)?,
            b'@' => {
                let marks = 1 + text.count(b'@', 2)?;
                // Two are an empty path.
                if marks != 2
                    && let Some(path) = text.until(b'@', marks)?
                {
                    offer(&path)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

struct Text<R> {
    bytes: io::Take<R>,
}

impl<R: BufRead> Text<R> {
    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.bytes.fill_buf()?.first().copied())
    }

    fn next(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        self.bytes.consume(usize::from(byte.is_some()));
        Ok(byte)
    }

    /// Passes over bytes up to and with the first that is wanted.
    fn pass(&mut self, is_wanted: impl Fn(u8) -> bool) -> io::Result<()> {
        while let Some(byte) = self.next()? {
            if is_wanted(byte) {
                break;
            }
        }
        Ok(())
    }

    /// Passes over up to `most` bytes of that kind, and counts them.
    fn count(&mut self, wanted: u8, most: usize) -> io::Result<usize> {
        let mut count = 0;
        while count < most && self.peek()? == Some(wanted) {
            self.next()?;
            count += 1;
        }
        Ok(count)
    }

    /// Passes over a string whose first quote is behind us.
    fn pass_string(&mut self, quote: u8) -> io::Result<()> {
        let marks = 1 + self.count(quote, 2)?;
        if marks == 2 {
            return Ok(());
        }
        let mut run = 0;
        while let Some(byte) = self.next()? {
            if byte == b'\\' {
                self.next()?;
            }
            run = if byte == quote { run + 1 } else { 0 };
            // A string of one line ends with it, so that a stray quote costs no more.
            if run == marks || marks == 1 && byte == b'\n' {
                break;
            }
        }
        Ok(())
    }

    /// Takes bytes up to so many marks in a row; nothing if there is no end, or too late.
    fn until(&mut self, mark: u8, marks: usize) -> io::Result<Option<Vec<u8>>> {
        let mut taken = Vec::new();
        while let Some(byte) = self.next()? {
            taken.push(byte);
            let run = taken.iter().rev().take_while(|byte| **byte == mark).take(marks).count();
            if run == marks {
                taken.truncate(taken.len() - marks);
                return Ok(Some(taken));
            }
            if taken.len() > PATH_BYTES_MAX {
                break;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::asset_paths;

    fn paths(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        asset_paths(text.as_bytes(), &mut |path| {
            found.push(String::from_utf8(path.to_vec()).unwrap());
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn paths_stand_between_marks() {
        let text = "#usda 1.0\n( subLayers = [@./a.usda@, @b.usda@]\n)\n\
                    def X (references = @../c.usd@</Part>) {} @@ @@@odd@name.usd@@@";
        assert_eq!(paths(text), ["./a.usda", "b.usda", "../c.usd", "odd@name.usd"]);
    }

    #[test]
    fn strings_and_comments_are_passed_over() {
        let text = "# mail a@b.usd and c@d\n\"x@y\" 'a@b' \"\"\"two\nlines @ \"quoted\" @\"\"\" \
                    \"esc \\\" @\" @real.usd@";
        assert_eq!(paths(text), ["real.usd"]);
    }

    #[test]
    fn what_has_no_end_is_no_path() {
        assert!(paths("@a.usd").is_empty());
        assert!(paths("\"never closed @a.usd@").is_empty());
        assert!(paths(&format!("@{}@", "x".repeat(5000))).is_empty());
    }
}
