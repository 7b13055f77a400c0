#!/bin/sh
# Make the Secrets that the chart asks for, once, and put them into the cluster that kubectl talks to. They are kept
# outside this folder and are for a development cluster only. `--make` makes the files and leaves the cluster alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter/tilt
if [ ! -e "$folder/made" ]; then
  umask 077
  rm -rf "$folder"
  mkdir -p "$folder"
  cd "$folder"
  for name in objects-key bus rpc; do openssl rand -hex 24 > "$name"; done
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=isocenter-dev -keyout ca.key -out ca.crt 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -subj /CN=isocenter -keyout tls.key -out tls.csr 2>/dev/null
  printf 'subjectAltName=DNS:isocenter\nextendedKeyUsage=serverAuth,clientAuth\n' > extensions
  openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 3650 -extfile extensions -out tls.crt 2>/dev/null
  "$here/../.venv/bin/isocenter" --data "$folder/data" --json user add dev --role sender --role reader --token |
    sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' > token
  [ -s token ] || { echo "no token was made" >&2; exit 1; }
  touch made
fi
[ "${1:-}" != --make ] || exit 0
cd "$folder"
secret() { # NAME KEY=FILE...: no trailing newline gets into a value
  name=$1
  shift
  for pair in "$@"; do
    tr -d '\n' < "${pair#*=}" > "${pair#*=}.value"
    set -- "$@" "--from-file=${pair%%=*}=${pair#*=}.value"
    shift
  done
  kubectl create secret generic "$name" "$@" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
}
printf isocenter > access-key
secret dev-objects access-key=access-key secret-key=objects-key
secret dev-bus token=bus
kubectl create secret generic dev-rpc --from-literal="token=$(cat rpc)" --from-file=tls.crt --from-file=tls.key \
  --from-file=ca.crt --dry-run=client -o yaml | kubectl apply -f - >/dev/null
kubectl create secret generic dev-users --from-file=users.json="$(echo "$folder"/data/config/users.json)" \
  --dry-run=client -o yaml | kubectl apply -f - >/dev/null
