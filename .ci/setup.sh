#!/usr/bin/env bash
# Makes the environment named by the first argument (default .venv): Debian packages that are missing, a venv,
# nngen itself with the extra `test`. Running it again changes nothing.
set -euo pipefail

venv="${1:-.venv}"
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# --- Debian packages, by the program that each brings ---------------------------------------------------------------

find_python() {  # the first Python that is new enough; PYTHON=… goes first
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

has_c_library() {
    printf '#include <stdint.h>\n#include <stdlib.h>\nint main(void) { return 0; }\n' |
        gcc -x c -fsyntax-only - 2>/dev/null
}

missing=()
command -v iverilog >/dev/null && command -v vvp >/dev/null || missing+=(iverilog)
command -v yosys >/dev/null || missing+=(yosys)
command -v gcc >/dev/null || missing+=(gcc)
has_c_library || missing+=(libc6-dev)
command -v g++ >/dev/null || missing+=(g++) # Verilator compiles what it makes
command -v make >/dev/null || missing+=(make)
command -v perl >/dev/null || missing+=(perl)
command -v python3 >/dev/null || missing+=(python3)
if python="$(find_python)"; then
    "$python" -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
elif ! command -v python3 >/dev/null; then
    missing+=(python3-venv)
fi

# Only tests and checks of report pages and of netlists need these: where they cannot be installed, they are skipped.
has_ngspice_library() {
    compgen -G '/usr/lib/*/libngspice.so*' >/dev/null || compgen -G '/usr/*/lib/libngspice.*' >/dev/null
}

wanted=()
command -v chromium >/dev/null || wanted+=(chromium)
command -v ngspice >/dev/null || wanted+=(ngspice)
has_ngspice_library || wanted+=(libngspice0)
command -v netgen-lvs >/dev/null || wanted+=(netgen-lvs)

as_root=()
can_install() {
    command -v apt-get >/dev/null || return 1
    [[ "$(id -u)" == 0 ]] && return 0
    as_root=(sudo -n)
    command -v sudo >/dev/null && sudo -n true 2>/dev/null
}

install() {
    say "installing $*"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends "$@" </dev/null >/dev/null
}

if ((${#missing[@]} + ${#wanted[@]})); then
    if can_install; then
        "${as_root[@]}" apt-get -qq update </dev/null
        if ((${#missing[@]})); then install "${missing[@]}"; fi
        if ((${#wanted[@]})); then install "${wanted[@]}" || say "without ${wanted[*]}: tests with them are skipped"; fi
    elif ! ((${#missing[@]})); then
        say "without ${wanted[*]}: tests with them are skipped"
    elif ! command -v apt-get >/dev/null; then
        fail "missing: ${missing[*]} (named as in Debian), and there is no apt-get here; install them, then run make setup again"
    else
        fail "missing: ${missing[*]}; run: sudo apt-get update && sudo apt-get install ${missing[*]}; then make setup again"
    fi
fi

# --- Python ---------------------------------------------------------------------------------------------------------

python="$(find_python)" || fail "Python must be 3.11 or newer, not $(python3 -c \
    'import platform; print(platform.python_version())' 2>/dev/null || echo absent); name one: make setup PYTHON=python3.12"

if [[ -d "$venv" && ! -f "$venv/pyvenv.cfg" && -n "$(ls -A "$venv")" ]]; then
    fail "$venv exists and is no virtual environment; name another: make setup VENV=…"
fi
if ! "$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    say "making $venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" ||
        fail "$python cannot make a virtual environment; on Debian: sudo apt-get install python3-venv"
fi

say "installing nngen and its Python packages into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --editable '.[test]' </dev/null
say "done; nothing is left to do until pyproject.toml or setup.py changes"
