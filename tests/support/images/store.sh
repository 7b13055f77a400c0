# Sourced by the scripts beside it: where images lie, and how they are built without a daemon. Needs root and buildah.
# shellcheck shell=sh
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/isocenter
images=$cache/images
python_base=docker.io/library/python:3.11-slim-bookworm
node_base=docker.io/library/node:20-bookworm-slim

need() { # TOOL...: ends the script, with success on a laptop, when one is missing
  for tool in "$@"; do
    if ! command -v "$tool" >/dev/null || [ "$(id -u)" != 0 ]; then
      echo "images are not built: that needs root and $tool" >&2
      [ -n "${CI:-}" ] && exit 1
      exit 0
    fi
  done
}

alone() { # one build at a time: the second finds what the first has made
  mkdir -p "$images"
  exec 9>"$images/lock"
  flock 9
}

store() { # WORD...: buildah with a store of our own; nothing that it starts holds the lock
  buildah --root "$images/store" --runroot "$images/run" --storage-driver overlay "$@" 9>&-
}

build() { # NAME KEY WORD...: build an image that says what it was built of
  name=$1 key=$2
  shift 2
  store bud --quiet --isolation chroot --network host --pull-never --layers --format oci --timestamp 0 \
    --label "isocenter.built-of=$key" --tag "$name" "$@" >&2
}

built() { # NAME KEY: is there an image of this name, built of this?
  [ "$(store inspect --type image --format '{{index .OCIv1.Config.Labels "isocenter.built-of"}}' "$1" 2>/dev/null)" = "$2" ]
}

save() { # NAME FILE: an archive that containerd, podman and skopeo read; whole or not at all
  rm -f "$2.part"
  store push --quiet "$1" "docker-archive:$2.part:$1" >&2
  mv "$2.part" "$2"
  # the one before may be in use, older ones are not
  ls -t "${2%-*}"-*.tar | tail -n +3 | while read -r old; do rm -f "$old" "${old%.tar}.cdx.json"; done
  # what builds leave behind, once it is much; the next one has no layers to begin with, and what is in use stays
  [ "$(store images --quiet --all | wc -l)" -lt 400 ] || store rmi --prune >/dev/null 2>&1 || true
}

key_of() { # hash of what comes in
  sha256sum | cut -c 1-12
}
