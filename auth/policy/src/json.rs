//! JSON as the policy language needs it: no repeated key in an object, members in order, a limit on the depth.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};

use super::error::{Fault, PolicyError, Result};

/// The deepest nesting of a document.
const MAX_DEPTH: usize = 8;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A number in its shortest decimal form.
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = Nested(MAX_DEPTH).deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
        read.map_err(|e| PolicyError::new(Fault::Document, format!("the policy document is not valid JSON: {e}")))
    }

    /// Returns the members of an object, or `None`.
    pub(super) fn object(&self) -> Option<&[(String, Self)]> {
        if let Self::Object(members) = self { Some(members) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the items of a list, or a single value as a list of one. The language allows both everywhere.
    pub(super) fn list(&self) -> &[Self] {
        if let Self::Array(items) = self { items } else { std::slice::from_ref(self) }
    }

    /// Returns a string, a number or a boolean as text.
    pub(super) fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Null | Self::Array(_) | Self::Object(_) => None,
        }
    }

    /// Returns the number of characters of the document without the white space between its elements.
    pub(super) fn characters(&self) -> usize {
        let text = |text: &str| serde_json::to_string(text).map_or(usize::MAX, |quoted| quoted.chars().count());
        let commas = |count: usize| count.saturating_sub(1);
        match self {
            Self::Null => 4,
            Self::Bool(value) => value.to_string().len(),
            Self::Number(number) => number.len(),
            Self::Text(value) => text(value),
            Self::Array(items) => 2 + commas(items.len()) + items.iter().map(Self::characters).sum::<usize>(),
            Self::Object(members) => {
                let inner: usize = members.iter().map(|(key, value)| text(key) + 1 + value.characters()).sum();
                2 + commas(members.len()) + inner
            }
        }
    }
}

/// Parses a value with at most this many levels.
#[derive(Clone, Copy)]
struct Nested(usize);

impl<'de> DeserializeSeed<'de> for Nested {
    type Value = Json;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Nested {
    fn deeper<E: serde::de::Error>(self) -> std::result::Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom(format!("more than {MAX_DEPTH} levels")))
    }
}

impl<'de> Visitor<'de> for Nested {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> std::result::Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> std::result::Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> std::result::Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> std::result::Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> std::result::Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> std::result::Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> std::result::Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> std::result::Result<Json, A::Error> {
        let inner = self.deeper()?;
        let (mut object, mut seen) = (Vec::new(), HashSet::new());
        while let Some(key) = members.next_key::<String>()? {
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice in one object")));
            }
            object.push((key, members.next_value_seed(inner)?));
        }
        Ok(Json::Object(object))
    }
}

/// Returns a JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Returns one JSON string, or an array if there are several.
pub(super) fn array(texts: &[String]) -> String {
    match texts {
        [one] => quoted(one),
        _ => format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",")),
    }
}
