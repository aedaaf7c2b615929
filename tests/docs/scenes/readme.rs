use shaman_tests::manager::Setup;

use super::flamenco::manager;
use crate::reader::Reader;

/// In the example project; later with a Manager, too.
pub(super) fn follow(mut reader: Reader) {
    let server = reader.begin(&["shaman-server listening on http://127.0.0.1:8080"]);
    let said = reader.paste();
    assert!(said.contains("27 uploaded") && said.contains("\n0 uploaded, 0 B\n"), "{said}");
    reader.prepare("shaman verify /var/tmp/shot_010; test -s shot_010.zip");
    reader.end(&server);

    let manager = manager(Setup::new("/mnt/flamenco/jobs".as_ref()));
    let server = reader.begin(&["shaman-server listening on http://127.0.0.1:8081"]);
    reader.paste();
    assert_eq!(manager.jobs().len(), 1);
    reader.end(&server);
    reader.finish();
}
