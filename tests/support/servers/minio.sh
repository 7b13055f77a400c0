#!/bin/sh
# MinIO, AGPLv3: a server of its own that the tests start, never part of the product. This is the last there is.
exec "$(dirname "$0")/install_go.sh" minio 20260212 github.com/minio/minio
