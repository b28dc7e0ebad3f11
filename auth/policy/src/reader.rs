//! What documents are read with: what for, by whom, and how strictly.

use roadstead_types::Uin;

/// What a document is for, which decides on the elements that it must have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// It is attached to a user, a group or a role, and grants.
    Identity,
    /// It caps what the policies of a user can grant.
    Boundary,
    /// It caps what temporary credentials can do.
    Session,
    /// It says who may take on a role: statements have a `principal` and no `resource`.
    Trust,
}

/// Whose policy it is.
#[derive(Clone, Copy, Debug)]
pub struct Author<'a> {
    /// The main account. A resource without an account belongs to it.
    pub owner_uin: &'a Uin,
    /// The number that the account is known by as `uid/...`, and `${app_id}`.
    pub app_id: i64,
}

/// What the parts of a document are read with.
pub(super) struct Reader<'a> {
    /// Whether anything that is not understood is an error.
    pub strict: bool,
    pub usage: Use,
    pub author: Author<'a>,
    /// What was repaired, and what is probably not meant.
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
