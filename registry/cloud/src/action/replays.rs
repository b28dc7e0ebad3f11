//! Refuses a signed write request that arrives a second time.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use roadstead_auth::{Once, Share};
use roadstead_types::Timestamp;

use crate::wire::code::Code;
use crate::wire::error::{CloudError, CloudResult};
use crate::wire::language::Phrase;

/// The most signatures of one share that are stored at the same time.
const MAX_OF_SHARE: usize = 10_000;

/// The used signatures of each share that have not expired. Only HmacSHA1 and HmacSHA256 signatures are stored: they
/// contain a nonce, so no client creates the same signature twice.
#[derive(Default)]
pub(crate) struct Replays {
    used: Mutex<HashMap<Share, Used>>,
    hasher: RandomState,
}

/// The signatures of one share, and again in the order in which they expire.
#[derive(Default)]
struct Used {
    signatures: HashSet<u64>,
    by_expiry: BTreeSet<(Timestamp, u64)>,
}

impl Used {
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
    pub(crate) fn take(&self, share: Share, once: &Once, now: Timestamp) -> CloudResult<()> {
        let signature = self.hasher.hash_one(&once.signature);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let of_share = used.entry(share).or_default();
        of_share.forget(now);
        if of_share.signatures.contains(&signature) {
            let english = "this request has been made already; sign it again to repeat it";
            let message = Phrase::both(english, "该请求已经执行过，如需重复请重新签名");
            return Err(CloudError::new(Code::AuthFailureSignatureFailure, message));
        }
        if of_share.signatures.len() >= MAX_OF_SHARE {
            return Err(Code::RequestLimitExceeded.into());
        }
        of_share.signatures.insert(signature);
        of_share.by_expiry.insert((once.good_until, signature));
        Ok(())
    }

    /// Forgets expired signatures.
    pub(crate) fn shrink(&self, now: Timestamp) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, of_share| {
            of_share.forget(now);
            of_share.signatures.shrink_to_fit();
            !of_share.signatures.is_empty()
        });
        used.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use roadstead_types::{AccountId, RoleId};

    fn account(id: i64) -> Share {
        Share::Account(AccountId::new(id))
    }

    fn once(number: usize, good_until: i64) -> Once {
        Once { signature: number.to_le_bytes().to_vec(), good_until: Timestamp::from_millis(good_until) }
    }

    #[test]
    fn a_signature_is_taken_once_until_it_expires() {
        let (replays, one, now) = (Replays::default(), account(1), Timestamp::from_millis);
        let code = |outcome: CloudResult<()>| outcome.map_err(|error| error.code());
        assert_eq!(code(replays.take(one, &once(1, 100), now(0))), Ok(()));
        assert_eq!(code(replays.take(one, &once(2, 100), now(0))), Ok(()));
        assert_eq!(code(replays.take(account(2), &once(1, 100), now(0))), Ok(()));
        let again = replays.take(one, &once(1, 100), now(100));
        assert_eq!(code(again), Err(Code::AuthFailureSignatureFailure));
        replays.shrink(now(100));
        assert_eq!(replays.used.lock().unwrap().len(), 2);
        replays.shrink(now(101));
        assert!(replays.used.lock().unwrap().is_empty());
    }

    #[test]
    fn what_is_remembered_has_a_bound_for_each_share() {
        let (replays, one) = (Replays::default(), account(1));
        for number in 0..MAX_OF_SHARE {
            replays.take(one, &once(number, 100), Timestamp::from_millis(0)).unwrap();
        }
        let more = |now| replays.take(one, &once(MAX_OF_SHARE, 200), Timestamp::from_millis(now));
        assert_eq!(more(0).unwrap_err().code(), Code::RequestLimitExceeded);
        for other in [account(2), Share::Role(AccountId::new(1), RoleId::new(1)), Share::Sessions(AccountId::new(1))] {
            assert!(replays.take(other, &once(0, 100), Timestamp::from_millis(0)).is_ok());
        }
        assert!(more(101).is_ok());
        let used = replays.used.lock().unwrap();
        assert_eq!((used[&one].signatures.len(), used[&one].by_expiry.len()), (1, 1));
    }
}
