//! Values that never appear in a log, a message or a listing.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, de};
use zeroize::Zeroizing;

use crate::Error;

/// The text that replaces a secret wherever settings are shown.
pub(crate) const REDACTED: &str = "[redacted]";

/// The largest file of a secret. A longer file is a mistake, or an endless device.
const LARGEST_FILE: u64 = 64 * 1024;

/// A text that must not be shown. `Debug` redacts it, there is no `Display`, and it is wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text itself. Callers must keep it secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A key of 256 bits, written as the base64 of its 32 bytes. `Debug` redacts it, and it is wiped from memory on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Returns the key itself. Callers must keep it secret.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses base64. The error tells what is expected, and nothing of the given text.
    fn from_base64(text: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected the base64 of exactly 32 bytes";
        let mut key = Zeroizing::new([0; 32]);
        // The decoder asks for room by the length of its input, before it knows the padding.
        let mut decoded = Zeroizing::new([0; 48]);
        match STANDARD.decode_slice(text.trim(), decoded.as_mut_slice()) {
            Ok(32) => key.copy_from_slice(&decoded[..32]),
            _ => return Err(EXPECTED),
        }
        Ok(Self(key))
    }

    /// Reads a key from a file: 32 bytes, or their base64. Refuses a file that every user of the machine may read.
    ///
    /// # Errors
    /// [`Error::KeyFile`], which never contains the content of the file.
    pub fn from_file(path: &Path) -> Result<Self, Error> {
        let key = read_file(path).and_then(|contents| Self::from_contents(&contents).map_err(str::to_owned));
        key.map_err(|problem| Error::KeyFile { path: path.to_owned(), problem })
    }

    /// Parses the content of a key file or the output of a program: 32 bytes, as the server writes them, or their
    /// base64.
    ///
    /// # Errors
    /// A sentence that tells what is expected, and nothing of the given content.
    pub fn from_contents(contents: &[u8]) -> Result<Self, &'static str> {
        const EXPECTED: &str = "expected 32 bytes, or the base64 of 32 bytes";
        if let Ok(bytes) = <[u8; 32]>::try_from(contents) {
            return Ok(Self(Zeroizing::new(bytes)));
        }
        std::str::from_utf8(contents).ok().and_then(|text| Self::from_base64(text).ok()).ok_or(EXPECTED)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Secret::deserialize(deserializer)?;
        Self::from_base64(text.expose()).map_err(de::Error::custom)
    }
}

/// Reads the file of a secret. Refuses a file that every user of the machine may read.
///
/// # Errors
/// A sentence with the fault and its correction, and never with the content.
pub(crate) fn read_file(path: &Path) -> Result<Zeroizing<Vec<u8>>, String> {
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    // Checks the open file and not the path, so that the checked file is the one that is read.
    refuse_if_open_to_all(&file).map_err(|error| error.to_string())?;
    let mut contents = Zeroizing::new(Vec::new());
    file.take(LARGEST_FILE + 1).read_to_end(&mut contents).map_err(|error| format!("cannot be read: {error}"))?;
    if contents.len() as u64 > LARGEST_FILE {
        return Err(format!("is larger than {LARGEST_FILE} bytes: that is no secret"));
    }
    Ok(contents)
}

/// Reads a secret text. White space at its end, such as the newline that editors add, is not part of it.
pub(crate) fn read_text_file(path: &Path) -> Result<Secret, String> {
    let contents = read_file(path)?;
    let text = std::str::from_utf8(&contents).map_err(|_| "is not text in UTF-8".to_owned())?;
    match text.trim_end() {
        "" => Err("is empty".to_owned()),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(unix)]
fn refuse_if_open_to_all(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    const OTHERS: u32 = 0o006;
    let mode = file.metadata()?.permissions().mode() & 0o777;
    if mode & OTHERS == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "is open to every user of this machine (mode {mode:04o}); take that away with `chmod o= FILE`, or with \
         `defaultMode: 0440` where the file is mounted into a container"
    )))
}

#[cfg(not(unix))]
fn refuse_if_open_to_all(_file: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?} {:?}", Some(&secret)), "[redacted] Some([redacted])");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        let key = Key::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n").unwrap();
        assert_eq!(key.expose()[31], 31);
        assert_eq!(format!("{key:?}"), "[redacted]");
        for text in ["", "AAEC", "not base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ=="] {
            assert!(Key::from_base64(text).is_err(), "{text}");
        }
        let long = STANDARD.encode([7; 200]);
        assert!(Key::from_base64(&long).is_err());
    }

    #[test]
    fn a_key_file_holds_the_bytes_or_their_base64() {
        assert_eq!(Key::from_contents(&[7; 32]).unwrap().expose(), &[7; 32]);
        let text = STANDARD.encode([7; 32]);
        assert_eq!(Key::from_contents(format!("{text}\n").as_bytes()).unwrap().expose(), &[7; 32]);
        for contents in [&[7; 31][..], &[0xff; 44], b""] {
            assert!(Key::from_contents(contents).is_err());
        }
    }
}
