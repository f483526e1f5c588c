#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage (root): install-packages.sh PACKAGE...   Installs without questions and without starting a daemon: the project
# starts its own Kamailio from its own configuration, and the packaged one would hold port 5060.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
policy=/usr/sbin/policy-rc.d
had_kamailio=no
dpkg-query --show --showformat='${db:Status-Status}' kamailio 2>/dev/null | grep -qx installed && had_kamailio=yes

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
wait_for_lock='-o DPkg::Lock::Timeout=300'
apt-get $wait_for_lock update
apt-get $wait_for_lock install --yes --no-install-recommends "$@"

if [ "$had_kamailio" = no ] && [ -e /lib/systemd/system/kamailio.service ] && command -v systemctl >/dev/null; then
    systemctl disable kamailio.service
fi
