use crate::reader::Reader;

/// In a project, with an empty server.
pub(super) fn follow(mut reader: Reader) {
    reader.serve("/mnt/farm");
    // Missing, a pack, a blob, its bytes, those of many, a checkout, all checkouts.
    for _ in 0..7 {
        reader.paste();
    }
    // What happened before somebody listens is not told.
    reader.prepare("curl -fs -X DELETE localhost:8080/v1/checkouts/shots/shot_010");
    let listener = reader.begin(&[]);
    reader.prepare(
        "until curl -fs localhost:8080/metrics | grep -qx 'shaman_event_listeners 1'; do sleep 0.1; done",
    );
    let again = reader.block("curl -s localhost:8080/v1/checkouts -H");
    reader.prepare(&again.text);
    let claims = reader.block("curl -sN");
    reader.see(&listener, &claims.claims());
    reader.finish();
}
