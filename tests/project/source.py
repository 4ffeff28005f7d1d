"""The package's source, as tests of its shape read it."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import target_constant_contact

PACKAGE = Path(target_constant_contact.__file__).parent
PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One file of source."""

    name: str
    text: str

    @functools.cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def length(self) -> int:
        return len(self.text.splitlines())

    @functools.cached_property
    def comments(self) -> dict[int, str]:
        """The comments by line; a mark for a linter is none."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        found = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
        return {line: text for line, text in found.items() if not is_mark(text)}

    @property
    def marks(self) -> int:
        """How often a linter or the type checker is told to look away."""
        return sum(map(is_mark, self.text.splitlines()))


def is_mark(line: str) -> bool:
    return "# noqa" in line or "# type: ignore" in line


@functools.cache
def modules() -> tuple[Module, ...]:
    """All modules of the package, under their dotted names."""
    return tuple(
        Module(_dotted(path), path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    )


def _dotted(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


@functools.cache
def import_contracts() -> dict[str, Any]:
    """The contracts of import-linter by name."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["name"]: each for each in settings["tool"]["importlinter"]["contracts"]}
