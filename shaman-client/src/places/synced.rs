//! Whether a folder is filled by a sync client, which brings files one by one, and late.

use std::path::Path;

use super::below::names;

/// How a folder of a client is called, in lower case; with anything behind a blank, a dash or a
/// bracket (`OneDrive - Studio`, `GoogleDrive-me@example.com`).
const NAMES: [(&str, &str); 11] = [
    ("dropbox", "Dropbox"),
    ("onedrive", "OneDrive"),
    ("google drive", "Google Drive"),
    ("googledrive", "Google Drive"),
    // What the drive that it mounts on Windows begins with.
    ("my drive", "Google Drive"),
    ("icloud drive", "iCloud"),
    ("iclouddrive", "iCloud"),
    ("com~apple~clouddocs", "iCloud"),
    ("nextcloud", "Nextcloud"),
    ("owncloud", "ownCloud"),
    ("syncthing", "Syncthing"),
];

/// What clients put into the folder that they fill, and whether it is a directory.
const MARKS: [(&str, Is, &str); 9] = [
    (".stfolder", Is::Any, "Syncthing"),
    (".stversions", Is::Any, "Syncthing"),
    // A directory of this name is in every home that has Dropbox, and marks nothing.
    (".dropbox", Is::File, "Dropbox"),
    (".dropbox.cache", Is::Any, "Dropbox"),
    (".tmp.drivedownload", Is::Any, "Google Drive"),
    (".tmp.driveupload", Is::Any, "Google Drive"),
    (".nextcloudsync.log", Is::Any, "Nextcloud"),
    (".owncloudsync.log", Is::Any, "ownCloud"),
    // OneDrive's own, the same on all machines.
    (".849C9593-D756-4E56-8D6E-42412F2A707B", Is::Any, "OneDrive"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    File,
    Any,
}

/// Names the sync client that fills this place or one above it, as far as names and the files
/// that clients leave there tell.
pub fn sync_client(place: &str) -> Option<&'static str> {
    let named = names(place).into_iter().find_map(|name| {
        let name = name.to_lowercase();
        let fits = |start: &str| {
            let rest = name.strip_prefix(start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '-', '(']))
        };
        NAMES.iter().find(|(start, _)| fits(start)).map(|(_, client)| *client)
    });
    let marked = |dir: &Path| {
        let is_there = |name: &str, is: Is| match is {
            Is::File => dir.join(name).is_file(),
            Is::Any => dir.join(name).exists(),
        };
        MARKS.iter().find(|(name, is, _)| is_there(name, *is)).map(|(_, _, client)| *client)
    };
    named.or_else(|| Path::new(place).ancestors().find_map(marked))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files")]
    use super::*;

    #[test]
    fn folders_of_sync_clients_are_known_by_their_names() {
        for (place, client) in [
            ("/home/me/Dropbox/farm", "Dropbox"),
            ("/home/me/Dropbox (Studio)/farm", "Dropbox"),
            (r"C:\Users\me\OneDrive - Studio\farm", "OneDrive"),
            ("/Users/me/Library/CloudStorage/GoogleDrive-me@example.com/My Drive", "Google Drive"),
            ("/Users/me/Library/Mobile Documents/com~apple~CloudDocs/farm", "iCloud"),
            (r"G:\My Drive\farm", "Google Drive"),
            ("/home/me/Nextcloud", "Nextcloud"),
            ("/home/me/ownCloud/x", "ownCloud"),
        ] {
            assert_eq!(sync_client(place), Some(client), "{place}");
        }
        for place in ["/mnt/farm", "/mnt/dropboxes/farm", r"F:\farm", "/mnt/drive"] {
            assert_eq!(sync_client(place), None, "{place}");
        }
    }

    #[test]
    fn folders_of_sync_clients_are_known_by_what_lies_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let farm = folder.path().join("x/farm");
        std::fs::create_dir_all(&farm).unwrap();
        let client = || sync_client(farm.to_str().unwrap());
        std::fs::create_dir(folder.path().join(".dropbox")).unwrap();
        assert_eq!(client(), None, "the directory that Dropbox keeps in every home");
        std::fs::create_dir(folder.path().join("x/.stfolder")).unwrap();
        assert_eq!(client(), Some("Syncthing"));
        std::fs::write(farm.join(".dropbox"), "{}").unwrap();
        assert_eq!(client(), Some("Dropbox"), "the nearest mark counts");
    }
}
