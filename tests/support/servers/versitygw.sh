#!/bin/sh
# Versity's S3 gateway on a folder: a second S3 store, to see what MinIO does that others do not. It never syncs.
exec "$(dirname "$0")/install_go.sh" versitygw 1.8.0 github.com/versity/versitygw/cmd/versitygw
