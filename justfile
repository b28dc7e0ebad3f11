# Recipes for developers. CI runs the same commands (`.ci/run`). `just` without an argument lists the recipes.

default:
    @just --list

# Run all checks that every commit must pass: format, lints, dependencies, tests
check: fmt lint deny test

# Check the format of the code
fmt:
    cargo fmt --all --check

# Lint all code and tests
lint:
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Check dependencies, licences and sources (cargo install cargo-deny)
deny:
    cargo deny check bans licenses sources

# Run all tests; with ROADSTEAD_TEST_POSTGRES_URL the metadata suites also run on PostgreSQL
test *ARGS:
    cargo test --workspace {{ ARGS }}

# Check dependencies for known vulnerabilities (needs the network)
advisories:
    cargo deny check advisories

# Format the code, and write the generated parts of the documents and the snapshots
update:
    cargo fmt --all
    UPDATE_DOCS=1 cargo test -p roadstead-config --test documents
    UPDATE_DOCS=1 cargo test -p roadstead-cloud --test documents
    INSTA_UPDATE=always cargo test --workspace

# Check that all generated files are committed
clean-tree: update
    git diff --exit-code

# Build the documentation of the crates
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Run the server, with its data in ./data
serve *ARGS:
    cargo run --release -- serve {{ ARGS }}

# Run all checks of CI, including conformance, clients and peers: see tests/ci
ci:
    .ci/run

# Build the container image
image TAG="roadstead:dev":
    docker build --file deploy/Dockerfile --tag {{ TAG }} .
