//! Rules about names, for lists: conditions that a database can check.

use std::collections::BTreeSet;

/// A text in which `*` stands for any characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamePattern(String);

impl NamePattern {
    /// Makes the pattern with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the only name that it covers, if it has no asterisk.
    pub fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(self.0.as_str())
    }

    /// Returns the texts between the asterisks.
    pub fn pieces(&self) -> impl Iterator<Item = &str> {
        self.0.split('*')
    }

    /// Tells whether it covers a name.
    pub fn covers(&self, name: &str) -> bool {
        let mut pieces = self.pieces();
        let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else { return false };
        let mut pieces: Vec<&str> = pieces.collect();
        let Some(last) = pieces.pop() else { return rest.is_empty() };
        for piece in pieces {
            let Some((_, after)) = rest.split_once(piece) else { return false };
            rest = after;
        }
        rest.ends_with(last)
    }
}

/// A condition on a name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum NameRule {
    /// Every name meets it.
    #[default]
    All,
    /// The name is covered by one of the patterns. Without patterns no name meets it.
    Like(Vec<NamePattern>),
    /// The name does not meet the condition.
    Not(Box<Self>),
    /// The name meets both conditions.
    Both(Box<(Self, Self)>),
    /// The name meets at least one of the conditions.
    Either(Box<(Self, Self)>),
}

/// There are more than [`NameRule::MAX_PATTERNS`] patterns.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a rule about names has too many patterns")]
pub struct TooManyPatterns;

impl Default for &NameRule {
    fn default() -> Self {
        &NameRule::All
    }
}

impl NameRule {
    /// The most patterns in one rule. A database checks each of them against each name.
    pub const MAX_PATTERNS: usize = 5000;

    /// Returns the condition that no name meets.
    pub fn none() -> Self {
        Self::Like(Vec::new())
    }

    /// Tells whether no name meets it, as far as that is obvious.
    fn is_none(&self) -> bool {
        matches!(self, Self::Like(patterns) if patterns.is_empty())
    }

    /// Returns the opposite condition.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::All => Self::none(),
            Self::Not(rule) => *rule,
            rule if rule.is_none() => Self::All,
            rule => Self::Not(Box::new(rule)),
        }
    }

    /// Returns a condition for the names that meet this one and another one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, rule) | (rule, Self::All) => rule,
            (one, other) if one.is_none() || other.is_none() => Self::none(),
            both => Self::Both(Box::new(both)),
        }
    }

    /// Returns a condition for the names that meet any of `rules`. It takes no more rules than it needs to know that
    /// there are too many patterns. Its nesting grows with the logarithm of the number of rules, because databases limit
    /// the depth of an expression.
    ///
    /// # Errors
    /// `TooManyPatterns`, also if one of `rules` is this error.
    pub fn any(rules: impl IntoIterator<Item = Result<Self, TooManyPatterns>>) -> Result<Self, TooManyPatterns> {
        let (mut patterns, mut others, mut in_others) = (BTreeSet::new(), Vec::new(), 0);
        for rule in rules {
            match rule? {
                Self::All => return Ok(Self::All),
                Self::Like(more) => patterns.extend(more),
                // Most policies say the same of many rights.
                rule if others.contains(&rule) => {}
                rule => {
                    in_others += rule.patterns();
                    others.push(rule);
                }
            }
            if patterns.len() + in_others > Self::MAX_PATTERNS {
                return Err(TooManyPatterns);
            }
        }
        if !patterns.is_empty() {
            others.push(Self::Like(patterns.into_iter().collect()));
        }
        while others.len() > 1 {
            let mut rest = others.into_iter();
            others = Vec::new();
            while let Some(one) = rest.next() {
                others.push(match rest.next() {
                    Some(other) => Self::Either(Box::new((one, other))),
                    None => one,
                });
            }
        }
        Ok(others.pop().unwrap_or_else(Self::none))
    }

    /// Tells whether a name meets it.
    pub fn covers(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Like(patterns) => patterns.iter().any(|pattern| pattern.covers(name)),
            Self::Not(rule) => !rule.covers(name),
            Self::Both(rules) => rules.0.covers(name) && rules.1.covers(name),
            Self::Either(rules) => rules.0.covers(name) || rules.1.covers(name),
        }
    }

    /// Returns the number of its patterns.
    pub fn patterns(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Like(patterns) => patterns.len(),
            Self::Not(rule) => rule.patterns(),
            Self::Both(rules) | Self::Either(rules) => rules.0.patterns() + rules.1.patterns(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_it_describes() {
        for (pattern, name, covered) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("*b", "ab", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("*ab*ab", "ab", false),
        ] {
            assert_eq!(NamePattern::new(pattern).covers(name), covered, "{pattern} {name}");
        }
    }

    #[test]
    fn rules_are_put_together() {
        let like = |text: &str| NameRule::Like(vec![NamePattern::new(text)]);
        let either = |one: &NameRule, other: &NameRule| NameRule::any([Ok(one.clone()), Ok(other.clone())]).unwrap();
        let (a, b) = (like("a*"), like("*b"));
        for name in ["a", "b", "ab", "c"] {
            let (in_a, in_b) = (a.covers(name), b.covers(name));
            assert_eq!(either(&a, &b).covers(name), in_a || in_b);
            assert_eq!(a.clone().and(b.clone()).covers(name), in_a && in_b);
            assert_eq!(either(&a.clone().negated(), &b).covers(name), !in_a || in_b);
            assert!(either(&a, &NameRule::All).covers(name) && !a.clone().and(NameRule::none()).covers(name));
        }
        assert_eq!(a.clone().negated().negated(), a);
        assert_eq!(NameRule::none().negated(), NameRule::All);
        assert_eq!(either(&a, &b).and(a).patterns(), 3);
        assert_eq!(NameRule::any([]), Ok(NameRule::none()));
    }

    #[test]
    fn a_rule_of_many_is_flat_and_bounded() {
        let like = |number: usize| NameRule::Like(vec![NamePattern::new(format!("{number}/*"))]);
        let depth = |mut rule: &NameRule| {
            let mut depth = 0;
            while let NameRule::Either(rules) = rule {
                (rule, depth) = (&rules.0, depth + 1);
            }
            depth
        };
        let rule = NameRule::any((0..1000).map(|number| Ok(like(number).negated()))).unwrap();
        assert_eq!((rule.patterns(), depth(&rule)), (1000, 10));
        let most = NameRule::MAX_PATTERNS;
        let twice = (0..most).chain(0..most);
        assert_eq!(NameRule::any(twice.map(|number| Ok(like(number)))).unwrap().patterns(), most);
        let mut taken = 0;
        let endless = (0..).map(|number| {
            taken += 1;
            Ok(like(number))
        });
        assert_eq!(NameRule::any(endless), Err(TooManyPatterns));
        assert_eq!(taken, most + 1);
        assert_eq!(NameRule::any([Err(TooManyPatterns)]), Err(TooManyPatterns));
    }
}
