#!/bin/sh
# isocenter.sh [FOLDER [NAME]]: build the platform's image of a checkout (this one, unless told) and print the archive's
# path; it takes no time when the same was built before. The list of what is inside lies beside, as .cdx.json.
set -eu
# shellcheck source=tests/support/images/store.sh
. "$(dirname "$0")/store.sh"
source=$(cd "${1:-$here/../../..}" && pwd)
name=${2:-localhost/isocenter:dev}
need buildah debootstrap node npm
"$here/base.sh"
key=$( (cat "$here/base.sh" "$here/store.sh" "$0"; echo "$name"
  tar --sort=name --mtime=@0 --owner=0 --group=0 --mode=a+rX --exclude=__pycache__ -C "$source" -cf - \
    pyproject.toml README.md services) | key_of)
archive=$images/$(echo "${name#localhost/}" | tr -c 'a-z0-9.\n' -)-$key.tar
alone
if ! built "$name" "$key" || [ ! -e "$archive" ]; then
  set --
  # the machine's own ways to its registries, and the authorities that it trusts
  pip=$(mktemp "$images/pip.XXXXXX")
  trap 'rm -f "$pip"' EXIT
  cat /etc/pip.conf "${XDG_CONFIG_HOME:-$HOME/.config}/pip/pip.conf" 2>/dev/null > "$pip" || true
  [ -s "$pip" ] && set -- "$@" --secret "id=pip,src=$pip"
  [ -e "$HOME/.npmrc" ] && set -- "$@" --secret "id=npm,src=$HOME/.npmrc"
  [ -e /etc/ssl/certs/ca-certificates.crt ] && set -- "$@" --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt
  revision=$(git -C "$source" rev-parse HEAD 2>/dev/null || echo unknown)
  build "$name" "$key" --ignorefile "$source/services/Dockerfile.dockerignore" "$@" \
    --build-arg "REVISION=$revision" -f "$source/services/Dockerfile" "$source"
  container=$(store from --pull-never "$name")
  cp "$(store mount "$container")/opt/isocenter/share/doc/sbom.cdx.json" "${archive%.tar}.cdx.json"
  store rm "$container" >/dev/null
  save "$name" "$archive"
  echo "built: $name, $(du -m "$archive" | cut -f 1) MB" >&2
fi
echo "$archive"
