//! Is it there, can it be written to, does it link, is there room, does its clock agree?

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use shaman_proto::{Finding, MountUser};

use super::{mount, own_uid, workers};
use crate::app;
use crate::config::Config;
use crate::store::{DiskError, Examined, FullDisk, ProbeError, Store};

/// Most seconds between our clock and that of the storage.
const APART_MAX: Duration = Duration::from_mins(1);

/// Files that must be left to be made.
const FILES_MIN: u64 = 10_000;

pub(super) fn look(config: &Config, worker: u32) -> Vec<Finding> {
    let about = "storage";
    let examined = match Store::examine(&config.storage) {
        Ok(examined) => examined,
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::NotFound => {
                    "mount it, or make the directory for the server's user; name another one with --storage or `shared_storage_path`"
                }
                _ => "look as the server's user, or let it into the directories above",
            };
            return vec![Finding::bad(about, words(error), advice)];
        }
    };
    let mut findings = Vec::new();
    let served = match examined.is_served {
        None => "no server used it yet",
        Some(false) => "no server runs on it",
        Some(true) => "a server runs on it",
    };
    let path = examined.path.display();
    findings
        .push(Finding::good(about, format!("{path} belongs to uid {}; {served}", examined.owner)));
    if let Some(mount) = mount(&examined.path) {
        findings.extend(mount.findings(MountUser::Server));
    }
    match Store::try_out(&examined.path) {
        Ok(time) => {
            findings.push(Finding::good("links", "a file was written, linked and removed"));
            findings.push(clock(time, now()));
        }
        Err(error) => findings.push(refused(error, &examined)),
    }
    findings.extend(room(config, &examined));
    findings.extend(workers::look(&examined, worker));
    findings
}

/// An error and all that is behind it.
fn words(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

fn refused(error: ProbeError, examined: &Examined) -> Finding {
    let disk = match &error {
        ProbeError::Disk(error) | ProbeError::NoLinks(error) => Some(error),
        ProbeError::LinksAreCopies => None,
    };
    let full = disk.is_some_and(|error| error.full_disk() == FullDisk::Yes);
    let advice = match (&error, disk.map(DiskError::kind)) {
        _ if full => {
            "sweep it (`shaman gc`), erase checkouts or add space".to_owned()
        }
        (_, Some(ErrorKind::ReadOnlyFilesystem)) => {
            "mount it `rw`; under systemd name it in `ReadWritePaths=` (systemctl edit shaman-server)"
                .to_owned()
        }
        (ProbeError::Disk(_), Some(ErrorKind::PermissionDenied)) => format!(
            "give it to the server's user: chown -R {} {}",
            own_uid(),
            examined.path.display()
        ),
        _ => "put the storage on a file system with hard links: ext4, XFS, btrfs, ZFS, NFS, CephFS, SMB 3".to_owned(),
    };
    Finding::bad("links", words(error), advice)
}

#[expect(clippy::disallowed_methods, reason = "the clock is what is looked at")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn clock(of_storage: SystemTime, now: SystemTime) -> Finding {
    let about = "clock";
    let apart = now.duration_since(of_storage).unwrap_or_else(|error| error.duration());
    if apart > APART_MAX {
        let seconds = apart.as_secs();
        return Finding::bad(
            about,
            format!("the storage's clock and this machine's are {seconds} seconds apart"),
            "let both follow the same NTP: blobs that somebody counts on are swept by it",
        );
    }
    Finding::good(about, "the storage's clock and this machine's agree")
}

fn room(config: &Config, examined: &Examined) -> Vec<Finding> {
    let about = "room";
    let space = examined.space;
    let reserve = app::limits(config).reserve.bytes(space);
    let megabytes = |bytes: u64| format!("{} MB", bytes / 1_000_000);
    let seen = format!(
        "{} of {} are free, {} of them are kept free (`reserve`)",
        megabytes(space.free_bytes),
        megabytes(space.all_bytes),
        megabytes(reserve)
    );
    let advice = "sweep it (`shaman gc`), erase checkouts, lower `maxAge`, or add space";
    let bytes = if space.free_bytes <= reserve {
        Finding::bad(about, format!("{seen}: uploads are refused"), advice)
    } else if space.free_bytes / 2 < reserve {
        Finding::doubtful(about, seen, advice)
    } else {
        Finding::good(about, seen)
    };
    let files = examined.free_files.filter(|files| *files < FILES_MIN).map(|files| {
        let seen = format!("only {files} files can still be made");
        Finding::bad(about, seen, "erase checkouts, or make the file system with more inodes")
    });
    std::iter::once(bytes).chain(files).collect()
}

#[cfg(test)]
mod tests {
    use shaman_proto::Health;

    use super::*;

    #[test]
    fn a_clock_two_minutes_ahead_or_behind_is_bad() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000);
        let two_minutes = Duration::from_mins(2);
        for (of_storage, health) in [
            (now, Health::Good),
            (now - Duration::from_secs(50), Health::Good),
            (now - two_minutes, Health::Bad),
            (now + two_minutes, Health::Bad),
        ] {
            assert_eq!(clock(of_storage, now).health, health);
        }
    }
}
