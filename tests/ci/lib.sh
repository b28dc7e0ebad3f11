# shellcheck shell=bash
# Shared by the scripts of tests/ci; each script is one suite. A suite prints only `ok NAME (12 s)`, or `FAILED NAME` and
# the end of its log. The log has every command that the suite ran (set KEEP=1 to keep the folder).
#
#   . lib.sh; suite clients/skopeo; need skopeo; server_start; ... assertions ...
#
# The server is $ROADSTEAD_BIN (default: the release build). ROADSTEAD_TEST_TARGET=distribution runs the same suite
# against CNCF distribution instead: a failure there too is the fault of the suite, not of the server.
set -euo pipefail
. "$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/.ci/env"

BIN=${ROADSTEAD_BIN:-$TARGET/release/roadstead}
PEER=${ROADSTEAD_TEST_TARGET:-roadstead}
PIDS=()
SERVER_ENV=()

# ---- the suite ----

suite() {
  SUITE=$1
  SECONDS=0
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/rs.XXXXXX")
  DATA=$WORK/data
  LOG=$WORK/log
  export HOME=$WORK/home DOCKER_CONFIG=$WORK/docker REGISTRY_AUTH_FILE=$WORK/auth.json
  export REGCTL_CONFIG=$WORK/regctl.json HELM_REGISTRY_CONFIG=$WORK/helm.json
  export no_proxy=127.0.0.1,localhost
  mkdir -p "$HOME" "$DOCKER_CONFIG"
  echo '{}' >"$REGISTRY_AUTH_FILE"
  exec 3>&1 >"$LOG" 2>&1 </dev/null
  trap 'suite_end $?' EXIT
  trap 'exit 130' INT TERM
  PS4='+ ${BASH_SOURCE[0]##*/}:${LINENO}: '
  set -x
}

suite_end() {
  local status=$1 pid i
  trap - EXIT
  { set +x; } 2>/dev/null
  set +e
  if [ "$status" = 0 ]; then
    echo "ok $SUITE ($SECONDS s)" >&3
  elif [ "$status" = 77 ]; then
    echo "skipped $SUITE: $(tail -n 1 "$LOG")" >&3
  else
    {
      echo "FAILED $SUITE ($SECONDS s)"
      tail -n 40 "$LOG" | cut -c1-600 | sed 's/^/    /'
      [ -s "$WORK/server.log" ] && echo "  the server said:" && tail -n 12 "$WORK/server.log" | cut -c1-400 | sed 's/^/    /'
    } >&3
  fi
  for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do kill "${PIDS[i]}" 2>/dev/null; done
  for pid in "${PIDS[@]}"; do gone "$pid" 10 || kill -9 "$pid" 2>/dev/null; done
  if [ -n "${KEEP:-}" ]; then
    echo "kept $WORK" >&3
  else
    # A stopped engine leaves mounts behind.
    awk -v d="$WORK/" 'index($2, d) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
    rm -rf "$WORK"
  fi
  exit "$status"
}

# need TOOL...: ends the suite if a tool is missing: with a failure in CI, with a skip on a developer's machine.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" && continue
    [ "${ROADSTEAD_TEST_REQUIRE:-}" = 1 ] && die "$tool is not installed: run .ci/install"
    echo "$tool is not installed (.ci/install)"
    exit 77
  done
}

die() { echo "error: $*"; exit 1; }

# gone PID SECONDS: waits until a child has ended, at most SECONDS.
gone() {
  { local - i; set +x; } 2>/dev/null
  for ((i = 0; i < $2 * 20; i++)); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.05
  done
  return 1
}

# wait_for SECONDS COMMAND...: waits until the command succeeds.
wait_for() {
  { local - i limit=$1; set +x; } 2>/dev/null
  shift
  for ((i = 0; i < limit * 10; i++)); do
    ("$@") >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  die "waited $limit s for: $*"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# ---- assertions ----

same() { [ "$1" = "$2" ] || die "expected '$2', got '$1'"; }
contains() { [[ $1 == *"$2"* ]] || die "expected '$2' in '$1'"; }
lacks() { [[ $1 != *"$2"* ]] || die "did not expect '$2' in '$1'"; }
same_file() { cmp "$1" "$2" || die "$1 and $2 differ"; }

# fails PATTERN COMMAND...: the command must fail, with output that matches the pattern.
fails() {
  local pattern=$1 out
  shift
  if out=$("$@" 2>&1 </dev/null); then die "should have failed: $* ($out)"; fi
  grep -qiE -- "$pattern" <<<"$out" || die "failed as it should, but with '$out' instead of '$pattern': $*"
}

# The command must be refused because a right is missing, not for another reason such as a stopped server.
refused() { fails '\b401\b|\b403\b|unauthorized|denied|authentication required|forbidden|invalid username/password|credentials? not found|no (basic auth )?credentials' "$@"; }
missing() { fails '\b404\b|not[ _]found|unknown|does not exist' "$@"; }

# status METHOD PATH [curl arguments]: the HTTP status of one request.
status() {
  local method=$1 path=$2
  shift 2
  curl -sS -o /dev/null -w '%{http_code}' -X "$method" "$@" "$URL$path"
}

sha() { sha256sum "$1" | cut -d' ' -f1; }

# ---- the server ----

# Starts the server on $DATA and a free port. Sets REGISTRY (host:port), URL, LOGIN, PASSWORD.
server_start() {
  local listen=${REGISTRY:-127.0.0.1:0}
  if [ "$PEER" = distribution ]; then
    peer_start
  else
    [ -x "$BIN" ] || die "$BIN is not there: cargo build --release"
    : >"$WORK/server.out"
    env "${SERVER_ENV[@]}" "$BIN" serve --data-dir "$DATA" --listen "$listen" >>"$WORK/server.out" 2>>"$WORK/server.log" &
    SERVER=$!
    PIDS+=("$SERVER")
    wait_for 30 grep -q '^listening on http' "$WORK/server.out"
    URL=$(sed -n 's/^listening on //p' "$WORK/server.out")
    REGISTRY=${URL#*://}
    LOGIN=$(jq -er .username "$DATA/bootstrap.json")
    PASSWORD=$(jq -er .password "$DATA/bootstrap.json")
  fi
}

server_stop() { kill "$SERVER" && { gone "$SERVER" 30 || die 'the server did not stop'; }; }
server_kill9() { kill -9 "$SERVER" && gone "$SERVER" 10; }
roadstead() { env "${SERVER_ENV[@]}" "$BIN" "$@" --data-dir "$DATA" 2>>"$WORK/server.log"; }

# only_roadstead: succeeds unless the suite runs against CNCF distribution. For tests that only Roadstead can pass.
only_roadstead() { [ "$PEER" = roadstead ]; }

# Starts CNCF distribution with one user, for ROADSTEAD_TEST_TARGET=distribution.
peer_start() {
  LOGIN=owner PASSWORD=owner-password REGISTRY=${REGISTRY:-127.0.0.1:$(free_port)}
  URL=http://$REGISTRY
  perl -e 'print "owner:", crypt("owner-password", "\$2b\$04\$abcdefghijklmnopqrstuu"), "\n"' >"$WORK/htpasswd"
  cat >"$WORK/peer.yml" <<EOF
version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: $DATA }, delete: { enabled: true } }
http: { addr: $REGISTRY, secret: peer }
auth: { htpasswd: { realm: peer, path: $WORK/htpasswd } }
EOF
  env -u REGISTRY_AUTH_FILE OTEL_TRACES_EXPORTER=none "$TOOLS/registry" serve "$WORK/peer.yml" >>"$WORK/server.log" 2>&1 &
  SERVER=$!
  PIDS+=("$SERVER")
  wait_for 30 curl -s "$URL/v2/"
}

# Starts a docker engine whose storage, sockets and processes are all under $WORK. Sets DOCKER_HOST.
dockerd_start() {
  local root=$WORK/engine
  mkdir -p "$root"
  export DOCKER_HOST=unix://$root/socket
  dockerd --host "$DOCKER_HOST" --data-root "$root/data" --exec-root "$root/exec" --pidfile "$root/pid" \
    --storage-driver vfs --iptables=false --ip6tables=false --bridge=none "$@" >"$root/log" 2>&1 &
  ENGINE=$!
  PIDS+=("$ENGINE")
  wait_for 60 docker info
}

# ---- images ----

# oci_blob DIR FILE TYPE: moves the file into the layout, and prints its descriptor.
oci_blob() {
  local digest size
  digest=$(sha "$2") size=$(stat -c %s "$2")
  mkdir -p "$1/blobs/sha256"
  mv "$2" "$1/blobs/sha256/$digest"
  jq -cn --arg t "$3" --arg d "sha256:$digest" --argjson s "$size" '{mediaType: $t, digest: $d, size: $s}'
}

# oci_image DIR ARCH TEXT [gzip|zstd]: makes an image with one layer that holds TEXT; prints the descriptor of the manifest.
oci_image() {
  local dir=$1 arch=$2 how=${4:-gzip} layer diff config
  mkdir -p "$dir/tmp/etc"
  printf '%s\n' "$3" >"$dir/tmp/etc/motd"
  tar -C "$dir/tmp" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$dir/layer.tar" etc
  diff=$(sha "$dir/layer.tar")
  if [ "$how" = zstd ]; then zstd -q "$dir/layer.tar" -o "$dir/layer"; else gzip -nc "$dir/layer.tar" >"$dir/layer"; fi
  layer=$(oci_blob "$dir" "$dir/layer" "application/vnd.oci.image.layer.v1.tar+$how")
  jq -cn --arg a "$arch" --arg d "sha256:$diff" \
    '{created: "2026-01-01T00:00:00Z", architecture: $a, os: "linux", config: {Cmd: ["/none"]}, rootfs: {type: "layers", diff_ids: [$d]}}' >"$dir/config"
  config=$(oci_blob "$dir" "$dir/config" application/vnd.oci.image.config.v1+json)
  jq -cn --argjson c "$config" --argjson l "$layer" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", config: $c, layers: [$l]}' >"$dir/manifest"
  oci_blob "$dir" "$dir/manifest" application/vnd.oci.image.manifest.v1+json | jq -c --arg a "$arch" '. + {platform: {os: "linux", architecture: $a}}'
  rm -rf "$dir/tmp" "$dir/layer.tar"
}

# oci_layout DIR TEXT: makes an OCI layout with the tags `one` (linux/amd64), `multi` (an index of amd64 and arm64) and
# `zstd` (a layer compressed with zstd). Sets ONE, MULTI and ZSTD to the digests.
oci_layout() {
  local dir=$1 amd arm index zstd
  mkdir -p "$dir"
  amd=$(oci_image "$dir" amd64 "$2 amd64")
  arm=$(oci_image "$dir" arm64 "$2 arm64")
  zstd=$(oci_image "$dir" amd64 "$2 zstd" zstd)
  jq -cn --argjson a "$amd" --argjson b "$arm" \
    '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$a, $b]}' >"$dir/index"
  index=$(oci_blob "$dir" "$dir/index" application/vnd.oci.image.index.v1+json)
  echo '{"imageLayoutVersion":"1.0.0"}' >"$dir/oci-layout"
  jq -cn --argjson a "$amd" --argjson i "$index" --argjson z "$zstd" '{schemaVersion: 2, manifests: [
    ($a + {annotations: {"org.opencontainers.image.ref.name": "one"}}),
    ($z + {annotations: {"org.opencontainers.image.ref.name": "zstd"}}),
    ($i + {annotations: {"org.opencontainers.image.ref.name": "multi"}})]}' >"$dir/index.json"
  ONE=$(jq -r .digest <<<"$amd") MULTI=$(jq -r .digest <<<"$index") ZSTD=$(jq -r .digest <<<"$zstd")
}

# scratch_image DIR TEXT: makes a build context for an image FROM scratch.
scratch_image() {
  mkdir -p "$1"
  printf '%s\n' "$2" >"$1/motd"
  printf 'FROM scratch\nCOPY motd /etc/motd\nLABEL made-by=roadstead-tests\nCMD ["/none"]\n' >"$1/Dockerfile"
}

# noise BYTES [SEED]: prints that many bytes that no compression can shrink, the same ones each time.
noise() { { openssl enc -aes-128-ctr -nosalt -pass "pass:${2:-noise}" -pbkdf2 -iter 1 </dev/zero 2>/dev/null || true; } | head -c "$1"; }
