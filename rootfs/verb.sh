#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Usage: verb.sh VERB CHECK...   Runs every check of a verb, also after one failed, and closes with `VERB: n of m passed`.
set -u
cd "$(dirname "$0")/.."
bin=build/venv/bin
verb=$1
shift

folders() { # those of the tree's folders that exist
    for folder in "$@"; do [ -d "$folder" ] && printf '%s ' "$folder"; done
}

check() {
    case $1 in
    ruff) $bin/ruff check --quiet . ;;
    format) $bin/ruff format --check --quiet . ;;
    imports) $bin/lint-imports --no-cache --no-logo ;;
    clang-format) git ls-files -z '*.c' '*.h' | xargs -0 --no-run-if-empty clang-format --dry-run --Werror ;;
    types) $bin/mypy $(folders appliance drivers dsp rootfs tests) ;;
    pytest) $bin/python -m tests.side_by_side ${ARGS:-} ;;
    soak) $bin/python -m tests.soak ${ARGS:-} ;;
    clean) rm -rf build && find $(folders appliance drivers dsp rootfs tests) \( -name __pycache__ -o -name '_*.so' \) -prune -exec rm -rf {} + ;;
    esac
}

passed=0
failed=
total=$#
for name in "$@"; do
    began=$(date +%s)
    if check "$name"; then
        passed=$((passed + 1))
    else
        failed="$failed $name"
        echo "-- $name failed after $(($(date +%s) - began)) s" >&2
    fi
done
echo "$verb: $passed of $total passed${failed:+; failed:$failed}"
[ "$passed" = "$total" ]
