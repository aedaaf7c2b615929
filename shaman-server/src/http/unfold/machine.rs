//! `Machine`: follows the bytes of one connection and says what is head and what is body. No IO.

use bytes::BytesMut;

use super::body::Body;
use super::head::{Found, Scan};

/// Most bytes in a request's head. Four header lines of 16 KiB, which is what clients need to be
/// able to send; what is longer is left to the parser, which refuses it.
pub(in crate::http) const HEAD_BYTES_MAX: usize = 64 << 10;

/// Where in a request the next byte belongs.
#[derive(Debug)]
enum State {
    /// In a head, or before one.
    Head(Scan),
    /// In a body.
    Body(Body),
    /// Nowhere: what came is no request that the parser will take, so nothing is changed any more.
    Lost,
}

/// Follows one connection.
#[derive(Debug)]
pub(in crate::http) struct Machine {
    state: State,
}

/// What to do with the bytes at hand.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::http) enum Step {
    /// Hand on so many bytes as they are.
    Pass(usize),
    /// Hand on this head, with its lines unfolded.
    Head(BytesMut),
    /// Wait for more.
    More,
}

impl Default for Machine {
    fn default() -> Self {
        Self { state: State::Head(Scan::default()) }
    }
}

impl Machine {
    /// Says whether bytes may be handed on before they were looked at together: all but heads.
    pub(in crate::http) fn is_in_head(&self) -> bool {
        matches!(self.state, State::Head(_))
    }

    /// Looks at bytes that came and were not handed on yet. Takes a head out of them; everything
    /// else is the caller's to hand on.
    pub(in crate::http) fn step(&mut self, bytes: &mut BytesMut) -> Step {
        let State::Head(scan) = &mut self.state else {
            return Step::Pass(self.pass(bytes));
        };
        if !may_be_request(bytes) {
            self.state = State::Lost;
            return Step::Pass(bytes.len());
        }
        match scan.find_end(bytes) {
            Found::End(end) if end <= HEAD_BYTES_MAX => {
                let head = scan.unfold(bytes.split_to(end));
                self.state = match Body::after(&head) {
                    Some(body) if body.has_ended() => State::Head(Scan::default()),
                    Some(body) => State::Body(body),
                    None => State::Lost,
                };
                Step::Head(head)
            }
            Found::Nothing if bytes.len() <= HEAD_BYTES_MAX => Step::More,
            Found::End(_) | Found::Nothing => {
                self.state = State::Lost;
                Step::Pass(bytes.len())
            }
        }
    }

    /// How many of these bytes, which follow what was handed on, may be handed on too. Not for
    /// heads.
    pub(in crate::http) fn pass(&mut self, bytes: &[u8]) -> usize {
        match &mut self.state {
            State::Head(_) => 0,
            State::Lost => bytes.len(),
            State::Body(body) => {
                let Ok(taken) = body.take(bytes) else {
                    self.state = State::Lost;
                    return bytes.len();
                };
                if body.has_ended() {
                    self.state = State::Head(Scan::default());
                }
                taken
            }
        }
    }
}

/// Says whether a request may begin so. A TLS handshake, say, is refused at once, not when the time
/// for a head is over.
fn may_be_request(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|byte| byte.is_ascii_graphic() || matches!(byte, b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that a parser would get when the bytes come in such pieces.
    fn through(pieces: &[&[u8]]) -> Vec<u8> {
        let (mut machine, mut inbox, mut out) = (Machine::default(), BytesMut::new(), Vec::new());
        for piece in pieces {
            inbox.extend_from_slice(piece);
            while !inbox.is_empty() {
                match machine.step(&mut inbox) {
                    Step::Head(head) => out.extend_from_slice(&head),
                    Step::Pass(count) => out.extend_from_slice(&inbox.split_to(count)),
                    Step::More => break,
                }
            }
        }
        out.extend_from_slice(&inbox);
        out
    }

    fn in_pieces(bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
        let mut rest = bytes;
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, after) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        through(&pieces)
    }

    /// A request, and how it looks unfolded.
    #[derive(Debug, Clone)]
    struct Request {
        sent: Vec<u8>,
        seen: Vec<u8>,
    }

    fn request() -> impl Strategy<Value = Request> {
        let folds = prop::collection::vec(("[ -~]{0,20}", "(\r\n|\n)", "[ \t]{1,3}"), 0..4);
        // Bodies that look like folded heads are the ones that must not be touched.
        let body = prop_oneof![
            any::<Vec<u8>>(),
            Just(b"A: b\n c\r\n\r\nPOST / HTTP/1.1\r\nX: y\n z\r\n\r\n".to_vec()),
        ];
        (folds, body, prop::collection::vec(1usize..40, 0..5), any::<bool>()).prop_map(
            |(folds, body, chunks, is_chunked)| {
                let mut sent = b"POST /x HTTP/1.1\r\nHost: h\r\nX-Name:".to_vec();
                let mut seen = sent.clone();
                for (text, end, indent) in &folds {
                    for side in [&mut sent, &mut seen] {
                        side.extend_from_slice(b"a");
                        side.extend_from_slice(text.as_bytes());
                        side.push(b'z');
                    }
                    sent.extend_from_slice(end.as_bytes());
                    sent.extend_from_slice(indent.as_bytes());
                    seen.push(b' ');
                }
                let framing = if is_chunked {
                    "\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned()
                } else {
                    format!("\r\nContent-Length: {}\r\n\r\n", body.len())
                };
                let framed = if is_chunked { chunked(&body, &chunks) } else { body };
                for side in [&mut sent, &mut seen] {
                    side.extend_from_slice(framing.as_bytes());
                    side.extend_from_slice(&framed);
                }
                Request { sent, seen }
            },
        )
    }

    fn chunked(mut body: &[u8], sizes: &[usize]) -> Vec<u8> {
        let mut framed = Vec::new();
        for size in sizes.iter().chain([&usize::MAX]) {
            let (chunk, rest) = body.split_at((*size).min(body.len()));
            if !chunk.is_empty() {
                framed.extend_from_slice(format!("{:x};ext=1\r\n", chunk.len()).as_bytes());
                framed.extend_from_slice(chunk);
                framed.extend_from_slice(b"\r\n");
            }
            body = rest;
        }
        framed.extend_from_slice(b"0\r\nTrailer: t\r\n\r\n");
        framed
    }

    #[test]
    fn the_bytes_of_released_add_ons_become_one_line() {
        let sent = b"POST /api/v3/shaman/files/ab/3 HTTP/1.1\r\nX-Shaman-Original-Filename: =?utf-8?q?first_part?=\n =?utf-8?q?second_part?=\r\nContent-Length: 3\r\n\r\na\n ";
        let seen = b"POST /api/v3/shaman/files/ab/3 HTTP/1.1\r\nX-Shaman-Original-Filename: =?utf-8?q?first_part?= =?utf-8?q?second_part?=\r\nContent-Length: 3\r\n\r\na\n ";
        assert_eq!(through(&[sent]), seen);
    }

    #[test]
    fn a_folded_framing_header_means_what_the_parser_reads() {
        let sent = b"POST / HTTP/1.1\r\nContent-Length:\r\n 6\r\n\r\nx: y\n GET / HTTP/1.1\r\nA: b\n c\r\n\r\n";
        let seen =
            b"POST / HTTP/1.1\r\nContent-Length: 6\r\n\r\nx: y\n GET / HTTP/1.1\r\nA: b c\r\n\r\n";
        assert_eq!(through(&[sent]), seen);
    }

    #[test]
    fn what_the_parser_refuses_is_not_changed() {
        for sent in [
            // A fold of the request line, two lengths, a length that is none, no final `chunked`.
            "GET / HTTP/1.1\r\n X: y\r\n\r\nA: b\n c\r\n\r\n".to_owned(),
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nA: b\n c\r\n\r\n"
                .into(),
            "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\nA: b\n c\r\n\r\n".into(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nA: b\n c\r\n\r\n".into(),
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nA: b\n c\r\n\r\n".into(),
            format!("GET / HTTP/1.1\r\nX: {}\n y\r\n\r\n", "x".repeat(HEAD_BYTES_MAX)),
        ] {
            let start: String = sent.chars().take(60).collect();
            assert!(through(&[sent.as_bytes()]) == sent.as_bytes(), "{start}");
        }
    }

    proptest! {
        #[test]
        fn heads_are_unfolded_and_bodies_are_not(
            requests in prop::collection::vec(request(), 1..4),
            cuts in prop::collection::vec(0usize..50, 0..40),
        ) {
            let sent: Vec<u8> = requests.iter().flat_map(|r| r.sent.clone()).collect();
            let seen: Vec<u8> = requests.iter().flat_map(|r| r.seen.clone()).collect();
            prop_assert_eq!(in_pieces(&sent, &cuts), seen);
        }

        #[test]
        fn it_does_not_matter_how_bytes_arrive(
            bytes in "(POST / HTTP/1.1|[a-zA-Z:-]{1,9}|\r\n|\n| |\t|Content-Length: 5|Transfer-Encoding: chunked|\r\n\r\n|5|[\u{0}-\u{ff}]){0,40}",
            cuts in prop::collection::vec(0usize..20, 0..40),
        ) {
            prop_assert_eq!(in_pieces(bytes.as_bytes(), &cuts), through(&[bytes.as_bytes()]));
        }
    }
}
