//! `shaman pack`: a .blend with everything it needs, in a directory or an archive.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;

use super::show::human;
use super::stopping::unless_stopped;
use super::{packing, sending};
use crate::cli::PackArgs;
use crate::copy::{self, Archive, Deflate, Means, Order, Place, WithManifest};
use crate::pack;
use crate::progress::{Event, Phase};
use crate::trace;

pub(super) fn run(args: &PackArgs) -> anyhow::Result<()> {
    let is_zip = is_zip(&args.into);
    if args.link && is_zip {
        anyhow::bail!("--link is for packs in a directory; leave it out for an archive");
    }
    if args.deflate && !is_zip {
        anyhow::bail!("--deflate is for archives; name a file that ends in .zip");
    }
    let into = absolute(&args.into)?;
    if into.symlink_metadata().is_ok() {
        anyhow::bail!(
            "`{}` is there already and is not replaced; choose another place",
            into.display()
        );
    }
    let listener = sending::listener(args.json);
    listener.tell(Event::Began { phase: Phase::Trace, files: 0, bytes: 0 });
    let traced = trace::trace(&args.blend, args.project.as_deref())?;
    listener.tell(Event::Ended { phase: Phase::Trace });
    super::deps::complain(&traced);
    let missing = traced.missing.len();
    let name = pack::checkout_name(args.name.as_deref(), traced.blend.file_stem())?;
    let plan = pack::from_trace(&traced, name.to_string())?;
    let (outside, rewritten) = (plan.outside, plan.rewritten());
    let ready = packing::ready(plan, &args.cache, &listener)?;
    let (files, bytes) =
        (ready.job.files.len(), ready.job.files.iter().map(|file| file.size).sum::<u64>());
    let blend = ready.job.blend.clone();
    let (link, deflate) = (args.link, if args.deflate { Deflate::Yes } else { Deflate::No });
    let work = {
        let (into, listener) = (into.clone(), listener.clone());
        move |stop: &_| {
            let job = &ready.job;
            if is_zip {
                let order = Archive { job, path: &into, name: &name, deflate };
                return copy::archive(order, stop, &listener);
            }
            let means = if link { Means::LinkUnlessBelow(ready.shelf()) } else { Means::Copy };
            let (place, manifest) = (Place::At(&into, &name), WithManifest::Yes);
            copy::copy(Order { job, place, manifest, means }, sending::CLOCK, stop, &listener)
        }
    };
    let pack = sending::block_on(async { Ok(unless_stopped(work).await??) })?;
    let said = pack.display().to_string();
    if args.json {
        // Not one `json!`, which would sort them.
        let fields = [
            ("pack", json!(said)),
            ("blend_in_pack", json!(blend)),
            ("files", json!(files)),
            ("bytes", json!(bytes)),
            ("missing", json!(missing)),
            ("outside", json!(outside)),
            ("rewritten", json!(rewritten)),
        ];
        let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
        say!("{{{}}}", fields.join(", "));
    } else {
        let missing =
            if missing == 0 { "nothing missing".to_owned() } else { format!("{missing} missing") };
        say!("{files} files, {}, {missing}\npack: {said}", human(bytes));
        say!("blend: {}", blend.unwrap_or_default());
    }
    Ok(())
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
}

/// The path from the root, in a directory that is there.
fn absolute(into: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(into).context("--into names no place")?;
    let parent = path.parent().filter(|parent| parent.is_dir());
    parent.with_context(|| {
        format!("`{}` lies in no directory that is there; make one", path.display())
    })?;
    Ok(path)
}
