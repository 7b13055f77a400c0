#!/bin/sh
# Install the foreign programs that the tests talk to, from Debian's packages. Nothing here is part of the product.
# Without root or apt it says what is missing and succeeds: tests that need it then say so themselves.
set -eu
WANTED="buildah debootstrap runc dcmtk dicom3tools libgdcm-tools orthanc orthanc-dicomweb strace wrk curl chromium fonts-dejavu-core fonts-noto-cjk openssl prometheus containerd runc containernetworking-plugins iptables conntrack iproute2"
missing=""
for package in $WANTED; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
  echo "not installed (needs root and apt-get):$missing" >&2
  [ "${CI:-}" = true ] && exit 1
  exit 0
fi
# orthanc's package would start a server of its own: forbid that while installing
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
# shellcheck disable=SC2086
apt-get install -y -q --no-install-recommends $missing >/dev/null
echo "installed:$missing" >&2
