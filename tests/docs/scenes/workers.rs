use std::path::Path;

use crate::machine::BLENDER;
use crate::reader::Reader;

/// A server on `farm` with a checkout, and Blender; where that cannot be had, something in its place
/// that only looks whether its file is there.
#[expect(clippy::disallowed_methods, reason = "it comes from outside of the machine")]
pub(super) fn follow(mut reader: Reader) {
    let python = std::env::var(BLENDER).ok().filter(|python| Path::new(python).exists());
    let blender = match python {
        Some(python) => {
            let shim = crate::pages::root().join("scripts/blender_shim.py");
            format!("exec '{python}' '{}' \"$@\"", shim.display())
        }
        None => "test \"$1 $3\" = '-b -f' && head -c 1 \"$2\" > /dev/null && echo Saved: nothing"
            .to_owned(),
    };
    reader.prepare(&format!(
        "echo 127.0.0.1 farm >> /etc/hosts
         cat > /usr/local/bin/blender <<'END'\n#!/bin/bash\n{blender}\nEND
         chmod +x /usr/local/bin/blender"
    ));
    reader.serve("/mnt/farm");
    reader.prepare("shaman submit shots/shot_010.blend --name film/shot_010");
    let said = reader.paste();
    assert!(said.contains("Saved: "), "{said}");
    reader.prepare("test ! -e /var/tmp/shot_010");
    let job = "JOB=7 CHECKOUT=film/shot_010 BLEND=shots/shot_010.blend FRAME=2";
    let said = reader.run(job);
    assert!(said.contains("Saved: "), "{said}");
    let before = reader.prepare("stat -c %i /var/tmp/jobs/7");
    // The next task of the job finds it.
    reader.go_back_to("dir=");
    reader.run(job);
    assert_eq!(reader.prepare("stat -c %i /var/tmp/jobs/7"), before);
    reader.finish();
}
