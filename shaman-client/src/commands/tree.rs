//! The tree of `deps --tree`: under each .blend what it asks for, and who in it does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::vec::IntoIter;

use super::show::human;
use crate::trace::{Kind, Target, Trace};

/// What one .blend asks for, and the data-blocks in it that do.
type Asked<'a> = BTreeMap<Target, Vec<&'a str>>;

/// Writes the tree. A library that several ask for has its files under the first of them.
pub(super) fn tree(trace: &Trace, out: &mut impl io::Write) -> io::Result<()> {
    let mut by_blend: HashMap<&Path, Asked<'_>> = HashMap::new();
    for link in &trace.links {
        let asked = by_blend.entry(&link.by).or_default();
        asked.entry(link.to).or_default().push(&link.id);
    }
    let children = |blend: &Path| -> IntoIter<(Target, Vec<&str>)> {
        let asked = by_blend.get(blend).cloned().unwrap_or_default();
        asked.into_iter().collect::<Vec<_>>().into_iter()
    };
    let mut shown = HashSet::from([trace.blend.as_path()]);
    writeln!(out, "{}", short(&trace.blend, trace))?;
    // Of each .blend down to the present one: what is left of it. No recursion, chains may be long.
    let mut open = vec![children(&trace.blend)];
    while let Some(left) = open.last_mut() {
        let Some((target, ids)) = left.next() else {
            open.pop();
            continue;
        };
        let is_last = left.as_slice().is_empty();
        let (above, depth) = (open.iter(), open.len() - 1);
        let bars =
            above.take(depth).map(|left| if left.as_slice().is_empty() { "   " } else { "│  " });
        let bars: String = bars.collect();
        let branch = if is_last { "└─ " } else { "├─ " };
        let (path, kind, size, blend) = match target {
            Target::File(place) => {
                let Some(file) = trace.files.get(place) else { continue };
                let blend = (file.kind == Kind::Blend).then_some(file.asked.as_path());
                let path = file.in_pack.clone().unwrap_or_else(|| file.asked.display().to_string());
                (path, file.kind, human(file.size), blend)
            }
            Target::Missing(place) => {
                let Some(file) = trace.missing.get(place) else { continue };
                (short(&file.path, trace), file.kind, "missing".to_owned(), None)
            }
        };
        let who = match ids.as_slice() {
            [one] => (*one).to_owned(),
            [one, rest @ ..] => format!("{one} and {} more", rest.len()),
            [] => String::new(),
        };
        write!(out, "{bars}{branch}{path}  ({}, {size}, {who})", kind.word())?;
        match blend {
            Some(blend) if shown.insert(blend) => {
                writeln!(out)?;
                open.push(children(blend));
            }
            Some(_) => writeln!(out, " see above")?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

/// Gives a path from the root, if it is inside.
fn short(path: &Path, trace: &Trace) -> String {
    path.strip_prefix(&trace.root).unwrap_or(path).display().to_string()
}
