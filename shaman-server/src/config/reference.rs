//! The reference page, made from the table of keys.

use std::fmt::Write as _;

use super::keys::{Counts, KEYS, OF_FLAMENCO, Takes};

const HEAD: &str = "\
# Configuration of `shaman-server`

<!-- Made from shaman-server/src/config/keys.rs; `SHAMAN_BLESS=1 cargo test --workspace --test it reference` writes it anew. -->

`--config FILE` (`SHAMAN_CONFIG`) names a YAML file; without it `shaman.yaml` is read where the program is started, or else an existing `flamenco-manager.yaml`, of which only the keys that mean something here count. Every key may be left out.
A flag wins over an environment variable, that over the file. A list in a variable has commas between its values.

`shaman-server check-config` tells all mistakes at once, each with file, line and column; a key that is not known is one, and so is a variable that is nearly one of these.
`shaman-server config` lists the keys, `shaman-server config --effective` what counts and where it was said.

After SIGHUP the server reads the file again, and the tokens. What can change while it runs does, for requests that come from then on; of the rest (marked *start*) the log says that it takes a restart.
With a mistake in the file everything stays as it was.

| key | flag, variable | default | |
|---|---|---|---|
";

const FOOT: &str = "
Times are written `60s`, `5m`, `1h30m`, `14d`; sizes `500MB`, `20GiB`.

## `flamenco-manager.yaml`

A file of this name, or one with Flamenco's `_meta`, is read for these keys only, and what else is in it is the Manager's:
";

const VARIABLES: &str = "
The Manager listens where its file says, so give another `--listen` if it runs on the same machine.

## Variables

As in `flamenco-manager.yaml`. What a path of the server begins with is replaced by the value for whoever asks, separators included; the longest one wins.

```yaml
variables:
  storage:
    is_twoway: true
    values:
      - {platform: linux, value: /mnt/farm}
      - {platform: windows, value: 'F:\\farm'}
      - {platform: darwin, audience: users, value: /Volumes/farm}
      - {platform: darwin, audience: workers, value: /farm}
```

`audience` is `all` (the default), `users` or `workers`; `platform` is `linux`, `darwin`, `windows` or `all`; `platforms` takes a list.
";

/// The page, as it stands in `docs/reference/configuration.md`.
pub fn reference() -> String {
    let mut page = HEAD.to_owned();
    for key in KEYS {
        let flag = key.flag.map(|flag| format!("`{flag}`"));
        let variable = key.variable().map(|variable| format!("`{variable}`"));
        let said: Vec<String> = flag.into_iter().chain(variable).collect();
        let default = match (key.default, key.takes) {
            ("", _) => "none".to_owned(),
            (default, Takes::Many) => format!("`[{default}]`"),
            (default, _) => format!("`{default}`"),
        };
        let counts = match key.counts {
            Counts::AtReload => "",
            Counts::AtStart => " *start*",
        };
        let (name, says) = (key.name, key.says.replace('|', "\\|"));
        writeln!(page, "| `{name}` | {} | {default} | {says}{counts} |", said.join(", "))
            .expect("text takes text");
    }
    page.push_str(FOOT);
    let names: Vec<String> = OF_FLAMENCO.iter().map(|name| format!("`{name}`")).collect();
    page.push_str(&names.join(", "));
    page.push_str(".\n");
    page.push_str(VARIABLES);
    page
}
