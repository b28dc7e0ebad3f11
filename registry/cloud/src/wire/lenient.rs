//! The deserializer of [`Parameters`](super::params::Parameters).

use std::borrow::Cow;

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::parameter_error::ParameterError;

/// Parameters that every request may have. They are hidden from actions that do not declare them.
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

pub(crate) fn boolean(value: &Value) -> Option<bool> {
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

/// Returns the whole number that some clients write with a fraction of zero.
#[expect(clippy::cast_possible_truncation, reason = "the number is whole, and small enough to be exact")]
fn whole(number: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i128)
}

/// Returns the members of a list that is written as an object, ordered by their numbers. Numbers may be missing.
fn members(map: &Map<String, Value>) -> Option<Vec<(&String, &Value)>> {
    let number = |name: &String| -> Option<u64> {
        let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        if digits { name.parse().ok() } else { None }
    };
    let mut members = map.iter().map(|(name, value)| Some((number(name)?, name, value))).collect::<Option<Vec<_>>>()?;
    members.sort_by_key(|(number, ..)| *number);
    Some(members.into_iter().map(|(_, name, value)| (name, value)).collect())
}

/// A parameter that is read by the type that the action declares.
#[derive(Clone, Copy)]
pub(crate) struct Lenient<'a> {
    pub value: &'a Value,
    pub flat: bool,
    /// Whether this object holds all parameters, so that it may contain the common ones.
    pub top: bool,
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
            _ => Err(ParameterError::said("it must be a text", "必须是字符串")),
        }
    }

    fn visit_integer<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let number =
            integer(self.value).ok_or_else(|| ParameterError::said("it must be a whole number", "必须是整数"))?;
        let result = match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => visitor.visit_i64(number),
            (_, Ok(number)) => visitor.visit_u64(number),
            _ => return Err(ParameterError::said("the number is out of range", "数值超出范围")),
        };
        result.map_err(|_: ParameterError| ParameterError::said("the number is out of range", "数值超出范围"))
    }

    fn visit_list<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let members: Vec<(Cow<'a, str>, &'a Value)> = match self.value {
            Value::Array(list) => {
                list.iter().enumerate().map(|(index, value)| (Cow::Owned(index.to_string()), value)).collect()
            }
            Value::Object(map) if self.flat => {
                let members = members(map).ok_or_else(|| ParameterError::said("it must be a list", "必须是数组"))?;
                members.into_iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), value)).collect()
            }
            _ => return Err(ParameterError::said("it must be a list", "必须是数组")),
        };
        visitor.visit_seq(List { of: self, members: members.into_iter() })
    }

    fn visit_object<V: Visitor<'a>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, ParameterError> {
        let Value::Object(map) = self.value else {
            return Err(ParameterError::said("it must be an object", "必须是对象"));
        };
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
        let Some((name, value)) = self.next.take() else {
            return Err(ParameterError::said("a value without a name", "值没有名称"));
        };
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
        visitor.visit_bool(
            boolean(self.value)
                .ok_or_else(|| ParameterError::said("it must be true or false", "必须是 true 或 false"))?,
        )
    }

    fn deserialize_f64<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        let number = match self.value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        visitor.visit_f64(number.ok_or_else(|| ParameterError::said("it must be a number", "必须是数字"))?)
    }

    fn deserialize_f32<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_bytes<V: Visitor<'a>>(self, _: V) -> Result<V::Value, ParameterError> {
        Err(ParameterError::said("it must not be bytes", "不能是二进制内容"))
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
        let unknown = |_: ParameterError| {
            let one_of = format!("it must be one of {}", variants.join(", "));
            ParameterError::said(one_of, format!("必须是以下之一：{}", variants.join("、")))
        };
        visitor.visit_enum(variant).map_err(unknown)
    }

    fn deserialize_ignored_any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, ParameterError> {
        visitor.visit_unit()
    }
}
