#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The guest's only program: the kernel's drivers, then our tests. What fails is run once more, and both are told.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1
exec </dev/null >/dev/ttyS0 2>&1
# While the guest waits for a disk its clock runs on: what must be on time is read before.
cp -rp /mnt /tmp/tree && cd /tmp/tree || exit
libraries=usr/lib/x86_64-linux-gnu
find /usr/bin/python3* /usr/lib/python3* /$libraries /srv/usr/sbin /srv/$libraries -type f -exec cat {} + >/dev/null
ip link set lo up
modprobe dahdi auto_assign_spans=1 # otherwise spans wait for numbers from outside
modprobe dahdi_dynamic
modprobe dahdi_dynamic_loc # a span is one end of a cable in memory
modprobe gpio-sim && mount -t configfs configfs /sys/kernel/config
modprobe snd-aloop
modprobe spi-lm70llp && modprobe parport_pc # an SPI bus on the parallel port, with no chip at its end
echo "GUEST: Linux $(uname -r), DAHDI $(cat /sys/module/dahdi/version), $(python3 --version), $(chroot /srv asterisk -V)"

wanted=$(sed -n 's/.* tests=\([^ ]*\).*/\1/p' /proc/cmdline | tr , ' ')

tests() { # name of the result, options
    result=$1
    shift
    python3 -m pytest -m 'vm or loopback' -o cache_dir=/tmp/pytest --durations=0 --tb=short --verbose --junit-xml="/media/$result.xml" "$@" ${wanted:-tests/vm tests/drivers/spi}
}
tests first || tests second --last-failed --last-failed-no-failures=none
dmesg >/media/dmesg
sync
echo o >/proc/sysrq-trigger
sleep 60
