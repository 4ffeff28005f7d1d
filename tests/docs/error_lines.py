"""Finding every error line in the source, so that the page of error lines cannot forget one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import target_constant_contact
import target_constant_contact.cli  # so that every error class exists
import target_constant_contact.commands.login
import target_constant_contact.run.run
from target_constant_contact.exceptions import TargetError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PACKAGE = Path(target_constant_contact.__file__).parent
GAP = "\0"
"""Stands for a value in the text of a line."""

_FEWEST_WORDS = 3
_NOT_TOLD = {"execute", "executescript", "import_module"}
"""Calls whose texts are for the machine."""
_PERCENT = re.compile(r"%[sdg]|%\.\d+f")

_Function = ast.FunctionDef


class ErrorLine(NamedTuple):
    """A line as the source builds it: the module, and the text with gaps for its values."""

    module: str
    text: str


class _Texts:
    """The texts that an expression can become, followed through names and functions."""

    def __init__(self, functions: dict[str, list[_Function]]) -> None:
        self._functions = functions
        self._seen: set[object] = set()

    def of(self, node: ast.AST, within: ast.AST) -> Iterator[str]:
        if (text := template(node)) is not None:
            yield text
        elif isinstance(node, ast.Name):
            yield from self._assigned(node.id, within)
        elif _called(node) not in _NOT_TOLD:
            if isinstance(node, ast.Call):
                yield from self._returned(node.func)
            for child in ast.iter_child_nodes(node):
                yield from self.of(child, within)

    def _assigned(self, name: str, within: ast.AST) -> Iterator[str]:
        if (name, within) in self._seen:
            return
        self._seen.add((name, within))
        for node in _nodes(within):
            if isinstance(node, ast.Assign | ast.AugAssign | ast.NamedExpr):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(t, ast.Name) and t.id == name for t in _flat(targets)):
                    yield from self.of(node.value, within)

    def _returned(self, function: ast.expr) -> Iterator[str]:
        name = getattr(function, "id", getattr(function, "attr", ""))
        for found in self._functions.get(name, ()):
            # A bare name (as the built-in `map`) never calls a method of that name.
            if found in self._seen or (isinstance(function, ast.Name) and _is_method(found)):
                continue
            self._seen.add(found)
            for node in _nodes(found):
                if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value:
                    yield from self.of(node.value, found)
                elif _called(node) == "append" and isinstance(node, ast.Call):
                    yield from self.of(node.args[0], found)


def template(node: ast.AST) -> str | None:
    """The text of a string or f-string, with gaps; ``None`` for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        return "".join(map(str, parts))
    return None


def error_lines() -> set[ErrorLine]:
    """Every line that ends a run or stands in the way of one."""
    modules = _modules()
    functions: defaultdict[str, list[_Function]] = defaultdict(list)
    for tree in modules.values():
        for node in _nodes(tree):
            if isinstance(node, _Function):
                functions[node.name].append(node)
    return {
        ErrorLine(module, text)
        for module, tree in modules.items()
        for text in _lines_of(tree, functions)
        if len(re.findall(r"[A-Za-z_]{2,}", text)) >= _FEWEST_WORDS
    }


def error_modules() -> set[str]:
    """Modules that make an error of this target."""
    return {
        module
        for module, tree in _modules().items()
        if any(_called(node) in _error_names() and not _passes_on(node) for node in _nodes(tree))
    }


def _passes_on(node: ast.AST) -> bool:
    """Whether it says what another error says."""
    arguments = node.args if isinstance(node, ast.Call) else []
    names = (each for argument in arguments for each in ast.walk(argument))
    return any(isinstance(each, ast.Name) and each.id == "error" for each in names)


@cache
def _modules() -> dict[str, ast.Module]:
    paths = (path for path in PACKAGE.rglob("*.py") if "sandbox" not in path.parts)
    return {
        str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8"))
        for path in paths
    }


def _lines_of(tree: ast.Module, functions: dict[str, list[_Function]]) -> Iterator[str]:
    for within in (node for node in _nodes(tree) if isinstance(node, _Function)):
        for node in _nodes(within):
            if not isinstance(node, ast.Call):
                continue
            if _called(node) in _error_names():
                for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                    yield from _Texts(functions).of(argument, within)
            elif _called(node) == "error":
                yield _PERCENT.sub(GAP, template(node.args[0]) or "")


@cache
def _nodes(tree: ast.AST) -> list[ast.AST]:
    return list(ast.walk(tree))


def _is_method(function: _Function) -> bool:
    """Whether it is called on something; a constructor's class is called by its own name."""
    first = [*function.args.posonlyargs, *function.args.args][:1]
    return bool(first) and first[0].arg in ("self", "cls")


@cache
def _error_names() -> set[str]:
    names, classes = {"UnknownListError"}, [TargetError]
    while classes:
        error = classes.pop()
        names.add(error.__name__)
        classes += error.__subclasses__()
    return names


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _flat(targets: Iterable[ast.expr]) -> Iterator[ast.expr]:
    for target in targets:
        if isinstance(target, ast.Tuple):
            yield from _flat(target.elts)
        else:
            yield target
