use crate::reader::Reader;

/// A server runs with the configuration that the page names, and has been filled a little.
pub(super) fn follow(mut reader: Reader) {
    reader.prepare(
        "printf 'shared_storage_path: /mnt/farm\\nstate: /var/lib/shaman\\n' > shaman.yaml",
    );
    reader.start("shaman-server --config shaman.yaml", &["shaman-server listening on …"]);
    let token = reader.paste().trim().to_owned();
    reader.prepare(&format!(
        "echo {token} > ../alice.token; shaman ping --token-file ../alice.token"
    ));
    reader.paste();
    let list = reader.paste();
    assert!(!list.contains(&token), "only the hash is kept");
    // It looks at its tokens every half second.
    reader.prepare(
        "for _ in $(seq 100); do
             shaman submit shots/shot_010.blend --token-file ../alice.token || return 0
             sleep 0.1
         done
         false",
    );
    reader.finish();
}
