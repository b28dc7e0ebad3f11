//! What the cloud API consists of, for documents and tests: every action with the names of its parameters.

use std::fmt;

use roadstead_policy::Class;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

use super::action::Kind;
use super::table::{self, ACTIONS};
use super::wire::code::Code;
use super::wire::document;

/// An action of the cloud API.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// The service that it belongs to: `cam`, `sts` or `tcr`.
    pub service: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether it changes anything.
    pub writes: bool,
    /// What it asks for, apart from a good signature.
    pub class: Class,
    /// The names of its parameters.
    pub parameters: &'static [&'static str],
    /// The version of the API of its service.
    pub version: &'static str,
}

impl ActionInfo {
    /// What the product document calls a code, in the answer of this action.
    pub fn documented(&self, code: Code) -> Option<&'static str> {
        let action = table::find(Some(self.service), self.version, self.name).ok()?;
        Some(document::wire(action.service, action.name, code))
    }
}

/// Every action, in the order of services and names.
pub fn actions() -> impl Iterator<Item = ActionInfo> {
    ACTIONS.iter().map(|action| ActionInfo {
        service: action.service.name(),
        name: action.name,
        writes: action.kind == Kind::Write,
        class: Class::of(&format!("{}:{}", action.service.name(), action.name)),
        parameters: (action.parameters)(),
        version: action.service.version(),
    })
}

/// The names of the fields that a type is read from.
pub(super) fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    T::deserialize(Fields).err().map_or(&[], |Names(names)| names)
}

/// Gives nothing but the names that it is asked for.
struct Fields;

#[derive(Debug)]
struct Names(&'static [&'static str]);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl std::error::Error for Names {}

impl Error for Names {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Fields {
    type Error = Names;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Names> {
        Err(Names(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Names> {
        Err(Names(fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_know_their_parameters() {
        let explain = actions().find(|action| action.name == "ExplainAuthorization").unwrap();
        assert_eq!((explain.service, explain.writes), ("cam", false));
        assert_eq!(explain.parameters, ["TargetUin", "Operation", "Resource", "RegistryId", "SourceIp"]);
        assert!(actions().any(|action| action.parameters.is_empty()));
    }
}
