//! The parameters of an action: JSON, or flattened into a query or a form (`Filters.0.Values.1=x`), and one deserializer for
//! both.
//!
//! Clients of this API write scalars in many ways (`"5"`, `True`), and lists without their empty members. The deserializer
//! reads them by what the action declares, so that actions declare plain types: `String`, `i64`, `u64`, `bool`, `Vec`,
//! `Option`. A null is an absent member.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeOwned, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Parameters that every request may have. An action that does not declare them does not see them.
const COMMON: [&str; 12] = [
    "Action",
    "DryRun",
    "Language",
    "Nonce",
    "Region",
    "RequestClient",
    "SecretId",
    "Signature",
    "SignatureMethod",
    "Timestamp",
    "Token",
    "Version",
];

/// How deep flattened names may nest.
const MAX_DEPTH: usize = 16;

/// What is wrong with the parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum ParameterError {
    /// A parameter that the action needs is not there.
    Missing(String),
    /// A parameter that the action does not know.
    Unknown(String),
    /// A parameter has the wrong form; an empty name is all of them.
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl ParameterError {
    fn wrong(problem: impl Into<String>) -> Self {
        Self::Wrong { name: String::new(), problem: problem.into() }
    }

    /// The same error, of a member of `parent`.
    fn within(mut self, parent: &str) -> Self {
        let (Self::Missing(name) | Self::Unknown(name) | Self::Wrong { name, .. }) = &mut self;
        *name = if name.is_empty() { parent.to_owned() } else { format!("{parent}.{name}") };
        self
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "{name} is missing"),
            Self::Unknown(name) => write!(f, "{name} is unknown"),
            Self::Wrong { name, problem } => write!(f, "{name}: {problem}"),
        }
    }
}

impl std::error::Error for ParameterError {}

impl de::Error for ParameterError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::wrong(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field.to_owned())
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown(field.chars().take(100).collect())
    }
}

/// The parameters of one request.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    tree: Value,
    /// Whether lists are objects with numbers for names.
    flat: bool,
}

impl Parameters {
    /// Those of a JSON body. An empty body has none.
    pub(crate) fn json(body: &[u8]) -> Result<Self, ParameterError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self { tree: Value::Object(Map::new()), flat: false });
        }
        match serde_json::from_slice(body) {
            Ok(tree @ Value::Object(_)) => Ok(Self { tree, flat: false }),
            Ok(_) => Err(ParameterError::wrong("the body is not a JSON object")),
            Err(error) => Err(ParameterError::wrong(format!("the body is not JSON: {error}"))),
        }
    }

    /// Those of a query or a form, decoded.
    pub(crate) fn flat<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ParameterError> {
        let mut tree = Map::new();
        for (name, value) in pairs {
            insert(&mut tree, name, Value::from(value))?;
        }
        Ok(Self { tree: Value::Object(tree), flat: true })
    }

    /// Those of a multipart form: texts, and JSON.
    pub(crate) fn parts(parts: Vec<(String, Value)>) -> Result<Self, ParameterError> {
        let mut tree = Map::new();
        for (name, value) in parts {
            insert(&mut tree, &name, value)?;
        }
        Ok(Self { tree: Value::Object(tree), flat: true })
    }

    /// As the action declares them.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        let value = &self.tree;
        T::deserialize(Lenient { value, flat: self.flat, top: true })
    }

    /// Whether the action is only to be tried.
    pub(crate) fn dry_run(&self) -> bool {
        self.tree.get("DryRun").is_some_and(|value| boolean(value) == Some(true))
    }
}

fn insert(tree: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), ParameterError> {
    let clash = |problem: &str| Err(ParameterError::wrong(problem).within(&name.chars().take(100).collect::<String>()));
    let mut segments = name.split('.').peekable();
    let mut place = tree;
    for _ in 0..MAX_DEPTH {
        let Some(segment) = segments.next() else { break };
        if segments.peek().is_none() {
            return match place.insert(segment.to_owned(), value) {
                None => Ok(()),
                Some(_) => clash("it is given twice"),
            };
        }
        let below = place.entry(segment).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(below) = below else { return clash("it is both a value and a list") };
        place = below;
    }
    clash("it is nested too deeply")
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.as_str() {
            "true" | "True" | "TRUE" | "1" => Some(true),
            "false" | "False" | "FALSE" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Some(number.into()),
            (_, Some(number), _) => Some(number.into()),
            (.., Some(number)) => whole(number),
            _ => None,
        },
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A number that some clients write with a fraction of zero.
#[expect(clippy::cast_possible_truncation, reason = "the number is whole, and small enough to be exact")]
fn whole(number: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
}

/// The members of a list that is written as an object, in the order of their numbers. There may be gaps.
fn members(map: &Map<String, Value>) -> Option<Vec<(&String, &Value)>> {
    let number = |name: &String| -> Option<u64> {
        let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        if digits { name.parse().ok() } else { None }
    };
    let mut members = map.iter().map(|(name, value)| Some((number(name)?, name, value))).collect::<Option<Vec<_>>>()?;
    members.sort_by_key(|(number, ..)| *number);
    Some(members.into_iter().map(|(_, name, value)| (name, value)).collect())
}

#[derive(Clone, Copy)]
struct Lenient<'a> {
    value: &'a Value,
    flat: bool,
    /// Whether this is all the parameters, among which the common ones may stand.
    top: bool,
}

impl<'a> Lenient<'a> {
    fn below(self, value: &'a Value) -> Self {
        Self { value, top: false, ..self }
    }

    fn text(self) -> Result<Cow<'a, str>, ParameterError> {
        match self.value {
            Value::String(text) => Ok(Cow::Borrowed(text)),
            Value::Number(number) => Ok(Cow::Owned(number.to_string())),
            Value::Bool(value) => Ok(Cow::Borrowed(if *value { "true" } else { "false" })),
            _ => Err(ParameterError::wrong("it must be a text")),
        }
    }

    fn visit_integer<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let number = integer(self.value).ok_or_else(|| ParameterError::wrong("it must be a whole number"))?;
        let result = match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => visitor.visit_i64(number),
            (_, Ok(number)) => visitor.visit_u64(number),
            _ => return Err(ParameterError::wrong("the number is out of range")),
        };
        result.map_err(|_: ParameterError| ParameterError::wrong("the number is out of range"))
    }

    fn visit_list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let members: Vec<(Cow<'a, str>, &'a Value)> = match self.value {
            Value::Array(list) => {
                list.iter().enumerate().map(|(index, value)| (Cow::Owned(index.to_string()), value)).collect()
            }
            Value::Object(map) if self.flat => {
                let members = members(map).ok_or_else(|| ParameterError::wrong("it must be a list"))?;
                members.into_iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), value)).collect()
            }
            _ => return Err(ParameterError::wrong("it must be a list")),
        };
        visitor.visit_seq(List { of: self, members: members.into_iter() })
    }

    fn visit_object<V: Visitor<'a>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        let Value::Object(map) = self.value else { return Err(ParameterError::wrong("it must be an object")) };
        visitor.visit_map(Object { of: self, members: map.iter(), known, next: None })
    }
}

struct List<'a> {
    of: Lenient<'a>,
    members: std::vec::IntoIter<(Cow<'a, str>, &'a Value)>,
}

impl<'a> SeqAccess<'a> for List<'a> {
    type Error = ParameterError;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, ParameterError> {
        match self.members.find(|(_, value)| !value.is_null()) {
            Some((name, value)) => seed.deserialize(self.of.below(value)).map(Some).map_err(|e| e.within(&name)),
            None => Ok(None),
        }
    }
}

struct Object<'a> {
    of: Lenient<'a>,
    members: serde_json::map::Iter<'a>,
    known: Option<&'static [&'static str]>,
    next: Option<(&'a str, &'a Value)>,
}

impl<'a> MapAccess<'a> for Object<'a> {
    type Error = ParameterError;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, ParameterError> {
        for (name, value) in self.members.by_ref() {
            let is_common = self.of.top && COMMON.contains(&name.as_str());
            let is_declared = self.known.is_some_and(|known| known.contains(&name.as_str()));
            if !value.is_null() && (!is_common || is_declared) {
                self.next = Some((name, value));
                let key: StrDeserializer<'_, ParameterError> = name.as_str().into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<T::Value, ParameterError> {
        let Some((name, value)) = self.next.take() else { return Err(ParameterError::wrong("a value without a name")) };
        seed.deserialize(self.of.below(value)).map_err(|error| error.within(name))
    }
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
            self.visit_integer(visitor)
        }
    )*};
}

macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
            match self.text()? {
                Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
                Cow::Owned(text) => visitor.visit_string(text),
            }
        }
    )*};
}

impl<'a> de::Deserializer<'a> for Lenient<'a> {
    type Error = ParameterError;

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    texts! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(_) if integer(self.value).is_some() => self.visit_integer(visitor),
            Value::Number(_) => self.deserialize_f64(visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(_) => self.visit_list(visitor),
            Value::Object(map) if self.flat && !map.is_empty() && members(map).is_some() => self.visit_list(visitor),
            Value::Object(_) => self.visit_object(None, visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_bool(boolean(self.value).ok_or_else(|| ParameterError::wrong("it must be true or false"))?)
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        visitor.visit_f64(number.ok_or_else(|| ParameterError::wrong("it must be a number"))?)
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, _: V) -> Result<V::Value, ParameterError> {
        Err(ParameterError::wrong("bytes cannot be given"))
    }

    fn deserialize_byte_buf<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'a>>(self, _: &'static str, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'a>>(self, _: usize, visitor: V) -> Result<V::Value, ParameterError> {
        self.visit_list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        self.visit_list(visitor)
    }

    fn deserialize_map<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        self.visit_object(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'a>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        self.visit_object(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'a>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        let text = self.text()?;
        let variant: StrDeserializer<'_, ParameterError> = text.as_ref().into_deserializer();
        let unknown = |_: ParameterError| ParameterError::wrong(format!("it must be one of {}", variants.join(", ")));
        visitor.visit_enum(variant).map_err(unknown)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_unit()
    }
}
