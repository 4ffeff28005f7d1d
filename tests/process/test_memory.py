"""Peak memory does not grow with the number of lists or of records."""

from __future__ import annotations

import json
from subprocess import Popen

import pytest

from target_constant_contact.sandbox import Behaviour, Sandbox
from tests.conftest import AT_ONCE
from tests.support.process import TargetProcess
from tests.support.target import TEXT, lines, record, schema, settings_for, state

MEMBERS, LISTS, MOST = 60_000, 1_000, 140
"""A run takes 108 MiB; half a kilobyte kept of each member would be too much."""


@pytest.mark.long
@pytest.mark.timeout(500)
@pytest.mark.no_cover
def test_60_000_members_over_1_000_lists_take_less_than_140_mebibytes(tmp_path):
    path = tmp_path / "members.singer.jsonl"
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        ids = [sandbox.create_list(f"List {number}") for number in range(LISTS)]
        with path.open("w") as file:
            file.write(json.dumps(schema("members", email=TEXT, name=TEXT, list=TEXT)) + "\n")
            for number in range(MEMBERS):
                row = {
                    "email": f"member{number}@example.com",
                    "name": f"Member number {number}",
                    "list": ids[number % LISTS],
                }
                message = {"type": "RECORD", "stream": "members", "record": row}
                file.write(json.dumps(message) + "\n")
            file.write(json.dumps(state("end")) + "\n")
        config = settings_for(sandbox, tmp_path / "data", lists_field="list")
        config["field_mapping"] = {"email": "email", "first_name": "name"}
        target = TargetProcess(config, tmp_path, "--input", str(path), start=Popen).start()
        assert target.wait(400) == 0, target.stderr[-2_000:]
        assert len(sandbox.members(ids[7])) == MEMBERS // LISTS
    assert target.states == ["end"]
    assert f"{MEMBERS:,} read = {MEMBERS:,} landed" in target.stderr
    assert 0 < target.peak_kilobytes < MOST * 1024
    print(f"peak memory: {target.peak_kilobytes / 1024:.0f} MiB")  # noqa: T201 - shown with -s


@pytest.mark.long
@pytest.mark.no_cover
def test_120_imports_in_flight_take_hardly_more_memory_than_ten(tmp_path):
    """All of them together have 24 MB."""
    peaks = [_peak_in_flight(tmp_path / str(count), count) for count in (10, 120)]
    print([f"{peak / 1024:.0f} MiB" for peak in peaks])  # noqa: T201 - shown with -s
    assert peaks[1] - peaks[0] < 16 * 1024


def _peak_in_flight(folder, imports, rows=40, fields=20):
    """The peak of a run that has so many imports in flight, if it has them in flight at all."""
    folder.mkdir()
    names = [f"f{number}" for number in range(fields)]
    long = dict.fromkeys(names, "x" * 255)
    path = folder / "members.singer.jsonl"
    with path.open("w") as file:
        file.write(lines(schema("members", email=TEXT, **dict.fromkeys(names, TEXT))))
        for number in range(imports * rows):
            file.write(lines(record("members", email=f"member{number}@example.com", **long)))
    behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=5)
    with Sandbox(behaviour=behaviour) as sandbox:
        config = settings_for(sandbox, folder / "data", batch_size_rows=rows)
        config["field_mapping"] = {"email": "email"} | {
            f"cf:{sandbox.create_custom_field(name)}": name for name in names
        }
        target = TargetProcess(config, folder, "--input", str(path), start=Popen).start()
        assert target.wait(100) == 0, target.stderr[-2_000:]
        assert len(sandbox.activities()) == imports
    return target.peak_kilobytes


@pytest.mark.no_cover
@pytest.mark.parametrize("byte", [" ", "\n", "["])
def test_input_that_has_no_end_of_a_line_or_only_ends_takes_little_memory(tmp_path, byte):
    path = tmp_path / "endless.singer.jsonl"
    with path.open("w") as file:
        # Each empty line is one more to read; held, these would take a gibibyte.
        for _ in range(30 if byte == "\n" else 100):
            file.write(byte * (1 << 20))
    with Sandbox(behaviour=AT_ONCE) as sandbox:
        config = settings_for(sandbox, tmp_path / "data")
        target = TargetProcess(config, tmp_path, "--input", str(path), start=Popen).start()
        code = target.wait(100)
    assert code == (0 if byte == "\n" else 1), target.stderr[-2_000:]
    assert ("Line 1 of the input is longer than 16 MiB" in target.stderr) is (byte != "\n")
    assert 0 < target.peak_kilobytes < 200 * 1024
