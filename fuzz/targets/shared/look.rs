//! Looks at all that a .blend says, as the rules of the tracer do.

use shaman_client::blend::{Blend, Links, Source};

/// Most data-blocks that are looked at, so that one input takes no second.
const IDS_MAX: usize = 2000;

/// Reads bytes and looks at everything; whatever comes of it, it comes.
pub fn look(bytes: Vec<u8>) {
    let Ok(mut blend) = Blend::read(Source::Bytes(bytes)) else {
        return;
    };
    for _ in 0..3 {
        let mut links = Links::new(&blend);
        for id in blend.ids().take(IDS_MAX) {
            links.of(&id);
            for path in ["id.name", "name", "filepath", "ed.seqbase", "nodetree"] {
                id.text(path);
                id.int(path);
                id.string(path);
            }
            for list in ["modifiers", "nodes", "nodetree.nodes", "tiles", "views"] {
                for part in id.list(list).take(IDS_MAX) {
                    part.array("stripdata").take(IDS_MAX).count();
                    part.follow("storage");
                }
            }
            id.all_of(b"PointCache").take(IDS_MAX).count();
        }
        drop(links);
        if !matches!(blend.fetch(), Ok(true)) {
            break;
        }
    }
}
