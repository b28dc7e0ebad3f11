//! Keys of objects and of staged uploads.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::Error;
use roadstead_types::{Digest, UploadId};

/// The prefix of the keys of our own objects in the database. It tells how the rest is laid out, because a store may
/// hold objects that another registry wrote, under other paths.
const OWN: &str = "own:";

/// The key of an object: `own:sha256/ab/<hex>-<uuid>`. It contains the digest, but every upload gets a new key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BlobKey(String);

impl BlobKey {
    /// Makes a new key for content with this digest.
    pub fn fresh(digest: &Digest) -> Self {
        let hex = digest.hex();
        Self(format!("{OWN}{}/{}/{hex}-{}", digest.algorithm(), &hex[..2], Uuid::new_v4().simple()))
    }

    /// Returns the key of the object at `path`, relative to the place where a store keeps its objects.
    ///
    /// # Errors
    /// `Corrupt` when the path is not one of our own objects.
    pub fn of_path(path: &str) -> Result<Self, Error> {
        format!("{OWN}{path}").parse()
    }

    /// Returns the whole text, as it is in the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path of the object, relative to the place where a store keeps its objects.
    pub fn path(&self) -> &str {
        self.0.strip_prefix(OWN).unwrap_or_default()
    }

    /// Returns the digest of the content.
    pub fn digest(&self) -> Option<Digest> {
        let (algorithm, rest) = self.path().split_once('/')?;
        let (_, name) = rest.split_once('/')?;
        let (hex, _) = name.split_once('-')?;
        format!("{algorithm}:{hex}").parse().ok()
    }
}

impl FromStr for BlobKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let key = Self(text.to_owned());
        let parts: Vec<&str> = key.path().split('/').collect();
        let uuid_fits = text.rsplit_once('-').is_some_and(|(_, uuid)| {
            uuid.len() == 32 && uuid.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        });
        let prefix_fits = key
            .digest()
            .is_some_and(|digest| parts.len() == 3 && digest.hex().starts_with(parts[1]) && parts[1].len() == 2);
        if uuid_fits && prefix_fits {
            Ok(key)
        } else {
            Err(Error::Corrupt { table: "blobs", column: "object", value: text.to_owned() })
        }
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key of a staged upload: the id of its session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StagingKey(UploadId);

impl StagingKey {
    /// Returns the key of the upload `id`.
    pub fn of(id: UploadId) -> Self {
        Self(id)
    }

    /// Returns the upload that it belongs to.
    pub fn upload(self) -> UploadId {
        self.0
    }
}

impl fmt::Display for StagingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_types::Algorithm;

    #[test]
    fn a_key_names_its_digest_and_nothing_else() {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let digest = Digest::of(algorithm, b"content");
            let key = BlobKey::fresh(&digest);
            assert_eq!(key.digest(), Some(digest.clone()));
            assert_eq!(key.as_str().parse::<BlobKey>().unwrap(), key);
            assert_eq!(BlobKey::of_path(key.path()).unwrap(), key);
            assert_ne!(key, BlobKey::fresh(&digest));
        }
        let good = BlobKey::fresh(&Digest::of(Algorithm::Sha256, b"")).to_string();
        let upper = good.to_uppercase();
        for bad in [
            "",
            "/",
            "../../etc/passwd",
            &good[1..],
            &good["own:".len()..],
            &good.replacen("own:", "cncf:", 1),
            &good.replacen("own:", "own:own:", 1),
            &good[..good.len() - 1],
            &upper,
            &good.replacen("/e3/", "/ff/", 1),
            &good.replacen("/e3/", "/e3/../e3/", 1),
            &good.replacen("/e3/", "//", 1),
            &format!("/{good}"),
            &format!("{good}/"),
            &format!("{good}\0"),
            &good.replacen("sha256", "sha512", 1),
        ] {
            assert!(bad.parse::<BlobKey>().is_err(), "{bad:?}");
        }
    }
}
