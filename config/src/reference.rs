//! The reference of all settings, for people.

use std::fmt::Write;

use crate::{Entry, Kind, Settings};

const HEAD: &str = "\
# Configuration reference

<!-- Written by `UPDATE_DOCS=1 cargo test -p roadstead-config`; change the doc comments in `config/src/sections/`. -->

Roadstead reads settings from these places; a later one overrides an earlier one:

1. the default below;
2. the TOML file that `--config FILE` or `ROADSTEAD_CONFIG` names;
3. the environment: `ROADSTEAD__SECTION__KEY` with two underscores between the parts, for example
   `ROADSTEAD__SERVER__TLS__CERT` for `server.tls.cert`. An empty variable counts as not set. `ROADSTEAD_DATA_DIR` and
   `ROADSTEAD_LISTEN` are short names of `data_dir` and `server.listen`;
4. the command line: `--data-dir DIR`, `--listen ADDR`.

With an unknown key or a bad value the server does not start. The message names the key and the place where it is
written. `roadstead check-config` checks this without starting the server.

| type | written as |
|---|---|
| duration | text with units: `\"30s\"`, `\"15m\"`, `\"1h 30m\"`, `\"7d\"` |
| size | bytes as a number, or text with a unit: `\"64 MiB\"`, `\"1 GB\"` |
| address | address and port: `\"127.0.0.1:5000\"`, `\"[::1]:5000\"` |
| networks | list of networks or addresses: `[\"10.0.0.0/8\", \"192.0.2.7\"]`; in the environment `10.0.0.0/8,192.0.2.7` |
| texts | list of texts: `[\"one\", \"two\"]`; in the environment `one,two` |
| path | text; a relative path is relative to the working directory |
| secret | text that is never shown in a log, a message or a listing |
";

/// Returns the reference of all settings in Markdown, the content of `docs/config.md`.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    let outline = Settings::default().outline();
    table(&mut text, "Top level", "", outline.iter().filter(|e| e.kind != Kind::Section && !e.key.contains('.')));
    let sections = outline.iter().filter(|e| e.kind == Kind::Section && !e.key.is_empty() && !e.key.contains('.'));
    for section in sections {
        let prefix = format!("{}.", section.key);
        let settings = outline.iter().filter(|e| e.kind != Kind::Section && e.key.starts_with(&prefix));
        table(&mut text, &format!("`[{}]`", section.key), &section.meaning, settings);
    }
    text
}

fn table<'a>(text: &mut String, title: &str, about: &str, settings: impl Iterator<Item = &'a Entry>) {
    let about = if about.is_empty() { String::new() } else { format!("{about}\n\n") };
    let mut rows = format!("\n## {title}\n\n{about}| key | type | default | meaning |\n|---|---|---|---|\n");
    for Entry { key, kind, value, meaning } in settings {
        let value = if value.is_empty() { "-".to_owned() } else { format!("`{value}`") };
        // Writing to a String cannot fail.
        let _ = writeln!(rows, "| `{key}` | {} | {value} | {} |", kind.name(), meaning.replace('|', "\\|"));
    }
    text.push_str(&rows);
}

impl Kind {
    /// Returns the word for it in the reference.
    fn name(self) -> String {
        match self {
            Self::Section => "section".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Path => "path".to_owned(),
            Self::Address => "address".to_owned(),
            Self::Url => "URL".to_owned(),
            Self::Integer => "number".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Duration => "duration".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Secret => "secret".to_owned(),
            Self::Networks => "networks".to_owned(),
            Self::Texts => "texts".to_owned(),
            Self::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        }
    }
}
