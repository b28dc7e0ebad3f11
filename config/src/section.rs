//! Declares settings: [`section!`] takes the Rust field, its default and the operator's text once, and derives
//! everything else from them (the parser, the known keys, the reference).

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::IpNet;
use url::Url;

use crate::{Key, Secret, secret::REDACTED, size::ByteSize};

/// The form of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Not a value: a group of settings.
    Section,
    /// Any text.
    Text,
    /// A path; a relative one starts at the working directory.
    Path,
    /// An address with a port, `127.0.0.1:5000` or `[::1]:5000`.
    Address,
    /// A URL.
    Url,
    /// A whole number, zero or more.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A duration such as `30s`, `15m` or `1h 30m`.
    Duration,
    /// A number of bytes, see [`ByteSize`].
    Size,
    /// A text that is never shown.
    Secret,
    /// A list of networks or single addresses.
    Networks,
    /// A list of texts.
    Texts,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// The description of a setting or a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `section.key`.
    pub key: String,
    /// The form of its value.
    pub kind: Kind,
    /// The present value, as it would be written. It is empty if there is none, and redacted if it is secret.
    pub value: String,
    /// What it does, in Markdown.
    pub meaning: String,
}

/// Something that can describe itself as a setting or a section.
pub(crate) trait Setting {
    fn describe(&self, key: String, meaning: String, out: &mut Vec<Entry>);
}

/// A [`Setting`] with a value of its own.
pub(crate) trait Value {
    const KIND: Kind;

    /// Returns the value as it would be written.
    fn text(&self) -> String;
}

impl<T: Value> Setting for T {
    fn describe(&self, key: String, meaning: String, out: &mut Vec<Entry>) {
        out.push(Entry { key, kind: T::KIND, value: self.text(), meaning });
    }
}

impl<T: Value> Value for Option<T> {
    const KIND: Kind = T::KIND;

    fn text(&self) -> String {
        self.as_ref().map(Value::text).unwrap_or_default()
    }
}

/// Makes a type usable as a setting: `value!(Type, Kind, |value| text)`.
macro_rules! value {
    ($($type:ty, $kind:expr, $text:expr;)+) => {$(
        impl crate::section::Value for $type {
            const KIND: crate::section::Kind = $kind;

            fn text(&self) -> String {
                let text: fn(&$type) -> String = $text;
                text(self)
            }
        }
    )+};
}
pub(crate) use value;

value! {
    bool, Kind::Boolean, bool::to_string;
    u32, Kind::Integer, u32::to_string;
    usize, Kind::Integer, usize::to_string;
    String, Kind::Text, String::clone;
    PathBuf, Kind::Path, |path| Path::display(path).to_string();
    SocketAddr, Kind::Address, SocketAddr::to_string;
    Url, Kind::Url, Url::to_string;
    Duration, Kind::Duration, |duration| duration_text(*duration);
    ByteSize, Kind::Size, ByteSize::to_string;
    Secret, Kind::Secret, |_| REDACTED.to_owned();
    Key, Kind::Secret, |_| REDACTED.to_owned();
    Vec<String>, Kind::Texts, |texts| texts.join(", ");
    Vec<IpNet>, Kind::Networks, |nets| nets.iter().map(IpNet::to_string).collect::<Vec<_>>().join(", ");
}

/// Declares a section: a struct whose fields carry their defaults, `pub field: Type = default,`.
///
/// The struct refuses unknown keys. Its doc comment and those of its fields become the reference.
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $(
                $(#[$($attribute:tt)+])*
                pub $field:ident: $type:ty = $default:expr,
            )+
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$($attribute)+])*
                pub $field: $type,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl crate::section::Setting for $name {
            fn describe(&self, key: String, _: String, out: &mut Vec<crate::section::Entry>) {
                use crate::section::{Entry, Kind, doc_line, join_key, join_lines};

                let meaning = join_lines(&[$($doc),*]);
                let below = |field: &str| join_key(&key, field);
                out.push(Entry { key: key.clone(), kind: Kind::Section, value: String::new(), meaning });
                $(
                    let meaning = join_lines(&[$(doc_line!($($attribute)+)),*]);
                    self.$field.describe(below(stringify!($field)), meaning, out);
                )+
            }
        }
    };
}
pub(crate) use section;

/// Returns the text of a doc attribute, and nothing for any other attribute.
macro_rules! doc_line {
    (doc = $line:literal) => {
        $line
    };
    ($($other:tt)+) => {
        ""
    };
}
pub(crate) use doc_line;

pub(crate) fn join_key(section: &str, field: &str) -> String {
    if section.is_empty() { field.to_owned() } else { format!("{section}.{field}") }
}

pub(crate) fn join_lines(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Formats a duration in its largest whole unit. (humantime would count 90 days in months.)
fn duration_text(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let seconds = duration.as_secs();
    let unit = UNITS.iter().find(|(length, _)| seconds.is_multiple_of(*length));
    match unit {
        _ if duration.subsec_nanos() > 0 => humantime::format_duration(duration).to_string(),
        Some((length, unit)) if seconds > 0 => format!("{}{unit}", seconds / length),
        _ => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_shown_as_it_can_be_written() {
        for text in ["0s", "1s", "75s", "15m", "30h", "1d", "90d", "1s 500ms"] {
            assert_eq!(duration_text(humantime::parse_duration(text).unwrap()), text);
        }
    }
}
