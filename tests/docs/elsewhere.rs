//! Blocks that are not run here, why, and what runs them instead.

use crate::pages::{Block, blocks, text};

pub(crate) struct Elsewhere {
    page: &'static str,
    /// How the block begins.
    begins: &'static str,
    reason: &'static str,
    /// A file of ours, and what stands in it.
    run_by: (&'static str, &'static str),
}

const SYSTEMD: &str =
    "takes systemd, and packages that are made for it; scripts/test-package.sh boots both";
const MACHINE: &str = "packaging/in-the-machine.sh";

const fn booted(page: &'static str, begins: &'static str, run: &'static str) -> Elsewhere {
    Elsewhere { page, begins, reason: SYSTEMD, run_by: (MACHINE, run) }
}

/// On the page of containers, whose blocks that script counts.
const fn contained(begins: &'static str, run: &'static str) -> Elsewhere {
    let reason = "takes a container engine, and a release build";
    let run_by = ("scripts/test-container.sh", run);
    Elsewhere { page: "docs/ops/install.md", begins, reason, run_by }
}

/// All of them.
pub(crate) const ELSEWHERE: [Elsewhere; 12] = [
    Elsewhere {
        page: "README.md",
        begins: "scripts/demo.sh",
        reason: "builds everything, and runs this test",
        run_by: (".ci/run", "bash scripts/test.sh\nbash scripts/demo.sh\n"),
    },
    Elsewhere {
        page: "docs/guides/shares.md",
        begins: "SHAMAN_SHARED_STORAGES=",
        reason: "takes a share that two kernels have mounted, and cargo",
        run_by: ("scripts/uml-shares.sh", "SHAMAN_SHARED_STORAGES="),
    },
    booted("docs/ops/install.md", "apt-get install", "run install 1 "),
    booted("docs/ops/install.md", "install -d -o shaman", "run install 2\n"),
    booted("docs/ops/install.md", "systemctl enable --now", "run install 3\n"),
    booted("docs/ops/install.md", "shaman-server doctor", "run install 4\n"),
    contained("docker build -f", "docker build --isolation chroot --format docker"),
    contained("install -d -o 10001", "    run 6\n"),
    contained("docker exec shaman", "    run 7\n"),
    booted("docs/ops/upgrade.md", "apt-get install", "run upgrade 1 "),
    booted(
        "docs/ops/backup-and-restore.md",
        "systemctl stop shaman-server\ntar -C /mnt/farm --",
        "run backup-and-restore 1\n",
    ),
    booted(
        "docs/ops/backup-and-restore.md",
        "systemctl stop shaman-server\ntar -C /mnt/farm -x",
        "run backup-and-restore 2\n",
    ),
];

/// Whether a block is one of them.
pub(crate) fn is_elsewhere(page: &str, block: &Block) -> bool {
    ELSEWHERE.iter().any(|one| one.page == page && block.text.starts_with(one.begins))
}

#[test]
fn what_is_not_run_here_is_run_elsewhere() {
    for Elsewhere { page, begins, reason, run_by: (file, run) } in ELSEWHERE {
        let found = text(page);
        let numbers = blocks(&found).zip(1..).filter(|(block, _)| block.text.starts_with(begins));
        let numbers: Vec<u32> = numbers.map(|(_, number)| number).collect();
        let [number] = numbers[..] else { panic!("{page}: {begins}: {numbers:?}") };
        assert!(text(file).contains(run), "{page}: {begins}: {file} does not run it ({reason})");
        // That file counts the blocks of a page.
        if let Some(said) = run.strip_prefix("run ") {
            assert_eq!(
                said.split_whitespace().nth(1),
                Some(&*number.to_string()),
                "{page}: {begins}"
            );
        } else if let Some(said) = run.strip_prefix("    run ") {
            assert_eq!(said.trim_end(), number.to_string(), "{page}: {begins}");
        }
    }
}
