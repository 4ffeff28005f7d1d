"""Whatever somebody writes into the database in the place of a report, there is a page of it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from target_constant_contact.pages.run_page import render_run
from target_constant_contact.pages.runs_page import render_runs
from tests.support import reports

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**62, -(2**62), 10**30, -1, 0])
    | st.floats()
    | st.text(max_size=30)
    | st.sampled_from(["<b>", "load", "sweep", "0001-01-01T00:00:00+00:00", "failed"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
WHOLE = reports.document(swept=[reports.swept()], warnings=["look"], unsettled_imports=[])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for name, inner in members:
        found.append((*path, name))
        if isinstance(inner, (dict, list)):
            found += _places(inner, (*path, name))
    return found


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _with(copy[path[0]], path[1:], new)
    return copy


@settings(max_examples=300)
@given(st.lists(st.tuples(st.sampled_from(_places(WHOLE)), VALUES), min_size=1, max_size=4))
def test_a_report_with_anything_in_it_has_a_page(changes):
    document = WHOLE
    for path, new in changes:
        try:
            document = _with(document, path, new)
        except (KeyError, IndexError, TypeError, ValueError):
            continue  # Another change has taken that place away.
    past = reports.of_document(document)

    for page in (
        render_run(past),
        render_runs([past, reports.past()], place="/data", link=lambda _: ""),
    ):
        assert page.startswith("<!doctype html>")
        assert "<b>" not in page
