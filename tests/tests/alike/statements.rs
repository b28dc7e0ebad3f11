//! Records the statements that a request sends to the database.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex, Once};

use roadstead_tests::{TestRegistry, eventually};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

static STATEMENTS: LazyLock<Mutex<HashMap<String, Vec<String>>>> = LazyLock::new(Mutex::default);
/// How often a server has read the changes of other processes.
static POLLS: AtomicU64 = AtomicU64::new(0);

/// Starts to record the statements of every server in this process. The database driver logs each statement in the span
/// of its request.
pub fn record() {
    static ONCE: Once = Once::new();
    let wanted = Targets::new().with_target("sqlx::query", Level::DEBUG).with_target("roadstead::server", Level::DEBUG);
    ONCE.call_once(|| tracing_subscriber::registry().with(Recorder.with_filter(wanted)).init());
}

/// The statements of a request, sorted by their texts. With `count_rows`, also how many rows each returned or changed.
/// (The thread of each connection logs its statements, so their order in time is not known.) Statements of the last few
/// requests may still be missing.
pub fn of(request_id: &str, count_rows: bool) -> Vec<String> {
    let mut statements = STATEMENTS.lock().unwrap().get(request_id).cloned().unwrap_or_default();
    if !count_rows {
        let without = |text: &String| text.split(" -- ").next().unwrap_or_default().to_owned();
        statements = statements.iter().map(without).collect();
    }
    statements.sort();
    statements
}

/// Waits until the server has seen every change that was made before this call.
pub async fn changes_are_seen() {
    // A poll is counted when its statement ends, before the server acts on it. The first poll may have begun before
    // this call. The second one sees all changes. When the third one is counted, the server has acted on the second.
    let enough = POLLS.load(Ordering::SeqCst) + 3;
    eventually("changes are read", async || (POLLS.load(Ordering::SeqCst) >= enough).then_some(())).await;
}

/// Makes the server empty all its caches, and waits until it has done so.
pub async fn everything_is_forgotten(reg: &TestRegistry) {
    let sealed = reg.meta().sealed().await.unwrap();
    let same: Vec<_> = sealed.iter().map(|secret| secret.sealed.clone()).collect();
    reg.meta().replace_sealed(&reg.act(), &sealed, &same).await.unwrap();
    changes_are_seen().await;
}

struct Recorder;

struct RequestId(String);

#[derive(Default)]
struct Fields(HashMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let (Some(span), Some(request_id)) = (context.span(id), fields.0.remove("request.id")) {
            span.extensions_mut().insert(RequestId(request_id));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // For a short statement, the summary is the whole text.
        let text = [fields.get("db.statement"), fields.get("summary")].into_iter().find(|text| !text.is_empty());
        let Some(text) = text.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")) else { return };
        let Some(scope) = context.event_scope(event) else {
            if text.contains(" FROM changes c ") {
                POLLS.fetch_add(1, Ordering::SeqCst);
            }
            return;
        };
        // Ignores the statements that set up a new connection: they appear in the first request that uses it.
        if ["PRAGMA", "SET ", "SELECT set_config"].iter().any(|start| text.starts_with(start)) {
            return;
        }
        for span in scope {
            if let Some(RequestId(id)) = span.extensions().get::<RequestId>() {
                let rows =
                    format!("{text} -- {} rows, {} changed", fields.get("rows_returned"), fields.get("rows_affected"));
                STATEMENTS.lock().unwrap().entry(id.clone()).or_default().push(rows);
            }
        }
    }
}
