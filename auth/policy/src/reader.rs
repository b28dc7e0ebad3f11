//! The settings with which documents are parsed: their use, their owner, and the strictness.

use roadstead_types::Uin;

/// The use of a document. It decides which elements the document must have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// It is attached to a user, a group or a role, and grants rights.
    Identity,
    /// It limits what the policies of a user can grant.
    Boundary,
    /// It limits what temporary credentials can do.
    Session,
    /// It names those who may assume a role: statements have a `principal` and no `resource`.
    Trust,
}

/// The owner of a policy.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The main account. A resource without an account belongs to it.
    pub owner_uin: &'a Uin,
    /// The application id of the account, used in `uid/...` and `${app_id}`.
    pub app_id: i64,
}

/// The settings and the warnings of one parse.
pub(super) struct Reader<'a> {
    /// Whether anything that is not understood is an error.
    pub strict: bool,
    pub usage: Use,
    pub author: Author<'a>,
    /// Warnings about repaired spellings and likely mistakes.
    pub warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(strict: bool, usage: Use, author: &Author<'a>) -> Self {
        Self { strict, usage, author: *author, warnings: Vec::new() }
    }

    pub(super) fn warn(&mut self, warning: String) {
        if self.strict {
            self.warnings.push(warning);
        }
    }
}
