//! Sight: which repositories and namespaces a caller sees, as conditions that a database can check.

use crate::NameRule;

/// The repositories of a main account that a caller sees: those whose names meet one rule, and public ones whose names meet
/// another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// The rule for every repository.
    pub names: NameRule,
    /// The rule for public repositories.
    pub public: NameRule,
}

impl Sight {
    /// The sight of a caller who sees everything.
    pub const EVERYTHING: Self = Self { names: NameRule::All, public: NameRule::All };

    /// How many patterns its rules have.
    pub fn patterns(&self) -> usize {
        self.names.patterns() + self.public.patterns()
    }
}

/// The namespaces of a main account that a caller sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamespaceSight {
    /// Namespaces whose names do not meet this rule are hidden.
    pub shown: NameRule,
    /// The others are seen if their names meet this rule.
    pub known: NameRule,
    /// The others are also seen if the caller sees a repository in them.
    pub content: Sight,
}

impl NamespaceSight {
    /// The sight of a caller who sees everything.
    pub const EVERYTHING: Self = Self { shown: NameRule::All, known: NameRule::All, content: Sight::EVERYTHING };

    /// How many patterns its rules have.
    pub fn patterns(&self) -> usize {
        self.shown.patterns() + self.known.patterns() + self.content.patterns()
    }
}
