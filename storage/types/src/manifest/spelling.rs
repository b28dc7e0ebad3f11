//! Checks how the members of a manifest are spelled.
//!
//! Clients in Go read a member whatever its case is. So of a document with `"layers"` and `"Layers"` they pull other
//! layers than the registry has checked.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

const MANIFEST: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "blobs",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
];
const DESCRIPTOR: &[&str] = &["mediaType", "digest", "size", "urls", "annotations", "data", "artifactType", "platform"];
const PLATFORM: &[&str] = &["architecture", "os", "os.version", "os.features", "variant", "features"];

/// Refuses members that differ from a known one only by case.
pub(super) fn check(bytes: &[u8]) -> Result<(), serde_json::Error> {
    Part::Manifest.deserialize(&mut serde_json::Deserializer::from_slice(bytes))
}

/// A part of a manifest.
#[derive(Clone, Copy)]
enum Part {
    Manifest,
    Descriptor,
    Platform,
    /// Anything else, such as annotations: every name is allowed in it.
    Other,
}

impl Part {
    fn members(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => MANIFEST,
            Self::Descriptor => DESCRIPTOR,
            Self::Platform => PLATFORM,
            Self::Other => &[],
        }
    }

    /// Returns the part that a member holds.
    fn under(self, member: &str) -> Self {
        match (self, member) {
            (Self::Manifest, "config" | "layers" | "blobs" | "manifests" | "subject") => Self::Descriptor,
            (Self::Descriptor, "platform") => Self::Platform,
            _ => Self::Other,
        }
    }
}

/// Returns a name as Go compares it: without case, also for the two letters that fold to one in ASCII.
fn folded(name: &str) -> String {
    let fold = |letter| match letter {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            let known = self.members().iter().find(|known| folded(known) == folded(&name));
            if let Some(known) = known.filter(|known| **known != name) {
                return Err(A::Error::custom(format!("the member {name:?} must be written {known:?}")));
            }
            map.next_value_seed(self.under(&name))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
