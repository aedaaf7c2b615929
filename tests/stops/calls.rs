//! Which system calls change files, and which files those are.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use nix::libc;

/// Where a call says which file it means; numbers are those of its arguments.
#[derive(Debug, Clone, Copy)]
enum Named {
    /// An open file.
    Open(usize),
    /// A path.
    Path(usize),
    /// A directory and a path from there; without a path, the directory itself.
    Below(usize, usize),
}

use Named::{Below, Open, Path as ByPath};

/// All that change something; those of them that may also change nothing are asked further.
const CALLS: &[(libc::c_long, &str, &[Named])] = &[
    (libc::SYS_chmod, "chmod", &[ByPath(0)]),
    (libc::SYS_copy_file_range, "copy_file_range", &[Open(2)]),
    (libc::SYS_creat, "creat", &[ByPath(0)]),
    (libc::SYS_fallocate, "fallocate", &[Open(0)]),
    (libc::SYS_fchmod, "fchmod", &[Open(0)]),
    (libc::SYS_fchmodat, "fchmodat", &[Below(0, 1)]),
    (libc::SYS_fdatasync, "fdatasync", &[Open(0)]),
    (libc::SYS_fsync, "fsync", &[Open(0)]),
    (libc::SYS_ftruncate, "ftruncate", &[Open(0)]),
    (libc::SYS_ioctl, "clone", &[Open(0)]),
    (libc::SYS_link, "link", &[ByPath(1)]),
    (libc::SYS_linkat, "linkat", &[Below(2, 3)]),
    (libc::SYS_mkdir, "mkdir", &[ByPath(0)]),
    (libc::SYS_mkdirat, "mkdirat", &[Below(0, 1)]),
    (libc::SYS_open, "open", &[ByPath(0)]),
    (libc::SYS_openat, "openat", &[Below(0, 1)]),
    (libc::SYS_pwrite64, "pwrite", &[Open(0)]),
    (libc::SYS_rename, "rename", &[ByPath(0), ByPath(1)]),
    (libc::SYS_renameat, "renameat", &[Below(0, 1), Below(2, 3)]),
    (libc::SYS_renameat2, "renameat2", &[Below(0, 1), Below(2, 3)]),
    (libc::SYS_rmdir, "rmdir", &[ByPath(0)]),
    (libc::SYS_sendfile, "sendfile", &[Open(0)]),
    (libc::SYS_symlink, "symlink", &[ByPath(1)]),
    (libc::SYS_symlinkat, "symlinkat", &[Below(1, 2)]),
    (libc::SYS_syncfs, "syncfs", &[Open(0)]),
    (libc::SYS_truncate, "truncate", &[ByPath(0)]),
    (libc::SYS_unlink, "unlink", &[ByPath(0)]),
    (libc::SYS_unlinkat, "unlinkat", &[Below(0, 1)]),
    (libc::SYS_utimensat, "utimensat", &[Below(0, 1)]),
    (libc::SYS_write, "write", &[Open(0)]),
    (libc::SYS_writev, "writev", &[Open(0)]),
];

/// `FICLONE`: the bytes of one file become those of another.
const CLONE: u64 = 0x4004_9409;

/// Longest path that is read.
const PATH_BYTES_MAX: usize = 4_096;

/// Says in one line what a call is about to change below a folder; `None`: nothing.
pub(crate) fn change(
    thread: i32,
    number: u64,
    arguments: &[u64; 6],
    below: &Path,
) -> Option<String> {
    let number = libc::c_long::try_from(number).ok()?;
    let (_, name, named) = CALLS.iter().find(|(known, ..)| *known == number)?;
    let flags = match number {
        libc::SYS_openat => Some(arguments[2]),
        libc::SYS_open => Some(arguments[1]),
        _ => None,
    };
    let changing = u64::from((libc::O_CREAT | libc::O_TRUNC).unsigned_abs());
    if flags.is_some_and(|flags| flags & changing == 0)
        || (number == libc::SYS_ioctl && arguments[1] != CLONE)
    {
        return None;
    }
    let paths: Vec<PathBuf> =
        named.iter().filter_map(|named| path(thread, *named, arguments)).collect();
    if !paths.iter().any(|path| path.starts_with(below)) {
        return None;
    }
    let shown = paths.iter().map(|path| path.strip_prefix(below).unwrap_or(path).display());
    Some(format!("{name} {}", shown.map(|path| path.to_string()).collect::<Vec<_>>().join(" → ")))
}

fn path(thread: i32, named: Named, arguments: &[u64; 6]) -> Option<PathBuf> {
    match named {
        Open(file) => open_file(thread, arguments[file]),
        ByPath(path) => Some(working_directory(thread)?.join(text(thread, arguments[path])?)),
        Below(dir, path) => {
            let path = text(thread, arguments[path]).unwrap_or_default();
            if path.is_absolute() {
                return Some(path);
            }
            let dir = open_file(thread, arguments[dir]).or_else(|| working_directory(thread))?;
            Some(if path.as_os_str().is_empty() { dir } else { dir.join(path) })
        }
    }
}

fn open_file(thread: i32, number: u64) -> Option<PathBuf> {
    // The kernel looks at the lower half only.
    let number = number & 0xFFFF_FFFF;
    std::fs::read_link(format!("/proc/{thread}/fd/{number}")).ok()
}

fn working_directory(thread: i32) -> Option<PathBuf> {
    std::fs::read_link(format!("/proc/{thread}/cwd")).ok()
}

/// A path in the memory of a process that stands still.
fn text(thread: i32, at: u64) -> Option<PathBuf> {
    let memory = std::fs::File::open(format!("/proc/{thread}/mem")).ok()?;
    let mut bytes = vec![0; PATH_BYTES_MAX];
    let mut read = 0;
    // Its page may be the last one.
    while read < bytes.len() && !bytes[..read].contains(&0) {
        let to_page_end = 4_096 - (usize::try_from(at).ok()? + read) % 4_096;
        let end = bytes.len().min(read + to_page_end);
        match memory.read_at(&mut bytes[read..end], at + read as u64) {
            Ok(0) | Err(_) => break,
            Ok(count) => read += count,
        }
    }
    let end = bytes[..read].iter().position(|byte| *byte == 0)?;
    bytes.truncate(end);
    Some(OsString::from_vec(bytes).into())
}
