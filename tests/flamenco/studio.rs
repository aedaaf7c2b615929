//! A storage, a Manager on it, and a project.

use std::path::PathBuf;

use shaman_tests::addon::{Addon, Project, Release};
use shaman_tests::manager::{Manager, Setup};
use shaman_tests::stock_store::StockStore;

pub(crate) struct Studio {
    /// First, so that it is stopped before its storage goes.
    pub(crate) manager: Manager,
    pub(crate) store: StockStore,
    _folder: tempfile::TempDir,
}

impl Studio {
    /// Whose Manager has Shaman enabled.
    pub(crate) fn with_shaman() -> Self {
        Self::new(Setup::with_shaman)
    }

    /// Whose Manager does not.
    pub(crate) fn without_shaman() -> Self {
        Self::new(|setup| setup)
    }

    /// The time for heads is long: the machine may be busy.
    pub(crate) fn new(change: impl FnOnce(Setup) -> Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("flamenco");
        let setup = Setup { head_timeout: std::time::Duration::from_secs(30), ..Setup::new(&root) };
        let manager = Manager::start(change(setup)).unwrap();
        Self { manager, store: StockStore::open(&root), _folder: folder }
    }

    pub(crate) fn addon(&self) -> Addon {
        Addon::new(&self.manager.url(), Release::Current).seeded(7)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.store.root().to_owned()
    }
}

/// Three files, the .blend among them.
pub(crate) fn project() -> Project {
    Project::new(&[
        ("scene.blend", b"BLENDER"),
        ("tex/wood.png", b"wood"),
        ("tex/stone.png", b"stone"),
    ])
}
