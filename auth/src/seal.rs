//! Seals secrets that must be read again.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use zeroize::{Zeroize as _, Zeroizing};

use crate::error::{Error, Result};

/// Encrypts small secrets with the master key (AES-256-GCM), so that the database alone does not reveal them.
///
/// A sealed secret is bound to its context, for example the id of its key: if it is moved to another row, it cannot
/// be opened. Nonces are random. One master key can seal 2^32 secrets, which is far more than there are accounts.
#[derive(Clone)]
pub struct Sealer {
    key: Arc<RandomizedNonceKey>,
    derivation: Arc<hmac::Key>,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// AES-256-GCM: a nonce of 12 bytes, the cipher text, a tag of 16 bytes.
const FORMAT: u8 = 1;

impl Sealer {
    /// Makes a sealer with this master key.
    pub fn new(mut master_key: [u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &master_key);
        let derivation = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &master_key));
        master_key.zeroize();
        match key {
            Ok(key) => Self { key: Arc::new(key), derivation },
            Err(_) => unreachable!("the one error is a key of another length than 32 bytes"),
        }
    }

    /// Derives 32 bytes from the master key, `purpose` and `input`. The same arguments give the same bytes.
    pub(crate) fn derive(&self, purpose: &str, input: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.derivation);
        // The length separates the purpose from the input.
        context.update(&(purpose.len() as u64).to_be_bytes());
        context.update(purpose.as_bytes());
        context.update(input);
        let mut derived = [0; 32];
        derived.copy_from_slice(context.sign().as_ref());
        derived
    }

    /// Encrypts `plain` for `context`.
    ///
    /// # Errors
    /// `Crypto` when the cryptographic library fails, which it does not.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let mut text = plain.to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut text);
        let nonce = nonce.map_err(|_| Error::Crypto { op: "seal" })?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(FORMAT);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Decrypts a secret that was sealed for `context`.
    ///
    /// # Errors
    /// `Sealed` when it was changed, was sealed for another context or with another master key, or has another
    /// format.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        self.try_open(context, sealed).ok_or(Error::Sealed { what: "a sealed secret" })
    }

    fn try_open(&self, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (&format, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN)?;
        if format != FORMAT {
            return None;
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut plain = Zeroizing::new(text.to_vec());
        let length = self.key.open_in_place(nonce, Aad::from(context.as_bytes()), &mut plain).ok()?.len();
        plain.truncate(length);
        Some(plain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealer() -> Sealer {
        Sealer::new([7; 32])
    }

    #[test]
    fn what_is_sealed_can_be_opened_again() {
        let sealed = sealer().seal("access-key/1", b"secret").unwrap();
        assert_eq!(sealer().open("access-key/1", &sealed).unwrap().as_slice(), b"secret");
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, sealer().seal("access-key/1", b"secret").unwrap());
    }

    #[test]
    fn another_context_or_key_does_not_open() {
        let sealed = sealer().seal("access-key/1", b"secret").unwrap();
        assert!(matches!(sealer().open("access-key/2", &sealed), Err(Error::Sealed { .. })));
        assert!(matches!(Sealer::new([8; 32]).open("access-key/1", &sealed), Err(Error::Sealed { .. })));
    }

    proptest! {
        #[test]
        fn tampering_shows(at in 0_usize..35, mask in 1_u8..) {
            let mut sealed = sealer().seal("context", b"secret").unwrap();
            sealed[at] ^= mask;
            prop_assert!(sealer().open("context", &sealed).is_err());
        }

        #[test]
        fn a_cut_shows(length in 0_usize..35) {
            let sealed = sealer().seal("context", b"secret").unwrap();
            prop_assert!(sealer().open("context", &sealed[..length]).is_err());
        }
    }
}
