//! Mounts as the kernel lists them (`/proc/self/mountinfo`), and options of theirs that lose files
//! or break links.

use crate::Finding;

/// Where a directory is mounted from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The directory that it is mounted on.
    pub point: String,
    /// Type of the file system: `ext4`, `nfs4`, `cifs`.
    pub kind: String,
    /// The device, or the server and its directory.
    pub source: String,
    /// All options, of the mount and of the file system.
    pub options: Vec<String>,
}

/// Who uses a mount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MountUser {
    /// A server, which writes.
    Server,
    /// A worker or workstation, which reads.
    Worker,
}

/// Finds the mount that a path is on: the text is that of `mountinfo`, the path absolute and
/// without links. `None` when no line fits.
pub fn mount_of(text: &str, path: &str) -> Option<Mount> {
    // Of several on one point the last one is seen.
    let fitting = text.lines().filter_map(parse).filter(|mount| holds(&mount.point, path));
    fitting.reduce(|best, next| if next.point.len() >= best.point.len() { next } else { best })
}

/// Says whether the path is the directory or lies in it.
fn holds(dir: &str, path: &str) -> bool {
    let below = path.strip_prefix(dir.trim_end_matches('/'));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda rw,errors=continue`
fn parse(line: &str) -> Option<Mount> {
    let (of_mount, of_kind) = line.split_once(" - ")?;
    let (mut mount, mut kind) = (of_mount.split(' ').skip(4), of_kind.split(' '));
    let (point, own) = (plain(mount.next()?), mount.next()?);
    let (name, source) = (kind.next()?, plain(kind.next()?));
    let options = own.split(',').chain(kind.next().unwrap_or_default().split(','));
    let options = options.filter(|option| !option.is_empty()).map(str::to_owned).collect();
    Some(Mount { point, kind: name.to_owned(), source, options })
}

/// The kernel writes spaces and the like as `\040`.
fn plain(text: &str) -> String {
    let mut parts = text.split('\\');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|code| u8::from_str_radix(code, 8).ok());
        if let (Some(code), Some(rest)) = (code, part.get(3..)) {
            plain.push(char::from(code));
            plain.push_str(rest);
        } else {
            plain.push('\\');
            plain.push_str(part);
        }
    }
    plain
}

/// What is about NFS, SMB or all, for whom, which option, what it does, and what to do.
type Rule = (&'static str, Option<MountUser>, &'static str, &'static str, &'static str);

const RULES: &[Rule] = &[
    ("nfs", None, "soft", "gives up on a slow server in the middle of a file", "mount it `hard`"),
    (
        "nfs",
        None,
        "softerr",
        "gives up on a slow server in the middle of a file",
        "mount it `hard`",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "nolock",
        "keeps locks from other servers",
        "leave `nolock` out",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "local_lock=all",
        "keeps locks from other servers",
        "leave `local_lock` out",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "local_lock=flock",
        "keeps locks from other servers",
        "leave `local_lock` out",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "nocto",
        "may close a file before it is sent",
        "leave `nocto` out",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "vers=3",
        "has no locks of its own",
        "mount it with `vers=4.2`",
    ),
    (
        "nfs",
        Some(MountUser::Server),
        "vers=4.0",
        "was not tried with Shaman",
        "mount it with `vers=4.2`",
    ),
    (
        "cifs",
        Some(MountUser::Server),
        "nobrl",
        "keeps locks from other servers",
        "leave `nobrl` out",
    ),
    ("cifs", None, "vers=1.0", "knows no hard links", "mount it with `vers=3.1.1`"),
    ("", Some(MountUser::Server), "ro", "cannot be written to", "mount it `rw`"),
];

impl Mount {
    /// Says whether others than this machine can write there.
    pub fn is_shared(&self) -> bool {
        let shared =
            ["nfs", "cifs", "smb", "ceph", "fuse.ceph", "fuse.glusterfs", "fuse.sshfs", "9p"];
        shared.iter().any(|kind| self.kind.starts_with(kind))
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|own| own == option)
    }

    /// What is wrong with its options for whoever uses it.
    pub fn findings(&self, user: MountUser) -> Vec<Finding> {
        let Self { point, kind, source, .. } = self;
        let is_ours = |(of, whose, ..): &&Rule| {
            kind.starts_with(of) && whose.is_none_or(|whose| whose == user)
        };
        let mut found: Vec<Finding> = RULES
            .iter()
            .filter(is_ours)
            .filter(|(_, _, option, ..)| self.has(option))
            .map(|(_, _, option, does, advice)| {
                Finding::bad("mount", format!("`{option}` at {point} {does}"), *advice)
            })
            .collect();
        if kind == "cifs" && !self.has("nolease") {
            found.push(Finding::doubtful(
                "mount",
                format!("{point} is SMB without `nolease`; files that are open under two names are refused"),
                "mount it with `nolease`",
            ));
        }
        if kind == "cifs" && user == MountUser::Worker && !self.has("ro") {
            found.push(Finding::doubtful(
                "mount",
                format!("{point} is SMB, which has no modes, and can be written to"),
                "mount it `ro`, so that no job changes the files of another",
            ));
        }
        if kind == "overlay" && user == MountUser::Server {
            found.push(Finding::bad(
                "mount",
                format!("{point} is an overlay, which makes copies of links"),
                "put the storage on a plain file system",
            ));
        }
        if found.is_empty() {
            found.push(Finding::good("mount", format!("{kind} from {source} at {point}")));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Health;

    const INFO: &str = "\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
40 22 0:44 / /mnt/my\\040farm rw,noatime shared:2 - nfs4 nas:/farm rw,vers=4.2,soft,local_lock=none
41 22 0:45 / /mnt/farm rw shared:3 - cifs //nas/farm rw,vers=3.1.1,cache=strict,nobrl
42 22 0:46 / /mnt/good rw shared:3 - nfs4 nas:/good rw,vers=4.2,hard,local_lock=none
";

    #[test]
    fn a_path_is_on_the_nearest_mount_above_it() {
        let point = |path| mount_of(INFO, path).unwrap().point;
        assert_eq!(point("/mnt/my farm/jobs"), "/mnt/my farm");
        assert_eq!(point("/mnt/farmer"), "/");
        assert_eq!(point("/mnt/farm"), "/mnt/farm");
        assert_eq!(mount_of("nonsense", "/"), None);
    }

    #[test]
    fn options_are_judged_by_who_uses_them() {
        let of = |path, user| mount_of(INFO, path).unwrap().findings(user);
        let bad = |path, user| {
            let found = of(path, user).into_iter().filter(|found| found.health == Health::Bad);
            found.map(|found| found.seen).collect::<Vec<_>>().join("; ")
        };
        assert!(bad("/mnt/my farm", MountUser::Worker).contains("`soft`"));
        assert!(bad("/mnt/farm", MountUser::Server).contains("`nobrl`"));
        assert_eq!(bad("/mnt/farm", MountUser::Worker), "");
        assert_eq!(of("/mnt/farm", MountUser::Worker).len(), 2, "no lease, no modes");
        assert_eq!(of("/mnt/good", MountUser::Server)[0].health, Health::Good);
        assert!(mount_of(INFO, "/mnt/good").unwrap().is_shared());
        assert!(!mount_of(INFO, "/").unwrap().is_shared());
    }
}
