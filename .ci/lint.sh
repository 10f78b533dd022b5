#!/usr/bin/env bash
# Style, walls and types. Walls and types are checked on the unpacked wheel: neither tool can see through the mapping
# of folders to subpackages in an editable install. Everything is checked, whatever fails first.
set -euo pipefail

venv="$(realpath "${1:-.venv}")"
cd "$(dirname "$0")/.."
root="$PWD"
status=0

check() {
    local name="$1"
    shift
    if "$@"; then printf 'lint: %s: good\n' "$name"; else printf 'lint: %s: FAILED\n' "$name" >&2; status=1; fi
}

check "ruff check" "$venv/bin/ruff" check --quiet .
check "ruff format" "$venv/bin/ruff" format --check --quiet .

# The wheel is built from a copy: setuptools would leave a build/ folder here and put its stale files into the next one.
scratch="$root/build/lint"
rm -rf "$scratch"
mkdir -p "$scratch/source" "$scratch/wheel"
find . -maxdepth 1 -type f -exec cp -t "$scratch/source" {} +
cp -R nngen compiler sim flows cells templates "$scratch/source"
"$venv/bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
    --wheel-dir "$scratch" "$scratch/source" </dev/null
"$venv/bin/python" -m zipfile -e "$scratch"/*.whl "$scratch/wheel"
cp pyproject.toml "$scratch/wheel/"
cd "$scratch/wheel"
check "walls" "$venv/bin/lint-imports" --no-cache --no-logo
check "mypy" "$venv/bin/mypy" --strict --config-file pyproject.toml --cache-dir "$root/.mypy_cache" -p nngen

exit "$status"
