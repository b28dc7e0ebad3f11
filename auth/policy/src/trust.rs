//! The `principal` of a trust policy, which names those who may assume a role.

use roadstead_types::Uin;

use super::error::{Fault, PolicyError, Result};
use super::json::{Json, array, quoted};
use super::reader::Reader;

/// The principal that wants to assume a role.
#[derive(Clone, Copy, Debug)]
pub enum Principal<'a> {
    /// A user of an account of this registry.
    User {
        /// The main account.
        owner: &'a Uin,
        /// The uin of the user. For the owner it is that of the main account.
        uin: &'a str,
        /// The groups that the user is in.
        groups: &'a [i64],
    },
    /// A web identity, by the name that the policy gives its identity provider.
    Federated(&'a str),
    /// Another service, by its domain name.
    Service(&'a str),
}

/// A principal that a statement trusts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Trusted {
    /// A main account and all its users.
    Account(Uin),
    User(Uin, String),
    Group(Uin, i64),
    Everybody,
    Federated(String),
    Service(String),
}

impl Trusted {
    /// Tells whether it includes `who`. `None` if that is unknown.
    pub(super) fn is(&self, who: &Principal<'_>) -> Option<bool> {
        Some(match (self, who) {
            // Everybody with an account. It is not known whether a web identity belongs to somebody with an account.
            (Self::Everybody, Principal::Federated(_)) => return None,
            (Self::Everybody, _) => true,
            (Self::Account(account), Principal::User { owner, .. }) => account == *owner,
            (Self::User(account, user), Principal::User { owner, uin, .. }) => account == *owner && user == uin,
            (Self::Group(account, group), Principal::User { owner, groups, .. }) => {
                account == *owner && groups.contains(group)
            }
            (Self::Federated(known), Principal::Federated(name)) | (Self::Service(known), Principal::Service(name)) => {
                known == name
            }
            _ => false,
        })
    }
}

/// Parses a principal. Returns it also in canonical form, and whether a part of it is not understood.
pub(super) fn read(reader: &mut Reader<'_>, value: Option<&Json>) -> Result<(Vec<Trusted>, String, bool)> {
    let error = |what: String| PolicyError::new(Fault::Principal, what);
    let Some(kinds) = value.and_then(Json::object).filter(|kinds| !kinds.is_empty()) else {
        return Err(error("a principal is {\"qcs\": ...}, {\"service\": ...} or {\"federated\": ...}".to_owned()));
    };
    let (mut trusted, mut members, mut unknown) = (Vec::new(), Vec::new(), false);
    for (kind, names) in kinds {
        let mut texts = Vec::new();
        let list = names.list();
        if list.is_empty() {
            return Err(error(format!("the list of {kind} is empty")));
        }
        for name in list {
            let text = name.text().map(str::trim).filter(|text| !text.is_empty());
            match text.and_then(|text| Some((one(kind, text)?, text))) {
                Some((who, text)) => {
                    if who == Trusted::Everybody {
                        reader.warn("the role trusts everybody who has an account".to_owned());
                    }
                    trusted.push(who);
                    texts.push(compact(text));
                }
                None if reader.strict => return Err(error(format!("{name:?} is nobody of the kind {kind:?}"))),
                None => unknown = true,
            }
        }
        members.push(format!("{}:{}", quoted(kind), array(&texts)));
    }
    Ok((trusted, format!("{{{}}}", members.join(",")), unknown))
}

/// Removes the white space around the pieces.
fn compact(text: &str) -> String {
    text.split(':').map(str::trim).collect::<Vec<_>>().join(":")
}

fn one(kind: &str, text: &str) -> Option<Trusted> {
    match kind {
        "service" => Some(Trusted::Service(compact(text))),
        "federated" => Some(Trusted::Federated(compact(text))),
        "qcs" => qcs(&compact(text)),
        _ => None,
    }
}

/// Parses `qcs::cam::uin/OWNER:` followed by `root`, `uin/U` or `groupid/N`.
fn qcs(text: &str) -> Option<Trusted> {
    if text == "qcs::cam::anonymous:anonymous" {
        return Some(Trusted::Everybody);
    }
    let (owner, who) = text.strip_prefix("qcs::cam::uin/")?.split_once(':')?;
    let owner: Uin = owner.parse().ok()?;
    match who.split_once('/') {
        None if who == "root" => Some(Trusted::Account(owner)),
        Some(("uin", user)) => user.parse::<Uin>().ok().map(|user| Trusted::User(owner, user.as_str().to_owned())),
        Some(("groupid", id)) => id.parse().ok().map(|id| Trusted::Group(owner, id)),
        _ => None,
    }
}
