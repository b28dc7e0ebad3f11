//! The operators of conditions: their names, and how they compare a value of the request with one of the document.

use std::cmp::Ordering;
use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ipnet::IpNet;
use roadstead_types::Timestamp;

use super::glob::Pattern;
use super::reader::Author;
use super::value;

/// The result of a condition, which may be unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Three {
    True,
    False,
    Unknown,
}

impl Three {
    pub(super) fn negated(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Returns true if one part is true, else unknown if one part is unknown.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut result = Self::False;
        for part in parts {
            match part {
                Self::True => return Self::True,
                Self::Unknown => result = Self::Unknown,
                Self::False => {}
            }
        }
        result
    }

    /// Returns false if one part is false, else unknown if one part is unknown.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::any(parts.into_iter().map(Self::negated)).negated()
    }
}

impl From<Option<bool>> for Three {
    fn from(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::True,
            Some(false) => Self::False,
            None => Self::Unknown,
        }
    }
}

/// A value of the request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact<'a> {
    Text(&'a str),
    Ip(IpAddr),
    Moment(Timestamp),
}

/// The order of two values that an operator asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equal => found.is_eq(),
            Self::Less => found.is_lt(),
            Self::LessEqual => found.is_le(),
            Self::Greater => found.is_gt(),
            Self::GreaterEqual => found.is_ge(),
        }
    }
}

/// The way in which an operator compares.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    TextIgnoringCase,
    Like,
    Binary,
    Number(Order),
    Date(Order),
    Bool,
    Ip,
    Null,
}

/// Returns the operator of this name without its prefix and suffix, and whether it is a negated one.
pub(super) fn operator(base: &str) -> Option<(Kind, bool)> {
    let plain = match base {
        "string_equal" => Kind::Text,
        "string_equal_ignore_case" => Kind::TextIgnoringCase,
        "string_like" => Kind::Like,
        "binary_equal" => Kind::Binary,
        "bool_equal" => Kind::Bool,
        "ip_equal" => Kind::Ip,
        "null_equal" => Kind::Null,
        "string_not_equal" => return Some((Kind::Text, true)),
        "string_not_equal_ignore_case" => return Some((Kind::TextIgnoringCase, true)),
        "string_not_like" => return Some((Kind::Like, true)),
        "ip_not_equal" => return Some((Kind::Ip, true)),
        _ => {
            let (kind, order) = base.split_once('_')?;
            let (order, negated) = match order {
                "equal" => (Order::Equal, false),
                "not_equal" => (Order::Equal, true),
                "less_than" => (Order::Less, false),
                "less_than_equal" => (Order::LessEqual, false),
                "greater_than" => (Order::Greater, false),
                "greater_than_equal" => (Order::GreaterEqual, false),
                _ => return None,
            };
            return match kind {
                "numeric" => Some((Kind::Number(order), negated)),
                "date" => Some((Kind::Date(order), negated)),
                _ => None,
            };
        }
    };
    Some((plain, false))
}

/// A value of the document, compiled for its operator.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Wanted {
    Text(Pattern),
    TextIgnoringCase(Pattern),
    Binary(Vec<u8>),
    Number(Order, f64),
    Date(Order, Timestamp),
    Bool(bool),
    Ip(IpNet),
}

impl Wanted {
    /// Compiles a value. `None` if the operator cannot compare it.
    pub(super) fn new(kind: Kind, text: &str, author: &Author<'_>) -> Option<Self> {
        Some(match kind {
            Kind::Text => Self::Text(Pattern::exact(text, author).ok()?),
            Kind::TextIgnoringCase => Self::TextIgnoringCase(Pattern::exact(text, author).ok()?),
            // The question mark is no wildcard here. A pattern that uses it as one would never match, so it is
            // refused.
            Kind::Like if text.contains('?') => return None,
            Kind::Like => Self::Text(Pattern::with_wildcards(text, author).ok()?),
            Kind::Binary => Self::Binary(STANDARD.decode(text).ok()?),
            Kind::Number(order) => Self::Number(order, value::number(text)?),
            Kind::Date(order) => Self::Date(order, value::moment(text)?),
            Kind::Bool | Kind::Null => Self::Bool(value::boolean(text)?),
            Kind::Ip => Self::Ip(value::network(text)?),
        })
    }

    /// Tells whether the fact meets this value. Unknown if the fact is of another kind.
    pub(super) fn met(&self, fact: Fact<'_>, uin: &str) -> Three {
        match self {
            Self::Text(pattern) => Some(fact.with_text(|text| pattern.matches(text, uin))),
            Self::TextIgnoringCase(pattern) => Some(fact.with_text(|text| pattern.equals_ignoring_case(text, uin))),
            Self::Binary(bytes) => fact.with_text(|text| STANDARD.decode(text).ok()).map(|found| found == *bytes),
            Self::Number(order, number) => {
                let found = fact.with_text(value::number).and_then(|found| found.partial_cmp(number));
                found.map(|found| order.holds(found))
            }
            Self::Date(order, moment) => fact.moment().map(|found| order.holds(found.cmp(moment))),
            Self::Bool(wanted) => fact.with_text(value::boolean).map(|found| found == *wanted),
            Self::Ip(net) => fact.ip().map(|ip| net.contains(&ip)),
        }
        .into()
    }
}

impl Fact<'_> {
    fn with_text<R>(self, read: impl FnOnce(&str) -> R) -> R {
        match self {
            Self::Text(text) => read(text),
            Self::Ip(ip) => read(&ip.to_canonical().to_string()),
            Self::Moment(moment) => read(&value::spelled(moment)),
        }
    }

    fn moment(self) -> Option<Timestamp> {
        match self {
            Self::Moment(moment) => Some(moment),
            Self::Text(text) => value::moment(text),
            Self::Ip(_) => None,
        }
    }

    fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(ip.to_canonical()),
            Self::Text(text) => text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical()),
            Self::Moment(_) => None,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Text(""))
    }
}
