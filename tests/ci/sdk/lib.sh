# shellcheck shell=bash
# What the suites of the SDKs share: the walk of py/, through one client. Sourced after ../lib.sh.

need jq "$TOOLS/sdk-py/bin/python"
only_roadstead || { echo 'CNCF distribution has no cloud API' && exit 77; }
export TOOLS PYTHONDONTWRITEBYTECODE=1

# walk CLIENT: every action, every error, on each transport that the client has.
walk() {
  walk_on main "$1"
  # Once more with quotas that are soon used up, and as the document has it: its spelling, its permissions.
  walk_on strict "$1" ROADSTEAD__INSTANCES__PER_ACCOUNT=1 ROADSTEAD__CLOUD_API__DOCUMENT_SPELLING=true \
    ROADSTEAD__CLOUD_API__FAITHFUL=true
  # And the document's tables of errors, where everything needs a permission.
  walk_on document "$1" ROADSTEAD__INSTANCES__PER_ACCOUNT=1 ROADSTEAD__CLOUD_API__DOCUMENT_SPELLING=true
  walk_on limits "$1" ROADSTEAD__CLOUD_API__REQUESTS_PER_SECOND=1
}

# walk_on PROGRAM CLIENT [SETTING...]: on a fresh server with a second account, and one without a registry password.
walk_on() {
  local DATA=$WORK/$2-$1 REGISTRY='' SERVER_ENV=("${SERVER_ENV[@]}" "${@:3}")
  server_start
  # The account of the first start has none by itself.
  if [ "$1" = strict ]; then roadstead account quota "$LOGIN" --namespaces 2 --repositories 2 --triggers 1; fi
  roadstead account create --name other >"$DATA/other.json"
  roadstead account create --name bare >"$DATA/bare.json"
  # (As accounts of the cloud are before `CreateUserPersonal`; here the command has given it one.)
  python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("DELETE FROM passwords WHERE account_id = (SELECT id FROM accounts WHERE uin = ?)", [sys.argv[2]])
' "$DATA/roadstead.db" "$(jq -er .uin "$DATA/bare.json")"
  "$TOOLS/sdk-py/bin/python" "$ROOT/tests/ci/sdk/py/$1.py" "$2" "$REGISTRY" "$DATA"
  server_stop
}
