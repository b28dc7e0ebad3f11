//! Refuses a signed write request that arrives a second time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use roadstead_auth::Once;
use roadstead_types::{AccountId, Timestamp};

use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

/// The most signatures of one account that are stored at the same time.
const MAX_OF_ACCOUNT: usize = 10_000;

/// The used signatures of each account that have not expired. Only HmacSHA1 and HmacSHA256 signatures are stored: they
/// contain a nonce, so no client creates the same signature twice.
#[derive(Default)]
pub(crate) struct Replays {
    used: Mutex<HashMap<AccountId, OfAccount>>,
    hasher: RandomState,
}

/// The signatures of one account, and again in the order in which they expire.
#[derive(Default)]
struct OfAccount {
    signatures: HashSet<u64>,
    by_expiry: BTreeSet<(Timestamp, u64)>,
}

impl OfAccount {
    /// Forgets the signatures that have expired.
    fn forget(&mut self, now: Timestamp) {
        while let Some((_, signature)) = self.by_expiry.first().copied().filter(|(expires, _)| *expires < now) {
            self.by_expiry.pop_first();
            self.signatures.remove(&signature);
        }
    }
}

impl Replays {
    /// Marks a signature as used. A signature that was used before is refused until it expires.
    pub(crate) fn take(&self, account: AccountId, once: &Once, now: Timestamp) -> CloudResult<()> {
        let signature = self.hasher.hash_one(&once.signature);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let of_account = used.entry(account).or_default();
        of_account.forget(now);
        if of_account.signatures.contains(&signature) {
            let english = "this request has been made already; sign it again to repeat it";
            let message = Phrase::both(english, "该请求已经执行过，如需重复请重新签名");
            return Err(CloudError::new(Code::AuthFailureSignatureFailure, message));
        }
        if of_account.signatures.len() >= MAX_OF_ACCOUNT {
            return Err(Code::RequestLimitExceeded.into());
        }
        of_account.signatures.insert(signature);
        of_account.by_expiry.insert((once.good_until, signature));
        Ok(())
    }

    /// Forgets expired signatures.
    pub(crate) fn shrink(&self, now: Timestamp) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, of_account| {
            of_account.forget(now);
            of_account.signatures.shrink_to_fit();
            !of_account.signatures.is_empty()
        });
        used.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(number: usize, good_until: i64) -> Once {
        Once { signature: number.to_le_bytes().to_vec(), good_until: Timestamp::from_millis(good_until) }
    }

    #[test]
    fn a_signature_is_taken_once_until_it_expires() {
        let (replays, account, now) = (Replays::default(), AccountId::new(1), Timestamp::from_millis);
        let code = |outcome: CloudResult<()>| outcome.map_err(|error| error.code());
        assert_eq!(code(replays.take(account, &once(1, 100), now(0))), Ok(()));
        assert_eq!(code(replays.take(account, &once(2, 100), now(0))), Ok(()));
        assert_eq!(code(replays.take(AccountId::new(2), &once(1, 100), now(0))), Ok(()));
        let again = replays.take(account, &once(1, 100), now(100));
        assert_eq!(code(again), Err(Code::AuthFailureSignatureFailure));
        replays.shrink(now(100));
        assert_eq!(replays.used.lock().unwrap().len(), 2);
        replays.shrink(now(101));
        assert!(replays.used.lock().unwrap().is_empty());
    }

    #[test]
    fn what_is_remembered_has_a_bound_for_each_account() {
        let (replays, account) = (Replays::default(), AccountId::new(1));
        for number in 0..MAX_OF_ACCOUNT {
            replays.take(account, &once(number, 100), Timestamp::from_millis(0)).unwrap();
        }
        let more = |now| replays.take(account, &once(MAX_OF_ACCOUNT, 200), Timestamp::from_millis(now));
        assert_eq!(more(0).unwrap_err().code(), Code::RequestLimitExceeded);
        assert!(replays.take(AccountId::new(2), &once(0, 100), Timestamp::from_millis(0)).is_ok());
        assert!(more(101).is_ok());
        let used = replays.used.lock().unwrap();
        assert_eq!((used[&account].signatures.len(), used[&account].by_expiry.len()), (1, 1));
    }
}
