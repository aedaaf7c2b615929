//! `shaman-server config`: the keys, or what counts.

use super::{load, say};
use crate::cli::ConfigArgs;
use crate::config::KEYS;

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<()> {
    if !args.effective {
        for key in KEYS {
            let default = if key.default.is_empty() { "(nothing)" } else { key.default };
            say(&format!("{:<32} {default}", key.name))?;
        }
        return Ok(());
    }
    let config = load(args.serve.said(), args.serve.store.config.as_deref())?;
    for line in &config.effective {
        // Whoever reads this may not be whoever may know it.
        let is_secret = line.key.name == "path_prefix" && config.rules().has_secret_path;
        let text = match line.text.as_str() {
            "" => "(nothing)",
            _ if is_secret => "(a secret)",
            text => text,
        };
        say(&format!("{:<32} {text:<28} {}", line.key.name, line.place))?;
    }
    Ok(())
}
