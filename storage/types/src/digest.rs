//! Digests of content, and hashers that can be saved and resumed.

use std::fmt;
use std::str::FromStr;

use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256, Sha512};

/// A registered digest algorithm (image-spec, "Registered algorithms").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// Returns the name, which stands before the colon of a digest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Tells whether the number of blocks in a saved state fits `len` bytes. With a wrong length the digest would be
    /// wrong too, and a very large number overflows.
    fn counts_to(self, state: &[u8], len: u64) -> bool {
        let (chaining, block) = match self {
            Self::Sha256 => (32, 64),
            Self::Sha512 => (64, 128),
        };
        let count = state.get(chaining..chaining + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        len < 1 << 60 && count == Some(len / block)
    }

    const fn hex_len(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha512 => 128,
        }
    }
}

impl FromStr for Algorithm {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(DigestError::Algorithm),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a digest, or saved bytes are not a hash state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// The form is not `algorithm:hex`.
    #[error("a digest has the form sha256: and 64, or sha512: and 128 lower-case hexadecimal digits")]
    Form,
    /// The algorithm is unknown.
    #[error("the digest algorithm is not supported; use sha256 or sha512")]
    Algorithm,
    /// A saved hash state does not fit this build.
    #[error("the saved hash state has another format")]
    State,
}

/// The digest of content: algorithm and lower-case hexadecimal value (image-spec, "Digests").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    text: String,
}

impl Digest {
    /// The digest of `content`.
    pub fn of(algorithm: Algorithm, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The whole text, `sha256:...`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part after the colon.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Form)?;
        let algorithm: Algorithm = name.parse()?;
        let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if hex.len() == algorithm.hex_len() && hex.bytes().all(lower_hex) {
            Ok(Self { algorithm, text: text.to_owned() })
        } else {
            Err(DigestError::Form)
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// A hash in progress, which can be saved and resumed, even by another process.
#[derive(Clone)]
pub struct Hasher {
    state: State,
    len: u64,
}

/// A saved [`Hasher`]: the algorithm, the number of hashed bytes, and the state in a tagged format.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HashState {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// How many bytes have been hashed.
    pub len: u64,
    /// A format tag, and the state in that format.
    pub bytes: Vec<u8>,
}

/// The format that the `sha2` crate of this build writes. A state with another tag is refused.
const STATE_FORMAT: u8 = 1;

impl Hasher {
    /// Starts a hash without any bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        };
        Self { state, len: 0 }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.state {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// How many bytes have been hashed.
    #[expect(clippy::len_without_is_empty, reason = "a count of bytes, not a collection")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Hashes more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(hash) => hash.update(bytes),
            State::Sha512(hash) => hash.update(bytes),
        }
        self.len += bytes.len() as u64;
    }

    /// Returns the digest of all bytes so far.
    pub fn finish(self) -> Digest {
        let (algorithm, hex) = match self.state {
            State::Sha256(hash) => (Algorithm::Sha256, hex::encode(hash.finalize())),
            State::Sha512(hash) => (Algorithm::Sha512, hex::encode(hash.finalize())),
        };
        Digest { algorithm, text: format!("{algorithm}:{hex}") }
    }

    /// Saves the state for [`Hasher::resume`].
    pub fn save(&self) -> HashState {
        let mut bytes = vec![STATE_FORMAT];
        match &self.state {
            State::Sha256(hash) => bytes.extend_from_slice(&hash.serialize()),
            State::Sha512(hash) => bytes.extend_from_slice(&hash.serialize()),
        }
        HashState { algorithm: self.algorithm(), len: self.len, bytes }
    }

    /// Resumes a saved hash.
    pub fn resume(saved: &HashState) -> Result<Self, DigestError> {
        let (&format, bytes) = saved.bytes.split_first().ok_or(DigestError::State)?;
        if format != STATE_FORMAT || !saved.algorithm.counts_to(bytes, saved.len) {
            return Err(DigestError::State);
        }
        let state = match saved.algorithm {
            Algorithm::Sha256 => {
                let bytes = bytes.try_into().map_err(|_| DigestError::State)?;
                State::Sha256(Sha256::deserialize(bytes).map_err(|_| DigestError::State)?)
            }
            Algorithm::Sha512 => {
                let bytes = bytes.try_into().map_err(|_| DigestError::State)?;
                State::Sha512(Sha512::deserialize(bytes).map_err(|_| DigestError::State)?)
            }
        };
        Ok(Self { state, len: saved.len })
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hasher({}, {} bytes)", self.algorithm(), self.len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Sha512];

    #[test]
    fn digests_are_the_standard_ones() {
        // FIPS 180-4, the examples for "abc".
        assert_eq!(
            Digest::of(Algorithm::Sha256, b"abc").as_str(),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(Digest::of(Algorithm::Sha512, b"abc").hex().starts_with("ddaf35a193617abacc417349ae204131"));
        for algorithm in BOTH {
            let digest = Digest::of(algorithm, b"");
            assert_eq!(digest.algorithm(), algorithm);
            assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
            assert_eq!(format!("{algorithm}:{}", digest.hex()), digest.as_str());
        }
    }

    #[test]
    fn only_one_spelling_of_a_digest_is_taken() {
        let hex = "a".repeat(64);
        assert_eq!(format!("md5:{hex}").parse::<Digest>(), Err(DigestError::Algorithm));
        for bad in [
            String::new(),
            "sha256".into(),
            "sha256:".into(),
            hex.clone(),
            format!("SHA256:{hex}"),
            format!("sha256:{}", hex.to_uppercase()),
            format!("sha256:{hex}a"),
            format!("sha256:{}", &hex[1..]),
            format!("sha512:{hex}"),
            format!("sha256:{}g", &hex[1..]),
            format!("sha256: {}", &hex[1..]),
            format!(" sha256:{hex}"),
            format!("sha256:{hex}\n"),
            format!("sha256:sha256:{hex}"),
            format!("sha256:{}é", &hex[2..]),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_state_that_is_not_one_is_refused() {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        hasher.update(&[1; 100]);
        let good = hasher.save();
        assert!(Hasher::resume(&good).is_ok());
        for bytes in [vec![], vec![1], vec![2; good.bytes.len()], [&good.bytes[..], &[0]].concat()] {
            assert!(Hasher::resume(&HashState { bytes, ..good.clone() }).is_err());
        }
        assert!(Hasher::resume(&HashState { algorithm: Algorithm::Sha512, ..good.clone() }).is_err());
        for len in [0, 63, 128, 1 << 40, u64::MAX] {
            assert!(Hasher::resume(&HashState { len, ..good.clone() }).is_err(), "{len}");
        }
    }

    proptest! {
        #[test]
        fn a_saved_hash_goes_on(content in proptest::collection::vec(any::<u8>(), 0..2000), cuts in any::<[u16; 4]>()) {
            for algorithm in BOTH {
                let mut cuts: Vec<usize> = cuts.iter().map(|&cut| usize::from(cut) % (content.len() + 1)).collect();
                cuts.extend([0, content.len()]);
                cuts.sort_unstable();
                let mut hasher = Hasher::new(algorithm);
                for window in cuts.windows(2) {
                    hasher.update(&content[window[0]..window[1]]);
                    let saved = hasher.save();
                    prop_assert_eq!(saved.len, window[1] as u64);
                    hasher = Hasher::resume(&saved).unwrap();
                }
                prop_assert_eq!(hasher.finish(), Digest::of(algorithm, &content));
            }
        }

        #[test]
        fn what_parses_is_spelled_the_same(text in "(sha256|sha512|md5)?:?[0-9a-fA-F:]{0,130}") {
            if let Ok(digest) = text.parse::<Digest>() {
                prop_assert_eq!(digest.as_str(), text);
            }
        }

        #[test]
        fn nothing_makes_resume_panic(bytes in proptest::collection::vec(any::<u8>(), 0..220), len in any::<u64>()) {
            for algorithm in BOTH {
                for prefix in [&bytes[..], &[&[STATE_FORMAT][..], &bytes].concat()] {
                    let _ = Hasher::resume(&HashState { algorithm, len, bytes: prefix.to_vec() });
                }
            }
        }

        #[test]
        fn no_state_makes_a_hasher_panic(noise in proptest::collection::vec(any::<u8>(), 208)) {
            for (algorithm, length) in [(Algorithm::Sha256, 104), (Algorithm::Sha512, 208)] {
                let mut state = Hasher::new(algorithm).save();
                prop_assert_eq!(state.bytes.len(), length + 1);
                // Random bytes everywhere but in the number of blocks.
                let chaining = if algorithm == Algorithm::Sha256 { 32 } else { 64 };
                state.bytes[1..=chaining].copy_from_slice(&noise[..chaining]);
                state.bytes[chaining + 17..].copy_from_slice(&noise[chaining + 16..length]);
                if let Ok(mut hasher) = Hasher::resume(&state) {
                    hasher.update(&[0; 300]);
                    let _ = hasher.finish();
                }
            }
        }
    }
}
