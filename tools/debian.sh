#!/usr/bin/env bash
# See that the Debian packages of a list are there: debian.sh LIST. Each line is: package, program or path.
# As root it installs what is missing; otherwise it says what is missing and goes on: the tests that need it
# are then skipped with that reason, and fail when CI=true.
set -euo pipefail

list=${1:?which list}
missing=()

is_there() {
    case $1 in
        # A path may hold a pattern, because libraries lie under the machine's architecture.
        /*) compgen -G "$1" >/dev/null ;;
        *) PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null ;;
    esac
}

while read -r package sign _; do
    case $package in '' | '#'*) continue ;; esac
    is_there "$sign" || missing+=("$package")
done <"$list"

[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Debian packages: ${missing[*]}"
    apt-get update -qq </dev/null || echo "apt-get update failed; going on with the lists that are there" >&2
    if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null; then
        echo "could not install: ${missing[*]}" >&2
        exit 1
    fi
else
    echo "missing Debian packages, and not root to install them: apt-get install ${missing[*]}" >&2
fi
