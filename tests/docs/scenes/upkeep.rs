//! Pages for those who look after a server that runs on `farm`.

use crate::reader::Reader;

/// A server with a checkout, which the name `farm` leads to.
fn farm(reader: &mut Reader) {
    reader.prepare("echo 127.0.0.1 farm >> /etc/hosts");
    reader.serve("/mnt/farm");
    reader.prepare("shaman submit shots/shot_010.blend");
}

pub(super) fn dashboard(mut reader: Reader) {
    farm(&mut reader);
    let said = reader.paste();
    for part in ["\"points\"", "\"checkout\":\"shot_010\""] {
        assert!(said.contains(part), "{part}: {said}");
    }
    reader.finish();
}

pub(super) fn sizing(mut reader: Reader) {
    farm(&mut reader);
    reader.paste();
    reader.finish();
}

pub(super) fn storages(mut reader: Reader) {
    farm(&mut reader);
    reader.paste();
    reader.finish();
}

/// At the root of a clone.
pub(super) fn watching(mut reader: Reader) {
    farm(&mut reader);
    let clone = crate::pages::root();
    reader.prepare(&format!("cd '{}'", clone.display()));
    reader.paste();
    reader.paste();
    reader.finish();
}
