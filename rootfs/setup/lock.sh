#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: lock.sh [uv options, such as --upgrade-package NAME]   Pins every package named in pyproject.toml, with hashes, for
# every Python from 3.11 on, and has Buildroot's wheels follow. What is already pinned stays as it is unless --upgrade or
# --upgrade-package says otherwise.
set -eu
cd "$(dirname "$0")/../.."
python=${PYTHON:-/usr/bin/python3}
tool=build/lock-venv
[ -x "$tool/bin/uv" ] || { "$python" -m venv "$tool" && "$tool/bin/pip" install --quiet uv; }
compile() {
    "$tool/bin/uv" pip compile --universal --python-version 3.11 --python "$python" --generate-hashes \
        --no-emit-index-url --no-header --quiet "$@"
}
compile pyproject.toml --group test --group build --output-file rootfs/packages/python.lock "$@"
compile --group pyproject.toml:build --constraints rootfs/packages/python.lock --output-file rootfs/packages/python-build.lock
if [ -x build/venv/bin/python ]; then build/venv/bin/python -m rootfs.buildroot.wheels; fi
git diff --stat -- rootfs/packages buildroot-config/package/branchline-wheels
