#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage (root): install-packages.sh PACKAGE...   Installs without questions and without starting a daemon, now or at the
# next boot: the project starts its own Kamailio and sshd, and the packaged ones would hold ports and serve strangers.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
policy=/usr/sbin/policy-rc.d
daemons=
for pair in kamailio:kamailio lldpd:lldpd openssh-server:ssh; do
    dpkg-query --show --showformat='${db:Status-Status}' "${pair%:*}" 2>/dev/null | grep -qx installed ||
        daemons="$daemons ${pair#*:}"
done

if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
wait_for_lock='-o DPkg::Lock::Timeout=300'
apt-get $wait_for_lock update
apt-get $wait_for_lock install --yes --no-install-recommends "$@"

for daemon in $daemons; do
    if [ -e "/lib/systemd/system/$daemon.service" ] && command -v systemctl >/dev/null; then
        systemctl disable "$daemon.service"
    fi
done
