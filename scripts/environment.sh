# Sourced by the other scripts: virtual environments that are made once and kept up to date.
# shellcheck shell=bash

export PIP_DISABLE_PIP_VERSION_CHECK=1

# The versions of Python that the project is tested on, the newest first: those of its classifiers.
tested_pythons() {
    sed -n 's/.*"Programming Language :: Python :: \(3\.[0-9]*\)".*/\1/p' pyproject.toml |
        sort -t . -k 2 -rn
}

# find_python [VERSION]: a Python on PATH that the project runs on, python3 before all others; or one
# of a version such as 3.13, which may also be one of pyenv's.
find_python() {
    local candidate
    if (($#)); then
        set -- "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python
    else
        # shellcheck disable=SC2046
        set -- python3 $(tested_pythons | sed 's/^/python/') python
    fi
    for candidate in "$@"; do
        if "$candidate" -c '
import sys, venv, ensurepip
sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    echo "No suitable Python ($*): install Python 3.11 or later with its venv module." >&2
    return 1
}

# make_venv FOLDER [VERSION]: make it, with this version of Python, unless it is there and works.
make_venv() {
    local python
    if ! "$1/bin/python" -c '' 2>/dev/null; then
        python=$(find_python "${@:2}")
        echo "Making $1 ..." >&2
        "$python" -m venv --clear --without-pip "$1"
    fi
}

# install_into FOLDER WHAT...: put packages into a virtual environment. All share one pip, since to
# install and to upgrade it takes longer than to install many a package.
install_into() {
    have_pip
    .venv-pip/bin/python -m pip --python "$1/bin/python" install -qq "${@:2}"
}

have_pip() {
    make_venv .venv-pip
    # Dependency groups came with pip 25.1.
    once .venv-pip/pip.stamp 'pip>=25.1' install_pip 'pip>=25.1'
}

install_pip() {
    .venv-pip/bin/python -m ensurepip >/dev/null
    .venv-pip/bin/python -m pip install -qq "$1"
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

# Make .venv with Meltano in it, of the series that the project is tried with.
have_meltano() {
    make_venv .venv
    once .venv/meltano.stamp 'meltano~=4.4' install_meltano 'meltano~=4.4'
}

install_meltano() {
    echo "Installing Meltano ..." >&2
    install_into .venv --no-compile "$1"
}

# A text that differs when one of the files does, or the folder that an editable install points to.
fingerprint() {
    pwd
    cksum "$@"
}
