//! Patterns: text in which `*` is any run of characters, and `${uin}` the uin of the caller.

use super::document::Author;

/// A compiled pattern. It is matched without recursion and without going back: with `*` alone, the first place where
/// a piece fits is as good as any later one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    /// What stands between the asterisks. One chunk: the text must be equal.
    chunks: Vec<Chunk>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Chunk(Vec<Piece>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(String),
    /// The uin of the caller, literally: an asterisk in it would be an asterisk.
    Uin,
}

/// A variable that does not exist, or one that does not end.
#[derive(Debug)]
pub(super) struct BadVariable(pub String);

impl Pattern {
    /// The pattern of a resource path or of a `string_like` value.
    pub(super) fn with_wildcards(text: &str, author: &Author<'_>) -> Result<Self, BadVariable> {
        let chunks = text.split('*').map(|chunk| Chunk::new(chunk, author)).collect::<Result<_, _>>()?;
        Ok(Self { chunks })
    }

    /// The pattern of a value that is compared as it stands.
    pub(super) fn exact(text: &str, author: &Author<'_>) -> Result<Self, BadVariable> {
        Ok(Self { chunks: vec![Chunk::new(text, author)?] })
    }

    /// Whether everything matches.
    pub(super) fn is_everything(&self) -> bool {
        self.chunks.len() > 1 && self.chunks.iter().all(|chunk| chunk.0.is_empty())
    }

    pub(super) fn matches(&self, text: &str, uin: &str) -> bool {
        let Some(((first, last), middle)) = ends(&self.chunks) else {
            return self.chunks.first().and_then(|chunk| chunk.strip(text, uin)) == Some("");
        };
        let Some(rest) = first.strip(text, uin).and_then(|rest| last.strip_end(rest, uin)) else { return false };
        middle.iter().try_fold(rest, |rest, chunk| chunk.find(rest, uin)).is_some()
    }

    /// As [`Self::matches`], with ASCII letters in either case. Only for patterns without wildcards.
    pub(super) fn equals_ignoring_case(&self, text: &str, uin: &str) -> bool {
        let mut rest = text;
        for piece in self.chunks.iter().flat_map(|chunk| &chunk.0) {
            let piece = piece.text(uin);
            match rest.split_at_checked(piece.len()) {
                Some((start, end)) if start.eq_ignore_ascii_case(piece) => rest = end,
                _ => return false,
            }
        }
        rest.is_empty()
    }
}

/// The first and the last of several, and those between.
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
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').ok_or_else(|| BadVariable(format!("${{{after}")))?;
            push(&mut pieces, before);
            match name {
                "uin" => pieces.push(Piece::Uin),
                "owner_uin" => push(&mut pieces, author.owner_uin.as_str()),
                "app_id" => push(&mut pieces, &author.app_id.to_string()),
                _ => return Err(BadVariable(format!("${{{name}}}"))),
            }
            rest = after;
        }
        push(&mut pieces, rest);
        Ok(Self(pieces))
    }

    fn strip<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        self.0.iter().try_fold(text, |rest, piece| rest.strip_prefix(piece.text(uin)))
    }

    fn strip_end<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        self.0.iter().rev().try_fold(text, |rest, piece| rest.strip_suffix(piece.text(uin)))
    }

    /// What follows the first place where the chunk stands.
    fn find<'t>(&self, text: &'t str, uin: &str) -> Option<&'t str> {
        let first = self.0.first().map_or("", |piece| piece.text(uin));
        text.match_indices(first).find_map(|(at, _)| self.strip(text.get(at..)?, uin))
    }
}

/// Adds text, to the piece before it when that is text too.
fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}
