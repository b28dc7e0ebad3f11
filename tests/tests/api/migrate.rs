//! The schema of the database, and who may change it when.

use std::process::Output;

use roadstead_tests::Binary;

use crate::cli::{json, run, text};

/// A server of an older release could not use the new schema, or would take it for something else.
#[tokio::test]
async fn the_schema_is_migrated_only_while_no_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let server = Binary::find().serve(data.path(), &[]);
    let create = ["account", "create", "--name", "eve", "--json"];
    let told = |output: Output| (output.status.code(), text(&output.stderr));
    // There is nothing to do.
    assert_eq!(told(run(data.path(), &["migrate"], &[])).0, Some(0));
    json(&run(data.path(), &create, &[]));
    drop(server);
    // As a server of an older release has it: a lock, and a database without the latest steps.
    let older = tempfile::tempdir().unwrap();
    std::fs::write(older.path().join("roadstead.db"), b"").unwrap();
    let lock = std::fs::File::create(older.path().join("lock")).unwrap();
    lock.try_lock().unwrap();
    for command in [&create[..], &["migrate"]] {
        let refused = told(run(older.path(), command, &[]));
        assert!(refused.0 == Some(1) && refused.1.contains("stop the server first"), "{command:?}: {refused:?}");
    }
    drop(lock);
    json(&run(older.path(), &create, &[]));
}
