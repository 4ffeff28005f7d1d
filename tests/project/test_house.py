"""Rooms that stay small: lengths of modules and functions, sizes of classes, and their layers."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.project.source import PACKAGE, Module, import_contracts, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
MOST_METHODS = 20
MOST_ATTRIBUTES = 10
MARKS_PER_1000_LINES = 2
PRINTERS = {f"target_constant_contact.commands.{name}" for name in ("asking", "common")}
PRINTING = {"print", "click.echo", "click.secho", "sys.stderr.write", "warnings.warn"}


def test_no_module_is_too_long():
    assert {each.name: each.length for each in modules() if each.length > LONGEST_MODULE} == {}


def test_no_function_is_too_long():
    assert [line for module in modules() for line in long_functions(module)] == []


def test_a_class_of_many_hands_says_why_beside_it():
    assert [line for module in modules() for line in large_classes(module)] == []


def test_linters_are_seldom_told_to_look_away():
    lines = sum(module.length for module in modules())
    marks = {module.name: module.marks for module in modules() if module.marks}
    assert sum(marks.values()) <= MARKS_PER_1000_LINES * lines / 1_000, marks


def test_the_packages_are_the_layers_of_the_import_rules():
    contract = import_contracts()["Imports run downwards only, along the way of a record"]
    layers = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    files = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert folders | files == layers


def test_all_that_is_printed_and_asked_goes_through_one_place_each():
    """There, names that others gave are redacted, so that no line of a command can forget it."""
    assert [line for module in modules() for line in printing(module)] == []


def printing(module: Module) -> Iterator[str]:
    """Calls that print what is not redacted; questions without a value in them are harmless."""
    if module.name in PRINTERS:
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            asks = called in {"click.prompt", "click.confirm"}
            if called in PRINTING or (asks and not isinstance(node.args[0], ast.Constant)):
                yield f"{module.name}:{node.lineno} {called}"


def long_functions(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield f"{module.name}:{node.lineno} {node.name} has {length} lines"


def large_classes(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and not has_reason(node, module):
            methods, attributes = methods_of(node), attributes_of(node)
            if len(methods) > MOST_METHODS:
                yield f"{module.name}:{node.lineno} {node.name} has {len(methods)} methods"
            if len(attributes) > MOST_ATTRIBUTES:
                yield f"{module.name}:{node.lineno} {node.name} has {len(attributes)} attributes"


def has_reason(node: ast.ClassDef, module: Module) -> bool:
    """Whether a comment stands directly above the class, or beside its first line."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return not module.comments.keys().isdisjoint((first - 1, node.lineno))


def methods_of(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [each for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]


def attributes_of(node: ast.ClassDef) -> set[str]:
    """Fields of a record, and what methods set on ``self``."""
    fields = {
        each.target.id
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        if "ClassVar" not in ast.unparse(each.annotation)
    }
    stored = {
        each.attr
        for method in methods_of(node)
        for each in ast.walk(method)
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store)
        if isinstance(each.value, ast.Name) and each.value.id == "self"
    }
    return fields | stored


# The rules themselves.

RECORD = "@dataclass\nclass Record:\n" + "".join(f"    a{n}: int\n" for n in range(11))
BUSY = "class Busy:\n" + "".join(f"    def m{n}(self):\n        self.a = {n}\n" for n in range(21))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (RECORD, ["m:2 Record has 11 attributes"]),
        (BUSY, ["m:1 Busy has 21 methods"]),
        (f"# Plain values.\n{RECORD}", []),
        (RECORD.replace("Record:", "Record:  # plain values"), []),
        (RECORD.replace("Record:", "Record:  # noqa: X - no reason for its size"), None),
        (f"# Far away.\n\n{RECORD}", None),
        ("class Few:\n    def __init__(self):\n        self.a, self.b = 1, 2\n", []),
    ],
)
def test_a_large_class_is_seen_unless_a_reason_stands_beside_it(text, found):
    lines = list(large_classes(Module("m", text)))
    assert bool(lines) if found is None else lines == found


def test_a_long_function_is_seen():
    body = "    pass\n" * LONGEST_FUNCTION
    assert list(long_functions(Module("m", f"def f():\n{body}"))) == ["m:1 f has 41 lines"]
    assert not list(long_functions(Module("m", f"def f():\n{body[9:]}")))


def test_marks_are_counted_and_comments_are_not():
    text = "a = 1  # noqa: A\nb = 2  # type: ignore[x]\nc = 3  # a reason\n"
    assert Module("m", text).marks == 2
    assert Module("m", text).comments == {3: "# a reason"}
