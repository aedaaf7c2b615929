//! Websockets through the server.

use std::io::Read as _;

use shaman_tests::wire::Connection;

use crate::house::{House, PATIENCE, Way};

const UPGRADE: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n\
Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[test]
fn a_websocket_carries_any_bytes_both_ways() {
    let house = House::new(Way::B);
    let mut connection =
        Connection::open("127.0.0.1", house.server.address().port(), PATIENCE).unwrap();
    // Something else first, over the same connection.
    connection.send(b"GET /api/v3/version HTTP/1.1\r\nHost: h\r\n\r\n", b"").unwrap();
    assert_eq!(connection.receive("GET").unwrap().0.status, 200);
    connection.send(UPGRADE, b"").unwrap();
    let (answer, _) = connection.receive("GET").unwrap();
    assert_eq!(answer.status, 101);
    assert_eq!(answer.head.text("Upgrade").unwrap(), "websocket");
    assert_eq!(answer.head.text("Sec-WebSocket-Accept").unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    // Bytes that look like folded heads, and many of them.
    let frames = [
        b"\x81\x02hi".to_vec(),
        b"GET / HTTP/1.1\r\nX: y\n z\r\n\r\n".to_vec(),
        b"no line end".to_vec(),
        (0..3_000_000u32).map(|n| (n % 253) as u8).collect(),
    ];
    for frame in &frames {
        std::thread::scope(|scope| {
            let port = &mut connection;
            let (head, rest) = frame.split_at(frame.len().min(10));
            port.send(head, rest).unwrap();
            let echo = scope.spawn(move || {
                let mut echo = vec![0; frame.len()];
                port.incoming().read_exact(&mut echo).unwrap();
                echo
            });
            assert!(echo.join().unwrap() == *frame);
        });
    }
}

#[test]
fn an_upgrade_that_is_refused_leaves_an_ordinary_connection() {
    let house = House::new(Way::B);
    let mut connection =
        Connection::open("127.0.0.1", house.server.address().port(), PATIENCE).unwrap();
    let head = b"GET /api/v3/version HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    for _ in 0..2 {
        connection.send(head, b"").unwrap();
        assert_eq!(connection.receive("GET").unwrap().0.status, 200);
    }
}

#[test]
fn the_end_of_the_server_ends_its_tunnels() {
    let house = House::new(Way::B);
    let mut connection =
        Connection::open("127.0.0.1", house.server.address().port(), PATIENCE).unwrap();
    connection.send(UPGRADE, b"").unwrap();
    assert_eq!(connection.receive("GET").unwrap().0.status, 101);
    let House { server, manager: _manager, folder: _folder } = house;
    let stopped = server.stop(std::time::Duration::from_secs(10));
    assert!(stopped, "it does not wait for the tunnel's ends");
    assert_eq!(connection.incoming().read(&mut [0]).unwrap_or(0), 0);
}
