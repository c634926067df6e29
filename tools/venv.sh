#!/usr/bin/env bash
# Make the virtual environment: venv.sh PYTHON DIRECTORY. Says what is missing and how to get it.
set -euo pipefail

python=${1:-}
directory=${2:?which directory}

if [ -z "$python" ]; then
    echo "no python3 found: install Python 3.11 or later (Debian: apt-get install python3 python3-venv)" >&2
    exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "$("$python" --version) is too old: Hotline needs Python 3.11 or later (make PYTHON=/path/to/python3.11)" >&2
    exit 1
fi
if [ -x "$directory/bin/python" ] && "$directory/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

# Debian ships venv without pip unless python3-venv is installed.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing python3-venv"
        apt-get update -qq </dev/null || true
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv </dev/null >/dev/null
    else
        echo "this Python cannot make virtual environments: apt-get install python3-venv" >&2
        exit 1
    fi
fi
echo "making $directory with $("$python" --version)"
"$python" -m venv "$directory"
