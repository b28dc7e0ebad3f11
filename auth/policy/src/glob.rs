//! Patterns: texts in which `*` stands for any characters, and `${uin}` for the uin of the caller.

use std::collections::BTreeSet;

use roadstead_types::NamePattern;

use super::reader::Author;

/// A compiled pattern. Matching needs neither recursion nor backtracking: with `*` as the only wildcard, the first
/// position where a chunk matches is as good as any later one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    /// The parts between the asterisks. If there is only one, the text must equal it.
    chunks: Vec<Chunk>,
}

/// A text, followed by further pieces if there are variables.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Chunk {
    text: String,
    more: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    /// The uin of the caller, taken literally: an asterisk in it is not a wildcard.
    Uin,
}

/// A variable that does not exist or is not closed.
#[derive(Debug)]
pub(super) struct BadVariable(pub String);

impl Pattern {
    /// Compiles the pattern of a resource path or of a `string_like` value.
    pub(super) fn with_wildcards(text: &str, author: &Author<'_>) -> Result<Self, BadVariable> {
        let chunks = text.split('*').map(|chunk| Chunk::new(chunk, author)).collect::<Result<_, _>>()?;
        Ok(Self { chunks })
    }

    /// Compiles the pattern of a value without wildcards.
    pub(super) fn exact(text: &str, author: &Author<'_>) -> Result<Self, BadVariable> {
        Ok(Self { chunks: vec![Chunk::new(text, author)?] })
    }

    /// Tells whether every text matches.
    pub(super) fn is_everything(&self) -> bool {
        self.chunks.len() > 1 && self.chunks.iter().all(|chunk| chunk.text.is_empty() && chunk.more.is_empty())
    }

    pub(super) fn matches(&self, text: &str, uin: &str) -> bool {
        let Some(((first, last), middle)) = ends(&self.chunks) else {
            return self.chunks.first().and_then(|chunk| chunk.strip(text, uin)) == Some("");
        };
        let Some(rest) = first.strip(text, uin).and_then(|rest| last.strip_end(rest, uin)) else { return false };
        middle.iter().try_fold(rest, |rest, chunk| chunk.find(rest, uin)).is_some()
    }

    /// Returns the patterns of all names for which `before`, the name and `after` together match.
    pub(super) fn between(&self, before: &str, after: &str, uin: &str) -> Vec<NamePattern> {
        let mut signs: Vec<Sign> = Vec::new();
        for (number, chunk) in self.chunks.iter().enumerate() {
            if number > 0 {
                signs.push(Sign::AnyRun);
            }
            let texts = [chunk.text.as_str()].into_iter().chain(chunk.more.iter().map(|piece| piece.text(uin)));
            signs.extend(texts.flat_map(str::chars).map(Sign::Char));
        }
        let heads = after_text(&signs, before.chars());
        let mut found: Vec<NamePattern> = heads
            .into_iter()
            .flat_map(|head| {
                let backwards: Vec<Sign> = head.iter().rev().copied().collect();
                after_text(&backwards, after.chars().rev()).into_iter().map(|rest| written(&rest)).collect::<Vec<_>>()
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Like [`Self::matches`], but ignores the case of ASCII letters. Only for patterns without wildcards.
    pub(super) fn equals_ignoring_case(&self, text: &str, uin: &str) -> bool {
        let strip = |rest: &'_ str, piece: &str| {
            let (start, end) = rest.split_at_checked(piece.len())?;
            start.eq_ignore_ascii_case(piece).then(|| text.len() - end.len())
        };
        let pieces = self
            .chunks
            .iter()
            .flat_map(|chunk| [chunk.text.as_str()].into_iter().chain(chunk.more.iter().map(|piece| piece.text(uin))));
        let mut at = 0;
        for piece in pieces {
            match text.get(at..).and_then(|rest| strip(rest, piece)) {
                Some(next) => at = next,
                None => return false,
            }
        }
        at == text.len()
    }
}

/// A character or wildcard of a pattern whose variables are replaced by their values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Char(char),
    AnyRun,
}

/// Returns all possible rests of a pattern after its beginning has matched `text`.
fn after_text(signs: &[Sign], text: impl Iterator<Item = char>) -> Vec<Vec<Sign>> {
    let mut places = BTreeSet::from([0]);
    for next in text {
        let mut reached = BTreeSet::new();
        for mut at in places {
            // A run may be empty, so the next sign may match too.
            while signs.get(at) == Some(&Sign::AnyRun) {
                reached.insert(at);
                at += 1;
            }
            if signs.get(at) == Some(&Sign::Char(next)) {
                reached.insert(at + 1);
            }
        }
        places = reached;
    }
    places.into_iter().map(|at| signs[at..].to_vec()).collect()
}

/// Makes the pattern of signs in reverse order.
fn written(backwards: &[Sign]) -> NamePattern {
    let char = |sign: &Sign| match sign {
        Sign::Char(char) => *char,
        Sign::AnyRun => '*',
    };
    NamePattern::new(backwards.iter().rev().map(char).collect::<String>())
}

/// Returns the first and the last of several chunks, and those between.
fn ends(chunks: &[Chunk]) -> Option<((&Chunk, &Chunk), &[Chunk])> {
    if let [first, middle @ .., last] = chunks { Some(((first, last), middle)) } else { None }
}

impl Piece {
    fn text<'a>(&'a self, uin: &'a str) -> &'a str {
        match self {
            Self::Text(text) => text,
            Self::Uin => uin,
        }
    }
}

impl Chunk {
    fn new(text: &str, author: &Author<'_>) -> Result<Self, BadVariable> {
        let mut chunk = Self::default();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| BadVariable(format!("${{{after}")))?;
            chunk.push(before);
            match name {
                "uin" => chunk.more.push(Piece::Uin),
                "owner_uin" => chunk.push(author.owner_uin.as_str()),
                "app_id" => chunk.push(&author.app_id.to_string()),
                _ => return Err(BadVariable(format!("${{{name}}}"))),
            }
            rest = after;
        }
        chunk.push(rest);
        Ok(chunk)
    }

    /// Adds text, to the last piece if that is text too.
    fn push(&mut self, text: &str) {
        match self.more.last_mut() {
            None => self.text.push_str(text),
            Some(Piece::Text(last)) => last.push_str(text),
            Some(Piece::Uin) if text.is_empty() => {}
            Some(Piece::Uin) => self.more.push(Piece::Text(text.to_owned())),
        }
    }

    fn strip<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        let rest = text.strip_prefix(self.text.as_str())?;
        self.more.iter().try_fold(rest, |rest, piece| rest.strip_prefix(piece.text(uin)))
    }

    fn strip_end<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        let rest = self.more.iter().rev().try_fold(text, |rest, piece| rest.strip_suffix(piece.text(uin)))?;
        rest.strip_suffix(self.text.as_str())
    }

    /// Returns the text after the first match of the chunk.
    fn find<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        if self.more.is_empty() {
            return text.split_once(self.text.as_str()).map(|(_, rest)| rest);
        }
        // The text of the chunk may overlap itself, so every position is tried: perhaps only one is followed by the
        // variable's value.
        let places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        places.into_iter().find_map(|at| self.strip(text.get(at..)?, uin))
    }
}
