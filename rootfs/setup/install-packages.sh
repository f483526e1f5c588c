#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage (root): install-packages.sh PACKAGE...   Installs without questions and without starting a daemon, now or at the
# next boot: the project starts its own Kamailio, and the packaged one would hold port 5060; lldpd is there for tests.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
policy=/usr/sbin/policy-rc.d
daemons=
for daemon in kamailio lldpd; do
    dpkg-query --show --showformat='${db:Status-Status}' $daemon 2>/dev/null | grep -qx installed || daemons="$daemons $daemon"
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
    [ -e "/lib/systemd/system/$daemon.service" ] && command -v systemctl >/dev/null && systemctl disable "$daemon.service"
done
exit 0
