"""Streams that no tap should write: every row is accounted for, or one clear error is said.

Each example is a mostly good stream, broken in some places, that goes through the whole target into
a sandbox. Whatever it is, there is no traceback, no address in the log, and no STATE beyond the
rows that have landed or are in the rejects file.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from singer_sdk.singerlib.json import deserialize_json, serialize_json

from target_constant_contact.program import report_error
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.singer.target import TargetConstantContact
from tests.support.target import read_rejects, read_report, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.timeout(900), pytest.mark.no_cover, pytest.mark.long]
"""Coverage is measured by the other tests; here it would halve the number of examples."""

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "30"))
"""Of each of the tests below."""

STREAMS = ("members", "others")
BUG = re.compile(r"Unexpected \w+ in ")
ADDRESS = re.compile(r"\bfuzz\d+@example")
PROPERTIES = {
    "email": {"type": ["null", "string"]},
    "name": {"type": ["null", "string"]},
    "born": {"type": ["null", "string"], "format": "date"},
    "list": {"type": ["null", "string"]},
    "deep": {"type": "object", "properties": {"city": {"type": "string"}}},
}

# Values and messages

people = st.integers(0, 9).map(lambda number: f"fuzz{number}@example.com")
texts = st.sampled_from(
    ["", " ", "Ann", "Ann " * 40, "x" * 300, "Zoë", "\u0000", "\ud83d\ude00", "a\nb", "null"]
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(),
    texts,
    st.text(max_size=20).filter(lambda text: not _has_surrogates(text)),
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


good_records = st.fixed_dictionaries(
    {"email": people},
    optional={
        "name": st.sampled_from(["Ann", "Bob"]),
        "born": st.sampled_from(["1980-02-29", "1990-01-01"]),
        "list": st.sampled_from(["Newsletter", "Loyalty members", "Newsletter, Loyalty members"]),
        "deep": st.just({"city": "Oslo"}),
    },
)
odd_records = st.dictionaries(
    st.sampled_from([*PROPERTIES, "", "other", "_sdc_deleted_at"]), anything, max_size=6
)


def message(kind: str, **members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries({"type": st.just(kind), **members})


streams = st.sampled_from(STREAMS)
good_schema = st.fixed_dictionaries({"type": st.just("object"), "properties": st.just(PROPERTIES)})
odd_schema = st.one_of(
    anything,
    st.fixed_dictionaries({"properties": st.dictionaries(texts | st.just("email"), anything)}),
    st.just({"type": "object", "properties": {}}),
    st.just({"type": "object", "properties": {"email": {}}}),
)
schemas = message("SCHEMA", stream=streams, schema=good_schema, key_properties=st.just([]))
records = message("RECORD", stream=streams, record=good_records)
states = message("STATE", value=st.fixed_dictionaries({"bookmark": st.integers(0, 999)}))
odd_messages = st.one_of(
    message("SCHEMA", stream=streams, schema=odd_schema, key_properties=anything),
    message("RECORD", stream=streams | anything, record=odd_records | anything),
    message("RECORD", stream=st.just("unknown"), record=good_records),
    message("STATE", value=anything),
    message("ACTIVATE_VERSION", stream=streams | anything, version=anything),
    message("BATCH", stream=streams, encoding=anything, manifest=anything),
    message("SPEED", value=anything),
    st.fixed_dictionaries({"type": anything}),
    anything,
)
odd_records_in_place = message("RECORD", stream=streams, record=odd_records)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


@st.composite
def broken_streams(draw: st.DrawFn) -> bytes:
    """A good beginning, then good and odd messages in any order; sometimes broken as bytes."""
    lines = [_line({"type": "SCHEMA", "stream": name, "schema": {"properties": PROPERTIES}})
             for name in draw(st.permutations(STREAMS))]  # fmt: skip
    body = draw(
        st.lists(
            st.one_of(records, records, records, states, odd_records_in_place, schemas), max_size=12
        )
    )
    lines += map(_line, body)
    for odd in draw(st.lists(odd_messages, max_size=2)):
        lines.insert(draw(st.integers(0, len(lines))), _line(odd))
    text = b"".join(lines)
    return draw(st.one_of(st.just(text), st.just(text), _broken(text)))


def _broken(text: bytes) -> st.SearchStrategy[bytes]:
    """Cut somewhere, or with bytes put in that are no UTF-8 or no JSON."""
    places = st.integers(0, len(text))
    junk = st.sampled_from(
        [b"\xff", b"\xed\xa0\x80", b"\x00", b"\n", b"}", b"NaN", b'"', b"\xef\xbb\xbf"]
    )
    return st.one_of(
        places.map(lambda place: text[:place]),
        st.tuples(places, junk).map(lambda cut: text[: cut[0]] + cut[1] + text[cut[0] :]),
    )


# Running


@pytest.fixture(scope="module")
def account() -> Iterator[Sandbox]:
    """One account for all examples; what lands is looked up in the reports."""
    with Sandbox(behaviour=Behaviour(seconds_to_start=0, seconds_to_finish=0)) as sandbox:
        yield sandbox


class Run:
    """The target, run with a stream."""

    def __init__(self, account: Sandbox, text: bytes, **options: Any) -> None:
        log, stdout = io.StringIO(), io.StringIO()
        handler = logging.StreamHandler(log)
        root = logging.getLogger()
        root.addHandler(handler)
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            config = settings_for(account, data, lists="Newsletter", **options)
            try:
                with redirect_stdout(stdout):
                    self.exit_code = self._listen(config, text)
            finally:
                root.removeHandler(handler)
            folders = list(data.glob("runs/*"))
            self.report = read_report(folders[0]) if folders else {}
            self.rejected = read_rejects(folders[0]) if folders else []
        self.log = log.getvalue()
        self.states = [json.loads(line) for line in stdout.getvalue().splitlines()]

    @staticmethod
    def _listen(config: dict[str, Any], text: bytes) -> int:
        stdin = io.TextIOWrapper(io.BytesIO(text), encoding="utf-8")
        try:
            TargetConstantContact(config=config).listen(stdin)
        except Exception as error:  # noqa: BLE001 - as the command line does
            return report_error(error)
        return 0

    def check(self, text: bytes) -> None:
        """Hold what was read against what was said of it."""
        assert "Traceback" not in self.log
        assert not BUG.search(self.log)
        assert not ADDRESS.search(self.log)
        if not self.report:
            assert self.exit_code
            assert not self.states
            return
        totals = dict(self.report["totals"])
        read, copies = totals.pop("read"), totals.pop("copies")
        assert read + copies == sum(totals.values())
        if self.exit_code == 0:
            assert not totals["unsettled"]
            assert read == text.count(b'"type": "RECORD"')
        rejected = [line for line in self.rejected if line["type"] == "RECORD"]
        assert len(rejected) >= totals["rejected"]
        self._check_states(text, read - totals["unsettled"])

    def _check_states(self, text: bytes, settled: int) -> None:
        """No STATE stands for more rows than have settled."""
        rows, after = 0, {}
        for line in text.split(b"\n"):
            rows += b'"type": "RECORD"' in line
            try:
                found = deserialize_json(line.decode())
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict) and found.get("type") == "STATE":
                # NaN and Infinity are no JSON, and go out as null; large numbers without exponent.
                after.setdefault(json.dumps(json.loads(serialize_json(found.get("value")))), rows)
        for state in self.states:
            assert after[json.dumps(state)] <= settled


quickly = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@quickly
@given(text=broken_streams())
def test_any_stream_is_accounted_for_or_refused_with_one_clear_line(account, text):
    Run(account, text).check(text)


@quickly
@given(text=broken_streams())
def test_so_it_is_with_lists_in_the_records_and_a_mapping(account, text):
    mapping = {"email": "email", "first_name": "name", "birthday": "born", "city": "deep.city"}
    options = {"lists_field": "list", "field_mapping": mapping, "batch_size_rows": 2}
    Run(account, text, **options).check(text)


@quickly
@given(text=broken_streams())
def test_so_it_is_with_the_tap_s_schema_checked_and_records_flattened(account, text):
    options = {"validate_records": True, "flattening_enabled": True, "flattening_max_depth": 2}
    Run(account, text, **options).check(text)
