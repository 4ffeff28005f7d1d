"""Sessions of nox: the scripts, under the names that one looks for.

Each script has its own virtual environment, so nox makes none. Arguments behind ``--`` go to the
script, such as ``nox -s 'tests(3.13)' -- tests/unit -q``.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "none"
nox.options.sessions = ["tests", "lint", "docs"]

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
"""Those of the classifiers."""
_FIND = ". scripts/environment.sh && find_python "


@nox.session
@nox.parametrize("version", PYTHONS, ids=PYTHONS)
def tests(session: nox.Session, version: str) -> None:
    """Run the tests, on each Python that is installed."""
    found = session.run(
        "bash", "-c", _FIND + version, external=True, silent=True, success_codes=[0, 1]
    )
    if "No suitable Python" in str(found):
        session.skip(f"there is no Python {version} here")
    session.run("scripts/test", "--python", version, *session.posargs, external=True)


@nox.session
def pages(session: nox.Session) -> None:
    """Look at the pages of runs in a browser."""
    session.run("scripts/test-pages", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Look the code and the project's files over."""
    session.run("scripts/lint", *session.posargs, external=True)


@nox.session
def types(session: nox.Session) -> None:
    """Check the types only."""
    session.run("scripts/lint", "mypy", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site."""
    session.run("scripts/docs", *session.posargs, external=True)


@nox.session
def benchmark(session: nox.Session) -> None:
    """Measure the target beside a stock singer-sdk target."""
    session.run("scripts/benchmark", *session.posargs, external=True)
