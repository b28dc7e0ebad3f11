//! Builds statements: their text, and their values.

use roadstead_types::{NamePattern, NameRule, NamespaceSight, Sight, Window};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::sql::is_storable;

/// A statement under construction, with its values. A value may appear in the text more than once, under its number.
#[derive(Default)]
pub(super) struct Statement {
    values: Vec<Value>,
    /// Whether the statement is not worth caching.
    once: bool,
}

enum Value {
    Number(i64),
    Text(String),
}

impl Statement {
    /// Adds a number, and returns its placeholder.
    pub fn value(&mut self, number: i64) -> String {
        self.values.push(Value::Number(number));
        format!("${}", self.values.len())
    }

    /// Adds a text, and returns its placeholder.
    pub fn text(&mut self, text: &str) -> String {
        self.values.push(Value::Text(text.to_owned()));
        format!("${}", self.values.len())
    }

    /// Returns the clause for a part of a list.
    pub fn window(&mut self, window: Window) -> String {
        let (limit, offset) = (self.value(window.limit.into()), self.value(place(window.offset)));
        format!("LIMIT {limit} OFFSET {offset}")
    }

    /// Returns the condition that `column` meets a rule about names.
    pub fn names(&mut self, column: &str, rule: &NameRule) -> String {
        // The number of values depends on the caller's policies.
        self.once |= *rule != NameRule::All;
        match rule {
            NameRule::All => "1 = 1".to_owned(),
            NameRule::Not(rule) => format!("NOT {}", self.names(column, rule)),
            NameRule::Both(rules) => format!("({} AND {})", self.names(column, &rules.0), self.names(column, &rules.1)),
            NameRule::Either(rules) => {
                format!("({} OR {})", self.names(column, &rules.0), self.names(column, &rules.1))
            }
            NameRule::Like(patterns) => {
                let mut parts = Vec::new();
                let exact: Vec<String> =
                    patterns.iter().filter_map(NamePattern::exact).map(|name| self.text(name)).collect();
                if !exact.is_empty() {
                    parts.push(format!("{column} IN ({})", exact.join(", ")));
                }
                let like = patterns.iter().filter(|pattern| pattern.exact().is_none()).filter_map(like);
                parts.extend(like.map(|like| format!("{column} LIKE {} ESCAPE '!'", self.text(&like))));
                either(&parts)
            }
        }
    }

    /// Returns the condition that a caller sees the repository `table`.
    pub fn seen(&mut self, table: &str, sight: &Sight) -> String {
        let name = format!("{table}.name");
        let seen = self.names(&name, &sight.names);
        if sight.names == sight.public {
            return seen;
        }
        format!("({seen} OR ({table}.public = 1 AND {}))", self.names(&name, &sight.public))
    }

    /// Returns the condition that a caller sees the namespace `n`.
    pub fn seen_namespace(&mut self, sight: &NamespaceSight) -> String {
        let shown = self.names("n.name", &sight.shown);
        if sight.known == NameRule::All {
            return shown;
        }
        let (known, content) = (self.names("n.name", &sight.known), self.seen("s", &sight.content));
        format!(
            "({shown} AND ({known} OR EXISTS \
             (SELECT 1 FROM repositories s WHERE s.namespace_id = n.id AND {content})))"
        )
    }

    /// Returns the statement with its values.
    pub fn query<'q>(self, sql: &str) -> Query<'q, Any, AnyArguments> {
        let query = sqlx::query(AssertSqlSafe(sql.to_owned())).persistent(!self.once);
        self.values.into_iter().fold(query, |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        })
    }
}

/// Returns an offset for the database. There are never more rows.
pub(super) fn place(offset: u64) -> i64 {
    i64::try_from(offset).unwrap_or(i64::MAX)
}

/// Joins conditions with OR. They are nested like a tree, because databases limit the depth of a condition.
fn either(parts: &[String]) -> String {
    match parts {
        [] => "1 = 0".to_owned(),
        [one] => one.clone(),
        many => {
            let (one, other) = many.split_at(many.len() / 2);
            format!("({} OR {})", either(one), either(other))
        }
    }
}

/// Returns the pattern for `LIKE`, with `!` as the escape. `None` for patterns that no name matches: with capital
/// letters, which SQLite treats like small ones, or with NUL, which PostgreSQL refuses.
fn like(pattern: &NamePattern) -> Option<String> {
    let possible = pattern.pieces().all(|piece| !piece.contains(|c: char| c.is_ascii_uppercase() || c == '\0'));
    possible.then(|| pattern.pieces().map(escaped).collect::<Vec<_>>().join("%"))
}

/// Escapes a text for a pattern of `LIKE`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            escaped.push('!');
        }
        escaped.push(c);
    }
    escaped
}

/// Returns the pattern of texts that contain `part`, in lower case; `None` when the database can hold no such text.
pub(super) fn containing(part: &str) -> Option<String> {
    is_storable(part).then(|| format!("%{}%", escaped(&part.to_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_stands_for_itself() {
        assert_eq!(containing("").as_deref(), Some("%%"));
        assert_eq!(containing("Team/A_b%!").as_deref(), Some("%team/a!_b!%!!%"));
        assert_eq!(containing("a\0b"), None);
    }

    #[test]
    fn rules_about_names_are_conditions() {
        let rule = |patterns: &[&str]| NameRule::Like(patterns.iter().map(|text| NamePattern::new(*text)).collect());
        let mut statement = Statement::default();
        let all = rule(&["a", "b_*", "*/c", "X*"]).and(rule(&[]).negated()).and(rule(&["d"]).negated());
        let sql = statement.names("r.name", &all);
        let expected = "((r.name IN ($1) OR (r.name LIKE $2 ESCAPE '!' OR r.name LIKE $3 ESCAPE '!')) \
                        AND NOT r.name IN ($4))";
        assert_eq!(sql, expected);
        assert!(matches!(&statement.values[..], [Value::Text(a), Value::Text(b), ..] if a == "a" && b == "b!_%"));
        assert_eq!(statement.names("n", &NameRule::none()), "1 = 0");
    }

    #[test]
    fn many_patterns_are_not_nested_deep() {
        let many = NameRule::Like((0..4096).map(|number| NamePattern::new(format!("{number}*"))).collect());
        let sql = Statement::default().names("n", &many);
        let depth = sql.chars().fold((0_i32, 0_i32), |(depth, most), c| match c {
            '(' => (depth + 1, most.max(depth + 1)),
            ')' => (depth - 1, most),
            _ => (depth, most),
        });
        assert_eq!(depth, (0, 12));
    }
}
