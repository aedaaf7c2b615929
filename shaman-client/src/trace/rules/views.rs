//! Not a rule: file names of stereo pictures, one for each view of a scene.

use crate::blend::Record;

/// Bit of `SceneRenderView.viewflag`: the view is not rendered.
const DISABLED: i64 = 1;

/// What the views of a scene put at the end of a name: `_L` and `_R`, if nobody changed them.
pub(super) fn suffixes<'a>(scene: &Record<'a>) -> Vec<&'a [u8]> {
    let views = scene.list("r.views");
    let rendered =
        views.filter(|view| view.int("viewflag").is_none_or(|flag| flag & DISABLED == 0));
    let suffixes = rendered.filter_map(|view| view.text("suffix"));
    suffixes.filter(|suffix| !suffix.is_empty()).collect()
}

/// Gives the names for all views of what `name` is for one: of `plate_L.png` also `plate_R.png`.
/// A name that ends in no suffix is the same for all views.
pub(super) fn names(name: &[u8], suffixes: &[&[u8]]) -> Vec<Vec<u8>> {
    let dot = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
    let (stem, ending) = name.split_at(dot);
    match suffixes.iter().find_map(|suffix| stem.strip_suffix(*suffix)) {
        Some(stem) => suffixes.iter().map(|suffix| [stem, suffix, ending].concat()).collect(),
        None => vec![name.to_vec()],
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_name_with_a_suffix_stands_for_one_name_a_view() {
        let suffixes = [b"_L".as_slice(), b"_R"];
        assert_eq!(names(b"a_R.png", &suffixes), [b"a_L.png", b"a_R.png"]);
        assert_eq!(names(b"a_R", &suffixes), [b"a_L", b"a_R"]);
        assert_eq!(names(b"a.png", &suffixes), [b"a.png"]);
        assert_eq!(names(b"a_L.png", &[]), [b"a_L.png"]);
    }
}
