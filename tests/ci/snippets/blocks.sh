# shellcheck shell=bash
# Functions for the scripts that compile.py writes: one for each kind of block.

running() { [ -n "$SERVER" ] && kill -0 "$SERVER" 2>/dev/null; }

# Checks the syntax of a block that cannot run here. (compile.py has checked sh already.)
syntax() {
  case $1 in
    sh | text) ;;
    yaml) python3 "$SNIPPETS/yaml.py" "$2" ;;
    *) die "how to check $1?" ;;
  esac
}

# after NAME: runs the check that follows a block, if there is one.
after() { if [ "$(type -t "after_$1")" = function ]; then "after_$1"; fi; }

output() { python3 "$SNIPPETS/output.py" "$@"; }

fails_block() { if bash -euo pipefail "$1" >"$2" 2>&1; then die "$1 should have failed"; fi; }

# Runs a block that starts the server without settings.
serve_block() {
  : >"$WORK/server.out"
  bash -euo pipefail "$1" >>"$WORK/server.out" 2>>"$WORK/server.log" &
  wait_for 30 grep -q '^listening on http://127.0.0.1:5000' "$WORK/server.out"
  SERVER=$(pgrep -P "$!")
  PIDS+=("$SERVER")
  LOGIN=$(jq -er .username data/bootstrap.json) PASSWORD=$(jq -er .password data/bootstrap.json)
}

api() { "$PY" "$ROOT/tests/ci/sdk/py/call.py" "${API:-127.0.0.1:5000}" "$DATA/bootstrap.json" "$@"; }

# (In the documents the main account is 100000000001.)
json_block() {
  local name arguments
  name=sample-$(sha "$1" | head -c 12)
  sed -i "s/100000000001/$LOGIN/g" "$1"
  case $2 in
    trust)
      arguments=$(jq -cn --arg n "$name" --rawfile d "$1" '{RoleName: $n, PolicyDocument: $d}')
      api cam CreateRole "$arguments"
      ;;
    policy)
      arguments=$(jq -cn --arg n "$name" --rawfile d "$1" '{PolicyName: $n, PolicyDocument: $d}')
      api cam CreatePolicy "$arguments"
      ;;
    *)
      arguments=$(jq -cn --arg n "$name" --rawfile d "$1" '{PolicyName: $n, PolicyDocument: $d}')
      fails "$2" api cam CreatePolicy "$arguments"
      ;;
  esac
}

# Checks that the settings are valid, and that a server with them answers at their addresses.
toml_block() {
  local url metrics seen folder
  folder=$(mktemp -d "$WORK/settings.XXXXXX")
  if running; then server_stop; fi
  "$BIN" check-config --config "$1" --data-dir "$folder"
  "$BIN" serve --config "$1" --data-dir "$folder" >"$folder/out" 2>>"$WORK/server.log" &
  seen=$!
  PIDS+=("$seen")
  wait_for 30 grep -q '^listening on' "$folder/out"
  url=$(sed -n 's/^external_url = "\(.*\)"/\1/p' "$1")
  [ -z "$url" ] || same "$(curl -sS -o /dev/null -w '%{http_code}' --max-time 10 "$url/readyz")" 200
  metrics=$(sed -n '/^\[metrics\]/,$ s/^listen = "\(.*\)"/\1/p' "$1")
  [ -z "$metrics" ] || curl -sS "http://$metrics/metrics" | grep -q '^# EOF'
  kill "$seen" && { gone "$seen" 30 || die 'the server did not stop'; }
  server_start
}

FRONT=(ROADSTEAD__SERVER__TRUSTED_PROXIES=127.0.0.1 ROADSTEAD__SERVER__EXTERNAL_URL=https://registry.example.com)

# Starts nginx with a block that is a server or a location. It keeps running for the blocks that follow.
front_start() {
  local conf=$WORK/nginx.conf block
  block=$(cat "$1")
  [[ $block == *server_name* ]] || block="server { listen 443 ssl; ssl_certificate /etc/nginx/tls/fullchain.pem; ssl_certificate_key /etc/nginx/tls/privkey.pem; $block }"
  front_stop
  printf '%s\n' "pid $WORK/nginx.pid; error_log $WORK/nginx.log; events {}" 'http { access_log off;' \
    "client_body_temp_path $WORK/nginx-0; proxy_temp_path $WORK/nginx-1; fastcgi_temp_path $WORK/nginx-2;" \
    "uwsgi_temp_path $WORK/nginx-3; scgi_temp_path $WORK/nginx-4;" "$block" '}' >"$conf"
  nginx -c "$conf" -g 'daemon off;' &
  NGINX=$!
  PIDS+=("$NGINX")
}

front_stop() {
  [ -z "${NGINX:-}" ] || { kill "$NGINX" && gone "$NGINX" 10 && NGINX=''; }
}

# Checks that the registry answers through this nginx, and that answers have the address of nginx.
nginx_block() {
  front_start "$1"
  server_stop
  SERVER_ENV=("${FRONT[@]}")
  server_start
  wait_for 20 curl -sSf https://registry.example.com/readyz
  contains "$(curl -sS -D - -o /dev/null https://registry.example.com/v2/)" 'realm="https://registry.example.com/service/token"'
  server_stop
  SERVER_ENV=()
  server_start
}

# ---- docs/KUBERNETES.md ----

# Starts the registry of the document, with an image, and with an instance that has the same image.
cluster_start() {
  SERVER_ENV=("${FRONT[@]}" 'ROADSTEAD__INSTANCES__DOMAIN={name}.registry.example.com')
  server_start
  front_start "$WORK/blocks/README/front.nginx"
  roadstead namespace create team
  oci_layout "$WORK/layout" cluster
  wait_for 20 curl -sSf https://registry.example.com/readyz
  crane auth login registry.example.com -u "$LOGIN" -p "$PASSWORD"
  crane push "$WORK/layout" registry.example.com/team/app:v1 --index
  INSTANCE=$(api tcr CreateInstance '{"RegistryName": "team", "RegistryType": "basic"}' | jq -er .RegistryId)
  api tcr CreateNamespace "{\"RegistryId\": \"$INSTANCE\", \"NamespaceName\": \"team\", \"IsPublic\": false}"
  token=$(api tcr CreateInstanceToken "{\"RegistryId\": \"$INSTANCE\", \"TokenType\": \"temp\"}")
  crane auth login team.registry.example.com -u "$(jq -er .Username <<<"$token")" -p "$(jq -er .Token <<<"$token")"
  crane push "$WORK/layout" team.registry.example.com/team/app:v1 --index
  cp data/bootstrap.json .
}

# The next program reads the policy from a file.
after_policy.json() { cp "$BLOCKS/policy.json" .; }
# The sub-account gets the policy of the document, for the instance of this test.
after_instance-policy() {
  local id policy
  policy=$(sed "s/tcr-abcd1234/$INSTANCE/" "$BLOCKS/instance-policy.json")
  id=$(api cam CreatePolicy "$(jq -cn --arg d "$policy" '{PolicyName: "instance", PolicyDocument: $d}')" | jq -r .PolicyId)
  api cam AttachUserPolicy "{\"PolicyId\": $id, \"AttachUin\": $(jq -r .uin cluster.json)}"
}
# Makes the files that the document assumes.
after_node-key() {
  jq -r .uin cluster.json >/etc/roadstead/username
  jq -r .password cluster.json >/etc/roadstead/password
}

yaml_block() {
  local answer host
  if [[ $1 != *-providers.yaml ]]; then python3 "$SNIPPETS/yaml.py" "$1"; return; fi
  sed -e "s/tcr-abcd1234/$INSTANCE/" -e "s/100000000001/$LOGIN/" "$1" >"$WORK/providers.yaml"
  answer=$(python3 "$SNIPPETS/kubelet.py" "$WORK/providers.yaml" /usr/local/lib/kubelet)
  host=$(jq -r '.auth | keys[0]' <<<"$answer")
  same "$(curl -sS -o /dev/null -w '%{http_code}' "https://$host/v2/")" 401
  same "$(curl -sS -o /dev/null -w '%{http_code}' -u "$(jq -r '.auth[] | .username + ":" + .password' <<<"$answer")" "https://$host/v2/")" 200
  pulls "$host" "$(jq -c '{auths: (.auth | map_values({auth: (.username + ":" + .password | @base64)}))}' <<<"$answer")"
}

# pulls HOST CONFIG: checks that a client with this config.json may pull the image of the document, and may not push it.
pulls() {
  mkdir -p "$WORK/pulls" && printf '%s' "$2" >"$WORK/pulls/config.json"
  DOCKER_CONFIG=$WORK/pulls REGISTRY_AUTH_FILE='' crane digest "$1/team/app:v1"
  DOCKER_CONFIG=$WORK/pulls REGISTRY_AUTH_FILE='' refused crane tag "$1/team/app:v1" v2
}

# The secret holds a config.json that allows pulls.
after_pull-secret() { pulls registry.example.com "$(jq -er '.data[".dockerconfigjson"]' secret.json | base64 -d)"; }

# ---- docs/OPERATIONS.md ----

# Pushes the image that the document deletes.
deletable() {
  roadstead namespace create team
  oci_layout "$WORK/deletable" deletable
  crane auth login 127.0.0.1:5000 -u "$LOGIN" -p "$PASSWORD"
  for tag in v1 v2 v3; do crane push "$WORK/deletable" "127.0.0.1:5000/team/app:$tag" --index; done
  crane auth logout 127.0.0.1:5000
}
after_delete-images() {
  local left
  left=$(curl -sSf -u "$LOGIN:$PASSWORD" http://127.0.0.1:5000/v2/team/app/tags/list | jq -c .tags)
  [ "$left" = '[]' ] || [ "$left" = null ] || die "there are still tags: $left"
}

# Starts a PostgreSQL server for the block that runs `createuser`.
postgres_start() {
  local folder=$WORK/pg
  mkdir "$folder" && chown postgres "$folder" && chmod 711 "$WORK"
  (
    cd "$folder"
    runuser -u postgres -- "$PG/bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
    runuser -u postgres -- "$PG/bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "-h 127.0.0.1 -k $folder -c fsync=off" start
  )
  PIDS+=("$(head -n 1 "$folder/data/postmaster.pid")")
  export PGHOST=127.0.0.1 PGUSER=postgres
  printf 'postgres://roadstead:database-password@127.0.0.1/roadstead' >/etc/roadstead/database-url
  chmod 400 /etc/roadstead/database-url
}
