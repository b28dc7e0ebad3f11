//! The documents about settings match the program.

use std::{env, error::Error, fs, iter, path::PathBuf};

use roadstead_config::{Overrides, Settings, reference};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

fn repository(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

#[test]
fn the_reference_is_up_to_date() -> Outcome {
    let path = repository("docs/config.md");
    if env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, reference())?;
    }
    let written = fs::read_to_string(&path)?;
    assert!(
        written == reference(),
        "docs/config.md is not what the settings say: run `UPDATE_DOCS=1 cargo test -p roadstead-config` and commit it"
    );
    Ok(())
}

#[test]
fn every_setting_has_a_meaning() {
    for entry in Settings::default().entries() {
        assert!(!entry.meaning.is_empty(), "{} says nothing", entry.key);
    }
}

/// Checks that the sample has every setting in a comment: `#key = value` with its default, or `#key = value #
/// example`.
#[test]
fn the_sample_shows_every_setting_with_its_default() -> Outcome {
    let sample = fs::read_to_string(repository("deploy/roadstead.toml"))?;
    assert_eq!(load(&sample)?, Settings::default(), "as it is, the sample changes nothing");

    let is_example = |line: &&str| line.starts_with('#') && line.ends_with("# example");
    let with_defaults: Vec<&str> = sample.lines().filter(|line| !is_example(line)).map(uncommented).collect();
    assert_eq!(load(&with_defaults.join("\n"))?, Settings::default(), "what is not an example is a default");

    let mut section = String::new();
    let mut shown = Vec::new();
    for line in sample.lines().map(uncommented) {
        if let Some(name) = line.strip_prefix('[') {
            section = format!("{}.", name.trim_end_matches(']'));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
            shown.push(format!("{section}{key}"));
        }
    }
    let mut settings: Vec<String> = Settings::default().entries().into_iter().map(|entry| entry.key).collect();
    settings.sort();
    shown.sort();
    assert_eq!(shown, settings);
    Ok(())
}

/// Uncomments a setting. A comment that begins with a space is text and stays.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase())).unwrap_or(line)
}

fn load(text: &str) -> Result<Settings, Box<dyn Error>> {
    let dir = TempDir::new()?;
    let path = dir.path().join("roadstead.toml");
    fs::write(&path, text)?;
    Ok(Settings::load(Some(&path), iter::empty(), Overrides::default())?)
}
