#!/bin/sh
# Builds .venv from requirements.lock: every package at its locked version, its hash checked. `make setup` calls it.
set -eu
cd "$(dirname "$0")/.."
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV UV_PROJECT_ENVIRONMENT  # of an environment that happens to be active
export PIP_DISABLE_PIP_VERSION_CHECK=1

suits() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

find_python() { # $PYTHON if that is set, and nothing else then
    for python in "${PYTHON:-python3}" ${PYTHON:-python3.13 python3.12 python3.11}; do
        if suits "$python"; then
            echo "$python"
            return
        fi
    done
    echo "nuqleus needs Python 3.11, 3.12 or 3.13 with its venv module; none was found on the PATH." >&2
    echo "Install one (python.org, apt install python3-venv, brew install python@3.13)," >&2
    echo "or name one: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
}

locked() { # the lines of requirements.lock that pin one package and its hashes
    awk -v start="$1==" 'index($0, start) == 1 { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock
}

with_uv() {
    locked uv > .venv/uv.lock
    .venv/bin/python -m pip install --quiet --require-hashes --no-deps -r .venv/uv.lock &&
        .venv/bin/uv pip install --python .venv/bin/python --compile-bytecode --require-hashes -r requirements.lock
}

with_pip() {
    echo "uv can't be used here; plain pip takes a few times longer."
    .venv/bin/python -m pip install --require-hashes -r requirements.lock
}

if ! suits .venv/bin/python; then
    python=$(find_python)
    "$python" -m venv --clear .venv
fi
with_uv || with_pip
.venv/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable .
