#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Starts set-up with $PYTHON; a Debian without Python gets it first.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-/usr/bin/python3}
if ! command -v "$python" >/dev/null; then
    if [ "$(id -u)" != 0 ] || [ "$python" != /usr/bin/python3 ]; then
        echo "set-up: no interpreter at $python" >&2
        echo "mend:   as root: apt-get install python3, or name another with PYTHON=" >&2
        exit 1
    fi
    sh rootfs/setup/install-packages.sh python3 ca-certificates
fi
exec "$python" -m rootfs.setup
