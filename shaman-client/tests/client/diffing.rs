//! Two checkouts are compared by their manifests.

use serde_json::{Value, json};

use crate::farm::Farm;

/// A directory with nothing but a manifest of these files; the digit makes the digest.
fn manifest(farm: &Farm, name: &str, files: &[(&str, u64, u8)]) -> String {
    let dir = farm.path(name);
    std::fs::create_dir_all(&dir).unwrap();
    let entry = |(path, size, digit): &(&str, u64, u8)| json!({"path": path, "size": size, "sha256": digit.to_string().repeat(64)});
    let files: Vec<Value> = files.iter().map(entry).collect();
    let text = json!({
        "format": 1, "checkout": name, "blend": null, "created": "2026-11-24T08:15:02Z",
        "server": "test", "files": files,
    });
    std::fs::write(dir.join(".shaman-manifest.json"), text.to_string()).unwrap();
    dir.to_str().unwrap().to_owned()
}

#[test]
fn directories_are_compared_without_a_server_and_without_their_files() {
    let farm = Farm::new();
    let old = manifest(&farm, "old", &[("a.blend", 5, 1), ("tex/b.png", 7, 2), ("c", 1, 3)]);
    let new = manifest(&farm, "new", &[("a.blend", 6, 4), ("c", 1, 3), ("tex/d.png", 7, 2)]);
    let found = farm.shaman(&["diff", &old, &new]);
    assert_eq!(found.status.code(), Some(3), "{found:?}");
    assert_eq!(
        String::from_utf8(found.stdout).unwrap(),
        "- tex/b.png (7 B)\n* a.blend (5 B → 6 B)\n+ tex/d.png (7 B)\n\
         1 (7 B) added, 1 (7 B) removed, 1 (6 B) changed, 1 (1 B) the same; 6 B new\n"
    );
    let line = farm.shaman(&["diff", &old, &new, "--json"]);
    assert_eq!(line.status.code(), Some(3));
    let line: Value = serde_json::from_slice(&line.stdout).unwrap();
    assert_eq!(
        (&line["equal"], &line["added"][0]["path"], &line["changed"][0]["after"]["size"]),
        (&false.into(), &"tex/d.png".into(), &6.into())
    );
    assert_eq!(line["new_blobs"], json!({"files": 1, "bytes": 6}));

    let same = farm.shaman(&["diff", &old, &old]);
    assert_eq!(same.status.code(), Some(0));
    assert!(String::from_utf8(same.stdout).unwrap().contains("3 (13 B) the same; 0 B new"));
}

#[test]
fn what_cannot_be_compared_is_a_sentence_and_status_1() {
    let farm = Farm::new();
    let old = manifest(&farm, "old", &[]);
    let refused = |args: &[&str]| {
        let output = farm.shaman(&[&["diff", "--server", "http://127.0.0.1:9"], args].concat());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let empty = farm.storage();
    assert!(refused(&[&old, empty.to_str().unwrap()]).contains("has no .shaman-manifest.json"));
    assert!(refused(&[&old, "../elsewhere"]).contains("neither a directory nor"));
    assert!(refused(&[&old, "film/shot"]).contains("127.0.0.1:9"), "a checkout of the server");
    assert_eq!(farm.shaman(&["diff", &old]).status.code(), Some(2));
}
