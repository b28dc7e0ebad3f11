# shellcheck shell=bash
# Shared by the suites of the SDKs: runs the cases of py/ through one client. Sourced after ../lib.sh.

need jq "$TOOLS/sdk-py/bin/python"
only_roadstead || { echo 'CNCF distribution has no cloud API' && exit 77; }
export TOOLS PYTHONDONTWRITEBYTECODE=1

# walk CLIENT: tests every action and every error, on each transport of the client.
walk() {
  walk_on main "$1"
  # Again with small quotas, and with the spelling and the permissions of the product document.
  walk_on strict "$1" ROADSTEAD__INSTANCES__PER_ACCOUNT=1 ROADSTEAD__CLOUD_API__DOCUMENT_SPELLING=true \
    ROADSTEAD__CLOUD_API__FAITHFUL=true
  # The error tables of the document, on a server where every action needs a permission.
  walk_on document "$1" ROADSTEAD__INSTANCES__PER_ACCOUNT=1 ROADSTEAD__CLOUD_API__DOCUMENT_SPELLING=true
  walk_on limits "$1" ROADSTEAD__CLOUD_API__REQUESTS_PER_SECOND=1
}

# walk_on PROGRAM CLIENT [SETTING...]: runs a program of py/ on a fresh server. The server has a second account, and one without
# a registry password.
walk_on() {
  local DATA=$WORK/$2-$1 REGISTRY='' SERVER_ENV=("${SERVER_ENV[@]}" "${@:3}")
  server_start
  # The account of the first start has no quotas by default.
  if [ "$1" = strict ]; then roadstead account quota "$LOGIN" --namespaces 2 --repositories 2 --triggers 1; fi
  roadstead account create --name other >"$DATA/other.json"
  roadstead account create --name bare >"$DATA/bare.json"
  # Accounts of the cloud have no password before `CreateUserPersonal`. The command made one, so delete it.
  python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    db.execute("DELETE FROM passwords WHERE account_id = (SELECT id FROM accounts WHERE uin = ?)", [sys.argv[2]])
' "$DATA/roadstead.db" "$(jq -er .uin "$DATA/bare.json")"
  "$TOOLS/sdk-py/bin/python" "$ROOT/tests/ci/sdk/py/$1.py" "$2" "$REGISTRY" "$DATA"
  server_stop
}
