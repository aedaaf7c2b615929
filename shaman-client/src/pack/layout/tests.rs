use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn place(dir: &str) -> String {
    Layout { root: Path::new("/p") }.dir(Path::new(dir), Form::Full)
}

#[test]
fn inside_nothing_moves_and_outside_the_directory_alone_decides() {
    assert_eq!(place("/p"), "");
    assert_eq!(place("/p/tex/wood"), "tex/wood");
    assert_eq!(place("/studio/lib/wood"), "_outside_project/lib-wood-e1daf0cc839a");
    assert_eq!(place("/"), format!("{OUTSIDE}/8a5edab28263"));
    assert_ne!(place("/studio/lib/wood"), place("/studio/lib/Wood"));
    assert_ne!(place("/a/lib/wood"), place("/b/lib/wood"));
    let layout = Layout { root: Path::new("/p") };
    let short = layout.dir(Path::new("/studio/lib/wood"), Form::Short);
    assert_eq!(short, "_outside_project/e1daf0cc839a");
    // Beside the project, not in it.
    assert!(place("/pp").starts_with(OUTSIDE));
}

#[test]
fn drives_and_servers_have_a_place_however_they_are_spelled() {
    let named = |dir: &str| outside(dir.as_bytes(), Form::Full);
    assert_eq!(named(r"c:\tex\wood"), named("C:/tex/wood"));
    assert!(named(r"C:\tex").starts_with("C_-tex-"), "{}", named(r"C:\tex"));
    assert!(named(r"\\nas\share\tex").starts_with("share-tex-"));
    assert_ne!(named(r"C:\tex"), named(r"D:\tex"));
}

/// Directories as people and programs call them, and as they should not.
fn any_dir() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-z]{1,8}",
        r"[ -~&&[^/]]{1,30}",
        "[äßñ日本語😀]{1,40}",
        Just("...".to_owned()),
        Just("a".repeat(255)),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| format!("/{}", parts.join("/")))
}

proptest! {
    /// Whatever a directory is called, servers take its place and Windows can make it; and two
    /// directories never get one place.
    #[test]
    fn every_directory_has_a_good_place_of_its_own(dirs in prop::collection::vec(any_dir(), 1..20)) {
        let layout = Layout { root: Path::new("/no/such/project") };
        let mut places = HashMap::new();
        for dir in &dirs {
            for form in [Form::Full, Form::Short] {
                let place = layout.dir(Path::new(dir), form);
                let path: shaman_proto::FilePath = join(&place, "a.png").parse().unwrap();
                prop_assert_eq!(path.components().count(), 3, "{}", place);
                let name = place.strip_prefix("_outside_project/").unwrap();
                prop_assert!(name.len() <= READABLE_BYTES_MAX + 1 + DIGITS, "{}", place);
                let refused = |c: char| c.is_control() || r#"?*:;{}\<>|" "#.contains(c);
                let has_refused = name.contains(refused);
                prop_assert!(!has_refused, "{}", place);
                prop_assert!(!name.starts_with('.') && !name.ends_with('.'), "{}", place);
                // Where case does not matter, too.
                let known = places.entry(place.to_lowercase()).or_insert(dir);
                prop_assert_eq!(*known, dir);
            }
        }
    }

    /// The way from one place to another leads there.
    #[test]
    fn the_way_between_places_leads_there(
        base in "([a-c]/){0,4}[a-c]", target in "([a-c]/){0,4}[a-c]", name in "[a-z]{1,5}"
    ) {
        let text = super::super::spell::relative(&base, &target, Some(name.as_bytes()));
        let text = String::from_utf8(text).unwrap();
        let mut at: Vec<&str> = base.split('/').collect();
        for step in text.strip_prefix("//").unwrap().split('/') {
            if step == ".." { prop_assert!(at.pop().is_some()) } else { at.push(step) }
        }
        prop_assert_eq!(at.join("/"), format!("{target}/{name}"));
    }
}
