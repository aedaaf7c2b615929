//! What the files of a checkout are: links, clones, symlinks, copies.

use std::os::unix::fs::MetadataExt as _;

use crate::support::{Blob, TestServer, same_file};

fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn a_checkout_of_copies_clones_or_symlinks_is_as_good_as_one_of_links() {
    for (policy, is_link, is_own) in [
        ("hardlink", false, false),
        ("auto", false, false),
        ("clone", false, true),
        ("copy", false, true),
        ("symlink", true, false),
    ] {
        let server = TestServer::configured(&format!("checkouts: {{link_policy: {policy}}}"));
        let (wood, rust) = (Blob::new("wood"), Blob::new("rust"));
        server.upload(&wood);
        server.upload(&rust);
        let files = [wood.entry("wood.png"), rust.entry("tex/deep/rust.png")];
        // The place that is wanted is taken the second time, so that it gets another name.
        for checkout in ["film/shot", "film/shot"] {
            let dir = server.checked_out(checkout, &files);
            for (path, blob, bytes) in
                [("wood.png", &wood, "wood"), ("tex/deep/rust.png", &rust, "rust")]
            {
                let file = dir.join(path);
                assert_eq!(read(&file), bytes, "{policy}");
                assert_eq!(file.is_symlink(), is_link, "{policy}");
                let leads_to = file.canonicalize().unwrap();
                assert_eq!(!same_file(&leads_to, &server.blob_path(blob)), is_own, "{policy}");
            }
        }
        if is_own {
            let copy = server.jobs().join("film/shot/wood.png");
            std::fs::write(&copy, "tool").unwrap();
            assert_eq!(read(&server.blob_path(&wood)), "wood");
        }
        // What a checkout needs stays, whatever its files are.
        let swept = server.post_json("/v1/sweep", &serde_json::json!({"max_age": "1h"})).json();
        assert_eq!(swept["swept"]["blobs"], 0, "{policy}");
        assert!(server.leftovers().is_empty());
    }
}

#[test]
fn files_that_tools_modify_are_copies_between_links() {
    let server = TestServer::configured("checkouts: {copy_globs: ['*.blend1', 'caches/*']}");
    let blob = Blob::new("bytes");
    server.upload(&blob);
    let files = [blob.entry("shots/a.blend"), blob.entry("shots/a.blend1"), blob.entry("caches/b")];
    let dir = server.checked_out("job", &files);
    let stored = server.blob_path(&blob);
    assert!(same_file(&dir.join("shots/a.blend"), &stored));
    for copy in ["shots/a.blend1", "caches/b"] {
        let copy = dir.join(copy);
        assert!(!same_file(&copy, &stored));
        assert_eq!(copy.metadata().unwrap().mode() & 0o200, 0o200, "tools may write to it");
        std::fs::write(&copy, "other").unwrap();
    }
    assert_eq!(read(&stored), "bytes");
}
