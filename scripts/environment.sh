# Sourced by the other scripts: makes .venv in the project and keeps it in step with pyproject.toml.
# Needs Python 3.11+ with pip and venv; $PYTHON names another interpreter.

project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
venv=$project/.venv

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Sets $python to the first interpreter that is new enough.
find_python() {
    for python in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            return
        fi
        if [ -n "${PYTHON:-}" ]; then
            fail "PYTHON=$PYTHON is not Python 3.11 or newer."
        fi
    done
    fail "Python 3.11 or newer is needed and none is on PATH; install it, or name it: PYTHON=/path/to/python3.11 $0"
}

make_venv() {
    find_python
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "$python comes without the venv module; on Debian and Ubuntu install the package python$version-venv" \
            "(apt install python$version-venv)."
    fi
    echo "Making the environment in $venv with $python." >&2
    "$python" -m venv --clear "$venv" || fail "$python could not make $venv."
}

# As pip does for what it copies, which an editable project is not. Containers often forbid Python to write bytecode by
# itself (PYTHONDONTWRITEBYTECODE): every process would compile all it imports, 0.2 s for the hub.
compile_source() {
    "$venv/bin/python" -m compileall -q "$project/src" >&2 || true # it runs all the same
}

# require EXTRAS: an environment with the project, editable, and these extras. A stamp beside it remembers what was
# installed for which pyproject.toml and place, so that a second run starts at once.
require() {
    stamp=$venv/installed-$1
    wanted="$project $(cksum <"$project/pyproject.toml")"
    if [ -x "$venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] &&
        "$venv/bin/python" -c '' 2>/dev/null; then
        compile_source
        return
    fi
    if ! "$venv/bin/python" -c 'import pip' 2>/dev/null; then
        make_venv
    fi
    echo "Installing remora-hub [$1] into $venv." >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$project[$1]" >&2 ||
        fail "pip could not install remora-hub; its message is above."
    printf '%s\n' "$wanted" >"$stamp"
    compile_source
}
