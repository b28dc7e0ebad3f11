//! A member of a group in an answer.

use roadstead_service::cam::uid;
use roadstead_service::records::{Member, User};
use serde::Serialize;

use super::things::uin_number;
use roadstead_types::time;

/// A sub-account in a group.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupMember {
    uid: u64,
    uin: u64,
    name: String,
    phone_num: String,
    country_code: String,
    phone_flag: u64,
    email: String,
    email_flag: u64,
    user_type: u64,
    create_time: String,
    is_receiver_owner: u64,
    remark: String,
}

/// Converts a member for an answer. Phone numbers and e-mail addresses always count as unverified.
pub(super) fn group_member(Member { user: User { account, profile, .. }, since }: Member) -> GroupMember {
    GroupMember {
        uid: uid(account.id),
        uin: uin_number(&account.uin),
        name: account.name,
        phone_num: profile.phone_number,
        country_code: profile.country_code,
        phone_flag: 0,
        email: profile.email,
        email_flag: 0,
        user_type: 1,
        create_time: time::plain(since),
        is_receiver_owner: 0,
        remark: profile.remark,
    }
}
