//! Hashes and verifies passwords.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::params::Argon2Params;
use crate::random;

/// The fewest characters of a password.
pub const PASSWORD_MIN: usize = 8;
/// The most characters of a password.
pub const PASSWORD_MAX: usize = 256;

/// How many requests may wait for one core to hash a password. Further ones are refused.
const QUEUE_PER_CORE: usize = 32;

/// The outcome of a verification.
pub(crate) enum Verified {
    /// The password is wrong.
    Wrong,
    /// The password is correct. If its hash was made with other parameters, this holds one with the present ones.
    Right { rehashed: Option<String> },
    /// Too many requests are waiting.
    Busy,
}

/// Hashes and verifies passwords (argon2id), a few at a time, off the threads that answer requests.
#[derive(Clone)]
pub(crate) struct PasswordHasher {
    argon2: Argon2<'static>,
    /// The hash of a password that nobody knows. It is verified for users that do not exist.
    dummy: Arc<str>,
    cores: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl PasswordHasher {
    /// Makes a hasher without the dummy hash, which only verification needs.
    pub(crate) fn new(params: Argon2Params) -> Result<Self> {
        let Argon2Params { memory_kib, iterations, parallelism } = params;
        let params =
            Params::new(memory_kib, iterations, parallelism, None).map_err(|e| Error::Argon2(e.to_string()))?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            dummy: Arc::from(""),
            cores: Arc::new(Semaphore::new(cores)),
            queue: Arc::new(Semaphore::new(cores.saturating_mul(QUEUE_PER_CORE))),
        })
    }

    /// Makes a hasher with the dummy hash. This hashes one password.
    pub(crate) async fn for_verifying(params: Argon2Params) -> Result<Self> {
        let mut hasher = Self::new(params)?;
        hasher.dummy = hasher.hash(&random::token::<32>()).await?.into();
        Ok(hasher)
    }

    /// Hashes `password`, in the PHC string format.
    pub(crate) async fn hash(&self, password: &str) -> Result<String> {
        let password = Zeroizing::new(password.to_owned());
        self.on_a_core(move |argon2| hash(argon2, &password)).await?
    }

    /// Tells whether `password` matches `stored`. Without a stored hash it does not, but the answer takes as long.
    pub(crate) async fn verify(&self, password: &str, stored: Option<&str>) -> Result<Verified> {
        let Ok(_waiting) = self.queue.try_acquire() else { return Ok(Verified::Busy) };
        let known = stored.is_some() && password.chars().count() <= PASSWORD_MAX;
        let password = Zeroizing::new(if known { password.to_owned() } else { String::new() });
        let stored: Arc<str> = stored.map_or_else(|| Arc::clone(&self.dummy), Arc::from);
        self.on_a_core(move |argon2| {
            let parsed = PasswordHash::new(&stored).map_err(|_| Error::Corrupt { what: "password hash" })?;
            // The comparison takes the same time wherever the first difference is.
            let right = argon2.verify_password(password.as_bytes(), &parsed).is_ok() && known;
            match right {
                false => Ok(Verified::Wrong),
                true => Ok(Verified::Right { rehashed: stronger(argon2, &parsed, &password)? }),
            }
        })
        .await?
    }

    /// Runs `work` when a core is free. The work runs to its end even if its caller has gone, and keeps its place in
    /// the queue until then.
    async fn on_a_core<T: Send + 'static>(&self, work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static) -> Result<T> {
        let failed = || Error::Crypto { op: "hash a password" };
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| failed())?;
        let argon2 = self.argon2.clone();
        let task = tokio::task::spawn_blocking(move || {
            let done = work(&argon2);
            drop(core);
            done
        });
        task.await.map_err(|_| failed())
    }
}

fn hash(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let salt = random::bytes::<16>();
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|_| Error::Crypto { op: "hash a password" })
}

/// Hashes `password` again if `stored` was made with other parameters than the present ones.
fn stronger(argon2: &Argon2<'_>, stored: &PasswordHash, password: &str) -> Result<Option<String>> {
    let present = Params::try_from(stored).is_ok_and(|params| {
        let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
        cost(&params) == cost(argon2.params())
    });
    let same = present && stored.algorithm == Algorithm::Argon2id.ident();
    if same { Ok(None) } else { hash(argon2, password).map(Some) }
}

/// Checks that `password` keeps to the rules for passwords.
pub(crate) fn check_rules(password: &str) -> Result<()> {
    let length = password.chars().count();
    let fits = (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) && !password.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(Error::PasswordRules) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Argon2Params = Argon2Params { memory_kib: 64, iterations: 1, parallelism: 1 };

    #[tokio::test]
    async fn passwords_are_verified_and_rehashed_when_the_price_changes() {
        let cheap = PasswordHasher::for_verifying(CHEAP).await.unwrap();
        let stored = cheap.hash("correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
        assert!(matches!(cheap.verify("wrong horse", Some(&stored)).await, Ok(Verified::Wrong)));
        assert!(matches!(cheap.verify("correct horse", Some(&stored)).await, Ok(Verified::Right { rehashed: None })));

        let dear = PasswordHasher::for_verifying(Argon2Params { iterations: 2, ..CHEAP }).await.unwrap();
        let Ok(Verified::Right { rehashed: Some(rehashed) }) = dear.verify("correct horse", Some(&stored)).await else {
            panic!("the password is right, and its hash is cheaper than it should be");
        };
        assert!(rehashed.starts_with("$argon2id$v=19$m=64,t=2,p=1$"));
        assert!(matches!(dear.verify("correct horse", Some(&rehashed)).await, Ok(Verified::Right { rehashed: None })));
    }

    #[tokio::test]
    async fn without_a_hash_no_password_is_right() {
        let hasher = PasswordHasher::for_verifying(CHEAP).await.unwrap();
        for password in ["", "correct horse", &"x".repeat(10_000)] {
            assert!(matches!(hasher.verify(password, None).await, Ok(Verified::Wrong)));
        }
    }

    #[tokio::test]
    async fn the_queue_is_bounded() {
        let mut hasher = PasswordHasher::for_verifying(CHEAP).await.unwrap();
        hasher.queue = Arc::new(Semaphore::new(0));
        assert!(matches!(hasher.verify("correct horse", None).await, Ok(Verified::Busy)));
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_an_error() {
        let hasher = PasswordHasher::for_verifying(CHEAP).await.unwrap();
        assert!(hasher.verify("correct horse", Some("plain")).await.is_err());
        let params = Argon2Params { memory_kib: 1, ..CHEAP };
        assert!(matches!(PasswordHasher::new(params), Err(Error::Argon2(_))));
    }

    #[test]
    fn passwords_have_rules() {
        for bad in ["", "seven77", "with\ncontrol", &"x".repeat(257)] {
            assert!(check_rules(bad).is_err(), "{bad:?}");
        }
        for good in ["eight888", "Grüße, Jürgen", &"ü".repeat(256)] {
            assert!(check_rules(good).is_ok(), "{good:?}");
        }
    }
}
