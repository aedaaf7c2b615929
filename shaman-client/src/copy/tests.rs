use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::progress::Progress;

fn at_a_quarter_past_eight() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_508_102)
}

/// Does something when it hears of bytes for the first time.
struct Hook {
    stop: Arc<AtomicBool>,
    events: Arc<AtomicU64>,
    on_first: Box<dyn Fn(&AtomicBool) + Send + Sync>,
}

impl Progress for Hook {
    fn tell(&self, event: Event) {
        if matches!(event, Event::Advanced { bytes: 1.., .. })
            && self.events.fetch_add(1, Ordering::Relaxed) == 0
        {
            (self.on_first)(&self.stop);
        }
    }
}

struct Folder {
    dir: tempfile::TempDir,
    job: Job,
    name: CheckoutPath,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("farm")).unwrap();
        let mut packed = Vec::new();
        for (at, (in_pack, text)) in files.iter().enumerate() {
            let path = dir.path().join(at.to_string());
            std::fs::write(&path, text).unwrap();
            packed.push(Packed { path, in_pack: (*in_pack).to_owned(), size: text.len() as u64 });
        }
        let blend = Some(files[0].0.to_owned());
        let job = Job { files: packed, blend, name: "job".into() };
        Self { dir, job, name: "job".parse().unwrap() }
    }

    fn farm(&self) -> PathBuf {
        self.dir.path().join("farm")
    }

    fn copy(&self, manifest: WithManifest, stop: bool) -> Result<PathBuf, CopyError> {
        let location = self.farm();
        let place = Place::Below(&location, &self.name);
        let order = Order { job: &self.job, place, manifest, means: Means::Copy };
        let silence: Listener = Arc::new(Silence);
        copy(order, at_a_quarter_past_eight, &AtomicBool::new(stop), &silence)
    }

    /// Copies, and does something when the first bytes are copied.
    fn copy_and(
        &self,
        on_first: impl Fn(&AtomicBool) + Send + Sync + 'static,
    ) -> (Result<PathBuf, CopyError>, u64) {
        let location = self.farm();
        let manifest = WithManifest::No;
        let place = Place::Below(&location, &self.name);
        let order = Order { job: &self.job, place, manifest, means: Means::Copy };
        let (stop, events) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let hook: Listener = Arc::new(Hook {
            stop: stop.clone(),
            events: events.clone(),
            on_first: Box::new(on_first),
        });
        let ended = copy(order, at_a_quarter_past_eight, &stop, &hook);
        (ended, events.load(Ordering::Relaxed))
    }

    fn listed(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.farm()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_copy_has_each_file_at_its_place_in_the_pack() {
    let folder = Folder::new(&[("shots/a.blend", "blend"), ("tex/x/y.png", "image"), ("b", "")]);
    let dir = folder.copy(WithManifest::No, false).unwrap();
    assert_eq!(dir, folder.farm().join("job"));
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert_eq!((read("shots/a.blend"), read("tex/x/y.png")), ("blend".into(), "image".into()));
    assert_eq!(read("b"), "");
    assert_eq!(folder.listed(), ["job"], "nothing else is left");
}

#[test]
fn a_copy_whose_name_is_taken_gets_a_suffix() {
    let folder = Folder::new(&[("a", "one")]);
    folder.copy(WithManifest::No, false).unwrap();
    let second = folder.copy(WithManifest::No, false).unwrap();
    assert_eq!(second, folder.farm().join("job-2"));
    assert_eq!(folder.listed(), ["job", "job-2"]);
    // Renaming would take an empty directory over, which somebody made for a purpose.
    std::fs::create_dir(folder.farm().join("job-3")).unwrap();
    assert_eq!(folder.copy(WithManifest::No, false).unwrap(), folder.farm().join("job-4"));
}

#[test]
fn a_copy_that_fails_leaves_nothing_behind() {
    let mut folder = Folder::new(&[("a", "one"), ("b", "two")]);
    std::fs::remove_file(&folder.job.files[1].path).unwrap();
    let error = folder.copy(WithManifest::No, false).unwrap_err();
    assert!(error.to_string().contains("vanished"), "{error}");
    assert!(folder.listed().is_empty(), "{:?}", folder.listed());
    folder.job.files[1].path = folder.farm();
    assert!(folder.copy(WithManifest::No, false).is_err(), "a directory is no file");
    assert!(folder.listed().is_empty());
}

#[test]
fn a_copy_that_is_stopped_leaves_nothing_behind() {
    let folder = Folder::new(&[("a", "one")]);
    let error = folder.copy(WithManifest::No, true).unwrap_err();
    assert!(matches!(error, CopyError::Stopped), "{error}");
    assert!(folder.listed().is_empty());
}

#[test]
fn a_large_file_is_stopped_between_its_pieces() {
    let folder = Folder::new(&[("a", "")]);
    let large = std::fs::File::options().write(true).open(&folder.job.files[0].path).unwrap();
    large.set_len(200 << 20).unwrap();
    let (ended, events) = folder.copy_and(|stop| stop.store(true, Ordering::Relaxed));
    // Of a file whose blocks are shared there is one piece, and the copy is whole.
    assert_eq!(events, 1);
    assert_eq!(folder.listed().len(), usize::from(ended.is_ok()));
}

#[test]
fn a_file_that_changes_while_it_is_copied_is_copied_again() {
    let folder = Folder::new(&[("a", "old")]);
    let original = folder.job.files[0].path.clone();
    let (dir, events) =
        folder.copy_and(move |_| std::fs::write(&original, "newer contents").unwrap());
    assert_eq!(std::fs::read_to_string(dir.unwrap().join("a")).unwrap(), "newer contents");
    assert!(events > 1);
}

#[test]
fn a_copy_with_a_manifest_says_what_it_consists_of() {
    let folder = Folder::new(&[("shots/a.blend", "blend"), ("b", "two")]);
    let dir = folder.copy(WithManifest::Yes, false).unwrap();
    let bytes = std::fs::read(dir.join(MANIFEST_FILE)).unwrap();
    let manifest: Manifest = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(manifest.checkout.as_str(), "job");
    assert_eq!(manifest.blend.unwrap().as_str(), "shots/a.blend");
    let paths: Vec<_> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["b", "shots/a.blend"]);
    assert_eq!(manifest.created, "2026-11-24T08:15:02Z");
}

#[cfg(unix)]
#[test]
fn workers_of_other_users_can_read_a_copy() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new(&[("a", "one")]);
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&folder.job.files[0].path, private).unwrap();
    let dir = folder.copy(WithManifest::No, false).unwrap();
    // As whatever the umask makes of a file that anybody may read.
    let usual = folder.dir.path().join("usual");
    std::fs::write(&usual, "").unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&dir.join("a")), mode(&usual));
}

#[test]
fn copies_are_called_by_the_second_they_were_made_in() {
    let name: CheckoutPath = "film/shot_010".parse().unwrap();
    let now = at_a_quarter_past_eight;
    assert_eq!(dated(&name, now).as_str(), "2026-11-24-081502-film_shot_010");
    let long: CheckoutPath = "é".repeat(127).parse().unwrap();
    assert!(
        dated(&long, now).as_str().starts_with("2026-11-24-081502-éé"),
        "and no longer than 255"
    );
}

#[test]
fn what_a_killed_copy_left_goes_with_the_next_one() {
    let folder = Folder::new(&[("a", "a")]);
    std::fs::create_dir_all(folder.farm().join(".shaman-copy-0123456789ab/tex")).unwrap();
    std::fs::write(folder.farm().join(".shaman-copy-0123456789ab/tex/a.png"), "half").unwrap();
    let copied = folder.copy(WithManifest::No, false).unwrap();
    assert_eq!(copied, folder.farm().join("job"));
    assert_eq!(std::fs::read_dir(folder.farm()).unwrap().count(), 1);
}
