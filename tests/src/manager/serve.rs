//! One connection, from its first byte to its last.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use super::exchange::{Next, exchange};
use super::incoming::{Incoming, Timed};
use super::record::Record;
use super::shared::Shared;
use crate::wire::{Body, Framing, Head, Sum};

/// Answers requests until the connection ends; every failure is such an end.
pub(super) fn serve(shared: &Arc<Shared>, stream: TcpStream, connection: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let writer = stream.try_clone()?;
    let deadline = Some(Instant::now() + shared.setup.head_timeout);
    let mut reader = BufReader::new(Timed { stream, deadline });
    for nth in 0.. {
        if nth > 0 {
            // Idle as long as it likes.
            if reader.fill_buf()?.is_empty() {
                break;
            }
            reader.get_mut().deadline = Some(Instant::now() + shared.setup.head_timeout);
        }
        let head = match Head::read(&mut reader) {
            Ok(Some(head)) => head,
            Ok(None) => break,
            Err(error) => {
                if error.kind() == io::ErrorKind::InvalidData {
                    bad_request(&writer)?;
                }
                break;
            }
        };
        reader.get_mut().deadline = None;
        if head.get("Host").is_none() {
            bad_request(&writer)?;
            break;
        }
        if one_request(shared, &mut reader, &writer, head, (connection, nth))? == Next::End {
            break;
        }
    }
    Ok(())
}

fn bad_request(mut writer: &TcpStream) -> io::Result<()> {
    writer.write_all(
        b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request",
    )
}

fn one_request(
    shared: &Arc<Shared>,
    reader: &mut BufReader<Timed>,
    writer: &TcpStream,
    head: Head,
    (connection, nth): (u64, usize),
) -> io::Result<Next> {
    let mut words = head.first_line.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let mut record = Record::new(shared, (&method, &target), &head, (connection, nth));
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let path = path.strip_prefix(&shared.setup.prefix).unwrap_or("/outside-of-the-prefix");
    let waiting = head.says("Expect", "100-continue");
    let mut incoming = Incoming {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        body: Body::new(reader, Framing::of_request(&head)?),
        head,
        sum: Sum::default(),
        kept: Vec::new(),
        waiting_client: if waiting { Some(writer.try_clone()?) } else { None },
    };
    let next = exchange(shared, &mut incoming, writer, &mut record);
    record.note(&incoming);
    if record.status() == Some(101) {
        return echo(reader, writer);
    }
    next
}

fn echo(reader: &mut BufReader<Timed>, mut writer: &TcpStream) -> io::Result<Next> {
    io::copy(reader, &mut writer)?;
    Ok(Next::End)
}
