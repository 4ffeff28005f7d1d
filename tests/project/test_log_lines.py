"""Lines of the log that say a number have it in their fields, too, for programs."""

from __future__ import annotations

import ast
import logging
import re
from typing import TYPE_CHECKING

from target_constant_contact.log_fields import Fields
from tests.project.source import Module, modules

if TYPE_CHECKING:
    from collections.abc import Iterator

_LEVELS = {"debug", "info", "warning", "error", "log"}
_NUMBER = re.compile(r"%[\d.+-]*[dfgi]")
_WRITES_NUMBERS = {"counted", "round", "len"}

# What structlog and Meltano put into an event themselves.
_TAKEN = {
    *("event", "level", "timestamp", "name", "logger", "extra", "message", "exc_info"),
    *("stack_info", "exception", "pid", "thread_name", "app_name", "plugin_logger", "stdio"),
    *("producer", "consumer", "string_id", "cmd_type", "job_name", "run_id", "metric_info"),
    *("plugin_exception", "install_state", "stack", "sinfo", "positional_args"),
}


def test_every_line_with_a_number_has_fields():
    assert [line for module in modules() for line in without_fields(module)] == []


def test_what_is_put_beside_a_line_is_fields_and_nothing_else():
    """They are redacted, and have the words that are documented."""
    assert [line for module in modules() for line in other_extra(module)] == []


def test_no_field_has_a_name_that_python_singer_sdk_or_meltano_use_otherwise():
    """Python and structlog raise an error for some of them; others would hide something."""
    assert Fields.__optional_keys__ & {*vars(logging.makeLogRecord({})), *_TAKEN} == set()


def log_calls(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            logger = ast.unparse(node.func.value)
            if node.func.attr in _LEVELS and logger.endswith("logger"):
                yield node


def extra_of(call: ast.Call) -> ast.expr | None:
    return next((each.value for each in call.keywords if each.arg == "extra"), None)


def without_fields(module: Module) -> Iterator[str]:
    for call in log_calls(module):
        if extra_of(call) is None and any(says_number(arg) for arg in call.args):
            yield f"{module.name}:{call.lineno}"


def other_extra(module: Module) -> Iterator[str]:
    for call in log_calls(module):
        extra = extra_of(call)
        if extra is not None and not ast.unparse(extra).startswith(
            ("fields(", "fields_of(", "told")
        ):
            yield f"{module.name}:{call.lineno}"


def says_number(written: ast.expr) -> bool:
    """Whether an argument of a call puts a number into the line."""
    return any(
        (isinstance(node, ast.FormattedValue) and node.format_spec is not None)
        or (isinstance(node, ast.Call) and ast.unparse(node.func) in _WRITES_NUMBERS)
        or (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and bool(_NUMBER.search(node.value))
        )
        for node in ast.walk(written)
    )
