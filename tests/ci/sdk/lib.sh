# shellcheck shell=bash
# What the suites of the SDKs share: the walk of py/, through one client. Sourced after ../lib.sh.

need jq "$TOOLS/sdk-py/bin/python"
only_roadstead || { echo 'CNCF distribution has no cloud API' && exit 77; }
export TOOLS PYTHONDONTWRITEBYTECODE=1

# walk CLIENT: every action, every error, on each transport that the client has.
walk() { walk_on "$1" "$1" main; }

# Once more with quotas that are soon used up, and as the document has it: its spelling, its permissions.
walk_strictly() {
  local SERVER_ENV=("${SERVER_ENV[@]}" ROADSTEAD__QUOTAS__NAMESPACES=2 ROADSTEAD__QUOTAS__REPOSITORIES=2
    ROADSTEAD__QUOTAS__TRIGGERS=1 ROADSTEAD__INSTANCES__PER_ACCOUNT=1 ROADSTEAD__CLOUD_API__DOCUMENT_SPELLING=true
    ROADSTEAD__CLOUD_API__FAITHFUL=true)
  walk_on "$1-strictly" "$1" strict
}

# walk_on DATA CLIENT PROGRAM: on a fresh server with two accounts.
walk_on() {
  local DATA=$WORK/$1 REGISTRY=''
  server_start
  roadstead account create --name other >"$DATA/other.json"
  "$TOOLS/sdk-py/bin/python" "$ROOT/tests/ci/sdk/py/$3.py" "$2" "$REGISTRY" "$DATA/bootstrap.json" "$DATA/other.json"
  server_stop
}
