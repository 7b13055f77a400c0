#!/bin/sh
# root.sh config NAME: how an image is run, as JSON. root.sh mount NAME: a container's name and where its root lies.
# root.sh unmount CONTAINER: away with it. What is mounted is a copy on write: the image stays as it was built.
set -eu
# shellcheck source=tests/support/images/store.sh
. "$(dirname "$0")/store.sh"
need buildah
alone
case $1 in
config) store inspect --type image "$2" ;;
mount)
  container=$(store from --pull-never "$2")
  echo "$container"
  store mount "$container"
  ;;
unmount) store rm "$2" >/dev/null ;;
esac
