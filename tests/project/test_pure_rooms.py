"""Pure rooms take values and return values: they touch no file, no clock, and no process.

What import-linter can hold (network, database, `time`) is in its contract, whose list of rooms this
test goes by.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.project.source import Module, import_contracts, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOMS = import_contracts()["Pure rooms touch no network, no database and no clock"][
    "source_modules"
]
OUTSIDE = {
    *("fcntl", "fileinput", "glob", "mmap", "os", "pathlib", "shutil", "tempfile", "upath"),
    *("asyncio", "multiprocessing", "random", "secrets", "signal", "socket", "subprocess"),
    *("sched", "threading", "time"),
    *("target_constant_contact.data_folder", "target_constant_contact.files"),
    "target_constant_contact.waiting",
}
FILE_CALLS = {
    *("open", "read_bytes", "read_text", "write_bytes", "write_text"),
    *("chmod", "iterdir", "mkdir", "rmdir", "touch", "unlink"),
}
CLOCK_CALLS = {"now", "today", "utcnow"}


def pure_modules() -> list[Module]:
    return [
        module
        for module in modules()
        if any(f"{module.name}.".startswith(f"{room}.") for room in ROOMS)
    ]


def test_every_pure_room_is_there():
    names = [module.name for module in pure_modules()]
    assert all(any(f"{name}.".startswith(f"{room}.") for name in names) for room in ROOMS)


@pytest.mark.parametrize("module", pure_modules(), ids=lambda module: module.name)
def test_a_pure_room_touches_nothing_outside(module):
    assert list(breaches(module.tree)) == []


def breaches(tree: ast.Module) -> Iterator[str]:
    """What code does that reaches out of its process; imports for the type checker do not."""
    for node in running(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if called in FILE_CALLS | CLOCK_CALLS:
                yield f"line {node.lineno} calls {ast.unparse(node.func)}"
            continue
        else:
            continue
        for name in sorted({name for name in names if name in OUTSIDE or top(name) in OUTSIDE}):
            yield f"line {node.lineno} imports {name}"


def top(name: str) -> str:
    return name.partition(".")[0]


def running(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``."""
    yield node
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    children = node.orelse if is_for_types else ast.iter_child_nodes(node)
    for child in children:
        yield from running(child)


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "import os.path",
        "from os import path",
        "from pathlib import Path",
        "import time as t",
        "from target_constant_contact.files import write_private_bytes",
        "from target_constant_contact import files",
        "text = open('x').read()",
        "text = io.open('x')",
        "text = path.read_text()",
        "path.write_bytes(b'')",
        "day = datetime.now(UTC)",
        "day = date.today()",
        "def f():\n    import os",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import os",
    ],
)
def test_what_reaches_out_is_seen(line):
    assert list(breaches(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    [
        "import io",
        "from datetime import date",
        "from target_constant_contact.contacts.contact import Contact",
        "if TYPE_CHECKING:\n    from pathlib import Path",
        "text = text.replace('a', 'b')",
        "self.opened(batch)",
    ],
)
def test_what_stays_inside_is_allowed(line):
    assert not list(breaches(ast.parse(line)))
