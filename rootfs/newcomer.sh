#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A newcomer's first hour: a clean Debian with git and make, a clone of the last commit, `make test`, `make demo`.
# SUITE=bookworm or trixie; the image is built of trixie.
# Everything runs in mount and process namespaces of its own: at the end no mount, no process and no file is left.
# The machine's own apt sources, certificates, pip settings and proxies are site settings, and are carried in; into a
# suite that is not the machine's own go its mirrors of Debian only, since other sources have packages of one suite.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
suite=${SUITE:-bookworm}

if [ "${1:-}" != inside ]; then
    case $suite in bookworm | trixie) ;; *)
        echo "newcomer: SUITE=$suite: not a Debian this is proved on: bookworm, trixie" >&2
        exit 1
        ;;
    esac
    [ "$(id -u)" = 0 ] || { echo "newcomer: a chroot needs root; run: sudo make newcomer" >&2; exit 1; }
    home=$(mktemp -d "${TMPDIR:-/var/tmp}/branchline-newcomer.XXXXXX")
    trap 'rm -rf --one-file-system "$home"' EXIT
    trap 'exit 130' INT TERM
    unshare --mount --pid --fork --kill-child --propagation private sh "$0" inside "$home" || exit $?
    exit 0
fi

chroot=$2/debian
clone=/srv/branchline # where every account may read: tests log in as some
passed=0
told=

mirrors() { # the machine's mirrors of Debian as sources of the suite: main, updates, security
    apt-get update --print-uris |
        sed -nE "s#^'(.*)/dists/$own_suite(-updates|-security)?/(In)?Release'.*#deb \1 $suite\2 main#p" | sort -u
}

site_settings() { # carry in what this site needs to reach its mirrors
    rm -f "$chroot/etc/apt/sources.list"
    sources="/etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/keyrings /usr/share/keyrings"
    [ "$suite" = "$own_suite" ] || { mirrors >"$chroot/etc/apt/sources.list" && sources=; }
    for kept in $sources /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/ssl/certs /usr/local/share/ca-certificates \
        /etc/pip.conf /root/.config/pip /etc/resolv.conf /etc/hosts; do
        [ -e "$kept" ] || continue
        mkdir -p "$chroot$(dirname "$kept")"
        cp -aL "$kept" "$chroot$(dirname "$kept")/" 2>/dev/null || cp -a "$kept" "$chroot$(dirname "$kept")/"
    done
}

mounts() {
    mount --bind "$chroot" "$chroot" # a root that is no mount cannot be left by a mount namespace (unshare, ip netns)
    mount -t proc proc "$chroot/proc"
    mount -t sysfs -o ro sysfs "$chroot/sys"
    mount --rbind /dev "$chroot/dev"
}

enter() { # run one command in the clone, with the site's proxies and certificates and nothing else of this environment
    environment=$(env | sed -nE 's/^((PIP_|SSL_CERT_)[A-Z_]*|[A-Za-z_]*_(proxy|PROXY)|REQUESTS_CA_BUNDLE)=.*/\1/p')
    set -- "cd $clone && $*"
    for name in $environment; do set -- "$@" "$name=$(printenv "$name")"; done
    command=$1
    shift
    chroot "$chroot" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" sh -c "$command" </dev/null
}

proof() { # name, command
    began=$(date +%s)
    echo "== newcomer: $2"
    if enter "$2"; then passed=$((passed + 1)); result=passed; else result=failed; fi
    told="$told; $1 $result in $(($(date +%s) - began)) s"
}

own_suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
mirror=$(mirrors | sed -nE "s#^deb (.*) $suite main#\1#p" | head -n 1)
[ -n "$mirror" ] || { echo "newcomer: apt names no mirror of $own_suite" >&2; exit 1; }
echo "== newcomer: a clean Debian $suite, commit $(git -C "$root" rev-parse --short HEAD)"
debootstrap --variant=minbase --include=ca-certificates,git,make "$suite" "$chroot" "$mirror" >"$2/debootstrap.log" 2>&1 ||
    { tail -n 20 "$2/debootstrap.log" >&2; echo "newcomer: debootstrap failed" >&2; exit 1; }
site_settings
mounts
git clone --quiet --no-hardlinks "$root" "$chroot$clone"
proof test "make test"
proof demo "make demo DEMO_SECONDS=30"
if [ "$passed" != 2 ]; then
    rm -rf "$root/build/newcomer-log"
    mkdir -p "$root/build"
    cp -a "$chroot$clone/build/log" "$root/build/newcomer-log" 2>/dev/null && echo "logs: build/newcomer-log" >&2
fi
echo "NEWCOMER: $suite: $passed of 2 passed$told"
[ "$passed" = 2 ]
