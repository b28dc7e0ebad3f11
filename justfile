# Recipes for developers. CI runs the same commands (`.ci/run`). `just` without a word lists them.

default:
    @just --list

# What every commit must pass: form, lints, dependencies, tests
check: fmt lint deny test

# Is the form right?
fmt:
    cargo fmt --all --check

# Lints, over all code and tests
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Who imports whom, licences, sources (cargo install cargo-deny)
deny:
    cargo deny check bans licenses sources

# All tests; with ROADSTEAD_TEST_POSTGRES_URL the metadata suites also run on PostgreSQL
test *ARGS:
    cargo test --workspace {{ ARGS }}

# Known faults in dependencies (needs the network)
advisories:
    cargo deny check advisories

# Write what is generated: the form of the code, the settings reference, the snapshots
update:
    cargo fmt --all
    UPDATE_DOCS=1 cargo test -p roadstead-config --test documents
    INSTA_UPDATE=always cargo test --workspace

# Everything is generated and committed
clean-tree: update
    git diff --exit-code

# The documentation of the crates
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The server, with its data in ./data
serve *ARGS:
    cargo run --release -- serve {{ ARGS }}

# The server against CNCF conformance, clients and peers: see tests/ci
ci:
    .ci/run

# The container image
image TAG="roadstead:dev":
    docker build --file deploy/Dockerfile --tag {{ TAG }} .
