# Sourced by the other scripts: virtual environments that are made once and kept up to date.
# shellcheck shell=bash

export PIP_DISABLE_PIP_VERSION_CHECK=1

# The first Python on PATH that the project runs on and that can make virtual environments.
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c '
import sys, venv, ensurepip
sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "No suitable Python found: install Python 3.11 to 3.14 with its venv module." >&2
    return 1
}

# make_venv FOLDER: make it unless it is there and works.
make_venv() {
    local python
    if ! "$1/bin/python" -c 'import pip' 2>/dev/null; then
        python=$(find_python)
        echo "Making $1 ..." >&2
        "$python" -m venv --clear "$1"
    fi
}

# once STAMP CONTENT COMMAND...: run the command unless it was last done for the same content.
once() {
    local stamp=$1 content=$2
    shift 2
    if [[ ! -f $stamp || $(<"$stamp") != "$content" ]]; then
        rm -f "$stamp"
        "$@"
        printf '%s\n' "$content" >"$stamp"
    fi
}

# A text that differs when one of the files does, or the folder that an editable install points to.
fingerprint() {
    pwd
    cksum "$@"
}
