//! The parameters of an action. They are JSON, or flattened into a query or form (`Filters.0.Values.1=x`). One
//! deserializer reads both.
//!
//! Clients of this API write scalars in many ways (`"5"`, `True`), and leave out the empty members of lists. The
//! deserializer follows the declared types, so actions use plain ones: `String`, `i64`, `u64`, `bool`, `Vec`, `Option`.
//! It treats null as absent.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::lenient::{Lenient, boolean};
use super::parameter_error::ParameterError;

/// The deepest nesting of flattened names.
const MAX_DEPTH: usize = 16;
/// The most values of a JSON body, including each value in a list.
const MAX_VALUES: usize = 100_000;

/// The parameters of a request.
#[derive(Clone, Debug)]
pub(crate) struct Parameters {
    tree: Value,
    /// Whether lists are written as objects whose keys are numbers.
    flat: bool,
}

impl Parameters {
    /// Reads the parameters of a JSON body. An empty body has none.
    pub(crate) fn json(body: &[u8]) -> Result<Self, ParameterError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self { tree: Value::Object(Map::new()), flat: false });
        }
        match serde_json::from_slice(body) {
            Ok(tree @ Value::Object(_)) => Ok(Self { tree, flat: false }),
            Ok(_) => Err(ParameterError::said("the body is not a JSON object", "请求体不是 JSON 对象")),
            Err(error) => Err(ParameterError::said(
                format!("the body is not JSON: {error}"),
                format!("请求体不是 JSON：第 {} 行第 {} 列", error.line(), error.column()),
            )),
        }
    }

    /// Reads the parameters of a decoded query or form.
    pub(crate) fn flat<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ParameterError> {
        let mut tree = Map::new();
        for (name, value) in pairs {
            insert(&mut tree, name, Value::from(value))?;
        }
        Ok(Self { tree: Value::Object(tree), flat: true })
    }

    /// Reads the parameters of a multipart form, which are texts and JSON.
    pub(crate) fn parts(parts: Vec<(String, Value)>) -> Result<Self, ParameterError> {
        let mut tree = Map::new();
        for (name, value) in parts {
            insert(&mut tree, &name, value)?;
        }
        Ok(Self { tree: Value::Object(tree), flat: true })
    }

    /// Converts the parameters to the type that the action declares.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ParameterError> {
        let value = &self.tree;
        T::deserialize(Lenient { value, flat: self.flat, top: true })
    }

    /// Returns whether the request is a dry run.
    pub(crate) fn dry_run(&self) -> bool {
        self.tree.get("DryRun").is_some_and(|value| boolean(value) == Some(true))
    }
}

/// Refuses a body with too many JSON values, because a value takes many times its length in memory. This also counts
/// commas in texts, but no text has that many.
pub(crate) fn check_values(body: &[u8]) -> Result<(), ParameterError> {
    if body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() <= MAX_VALUES {
        return Ok(());
    }
    let english = format!("there are more than {MAX_VALUES} values");
    Err(ParameterError::said(english, format!("参数值超过 {MAX_VALUES} 个")))
}

fn insert(tree: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), ParameterError> {
    let clash = |english: &'static str, chinese: &'static str| {
        Err(ParameterError::said(english, chinese).within(&name.chars().take(100).collect::<String>()))
    };
    let mut segments = name.split('.').peekable();
    let mut place = tree;
    for _ in 0..MAX_DEPTH {
        let Some(segment) = segments.next() else { break };
        if segments.peek().is_none() {
            return match place.insert(segment.to_owned(), value) {
                None => Ok(()),
                Some(_) => clash("it is given twice", "重复给出"),
            };
        }
        let below = place.entry(segment).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(below) = below else {
            return clash("it is both a value and a list", "既是值又是数组");
        };
        place = below;
    }
    clash("it is nested too deeply", "嵌套过深")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, PartialEq, Debug, Default)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Filter {
        name: String,
        #[serde(default)]
        values: Vec<String>,
    }

    #[derive(Deserialize, PartialEq, Debug, Default)]
    #[serde(rename_all = "PascalCase", deny_unknown_fields)]
    struct Everything {
        text: Option<String>,
        limit: Option<i64>,
        count: Option<u32>,
        ratio: Option<f64>,
        all: Option<bool>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        filters: Vec<Filter>,
        filter: Option<Filter>,
        region: Option<String>,
    }

    fn json(text: &str) -> Result<Everything, ParameterError> {
        Parameters::json(text.as_bytes())?.parse()
    }

    fn flat(pairs: &[(&str, &str)]) -> Result<Everything, ParameterError> {
        Parameters::flat(pairs.iter().copied())?.parse()
    }

    #[test]
    fn scalars_are_read_by_what_is_declared() {
        for text in [r#"{"Limit": 5, "All": true, "Text": "7"}"#, r#"{"Limit": "5", "All": "True", "Text": 7}"#] {
            let wanted =
                Everything { limit: Some(5), all: Some(true), text: Some("7".into()), ..Everything::default() };
            assert_eq!(json(text), Ok(wanted), "{text}");
        }
        for (text, all) in [("True", true), ("true", true), ("1", true), ("False", false), ("0", false)] {
            assert_eq!(flat(&[("All", text)]).unwrap().all, Some(all), "{text}");
        }
        assert_eq!(json(r#"{"Limit": 5.0, "Ratio": "0.5"}"#).unwrap().ratio, Some(0.5));
        assert_eq!(flat(&[("Limit", "-3"), ("Text", "")]).unwrap().text.as_deref(), Some(""));
        assert_eq!(json(r#"{"Limit": null, "Tags": null}"#), Ok(Everything::default()), "a null is absent");
    }

    #[test]
    fn lists_may_have_gaps_and_more_than_ten_members() {
        let names: Vec<String> = (0..12).rev().filter(|n| *n != 3).map(|n| format!("Tags.{n}")).collect();
        let pairs: Vec<_> = names.iter().map(|name| (name.as_str(), &name[5..])).collect();
        let wanted = ["0", "1", "2", "4", "5", "6", "7", "8", "9", "10", "11"];
        assert_eq!(flat(&pairs).unwrap().tags, wanted);
        let filters = flat(&[("Filters.1.Name", "b"), ("Filters.0.Name", "a"), ("Filters.1.Values.0", "c")]).unwrap();
        assert_eq!(filters, json(r#"{"Filters": [{"Name": "a"}, {"Name": "b", "Values": ["c", null]}]}"#).unwrap());
        assert_eq!(flat(&[("Tags.18446744073709551615", "x")]).unwrap().tags, ["x"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |outcome: Result<Everything, ParameterError>| match outcome {
            Err(ParameterError::Wrong { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(json(r#"{"Limit": "many"}"#)), "Limit");
        assert_eq!(wrong(json(r#"{"Count": -1}"#)), "Count");
        assert_eq!(wrong(json(r#"{"Count": 4294967296}"#)), "Count");
        assert_eq!(wrong(json(r#"{"Limit": 1.5}"#)), "Limit");
        assert_eq!(wrong(json(r#"{"All": 2}"#)), "All");
        assert_eq!(wrong(json(r#"{"Tags": "a"}"#)), "Tags");
        assert_eq!(wrong(json(r#"{"Tags": ["a", ["b"]]}"#)), "Tags.1");
        assert_eq!(wrong(flat(&[("Tags.a", "x")])), "Tags");
        assert_eq!(wrong(json(r#"{"Filter": []}"#)), "Filter");
        assert_eq!(wrong(json("[]")), "");
        assert_eq!(flat(&[("Filters.0.Values.0", "x")]), Err(ParameterError::Missing("Filters.0.Name".into())));
        assert_eq!(json(r#"{"Filter": {"Nam": 1}}"#), Err(ParameterError::Unknown("Filter.Nam".into())));
        assert_eq!(json(r#"{"Other": 1}"#), Err(ParameterError::Unknown("Other".into())));
    }

    #[test]
    fn common_parameters_are_seen_by_those_who_declare_them() {
        let common = [("Action", "A"), ("Region", "r"), ("Nonce", "1"), ("Language", "l"), ("DryRun", "true")];
        assert_eq!(flat(&common).unwrap(), Everything { region: Some("r".into()), ..Everything::default() });
        assert_eq!(
            flat(&[("Filter.Action", "x"), ("Filter.Name", "y")]),
            Err(ParameterError::Unknown("Filter.Action".into()))
        );
        assert!(Parameters::flat(common).unwrap().dry_run());
    }
}
