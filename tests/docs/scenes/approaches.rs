use crate::reader::Reader;

/// In the directory of a .blend, with a server.
pub(super) fn follow(mut reader: Reader) {
    reader.serve("/mnt/farm");
    reader.prepare("cd shots; cp shot_010.blend shot.blend");
    reader.paste();
    let there = reader.prepare("ls /mnt/farm/jobs /mnt/farm");
    assert!(there.lines().any(|name| name.starts_with("shot-")), "two checkouts: {there}");
    assert!(
        there.lines().any(|name| name.starts_with("20") && name.contains("shot")),
        "a copy: {there}"
    );
    reader.finish();
}
