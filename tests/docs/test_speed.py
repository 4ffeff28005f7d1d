"""What the pages say of speed is what the table of the measurement says."""

from __future__ import annotations

import pytest

from target_constant_contact.batches.packer import OPEN_BYTES, OPEN_ROWS
from tests.docs import pages

OURS, START = "target-constant-contact", "`target-constant-contact --version`"


def measured(column: int) -> list[str]:
    """A column of the lines about the target, shape by shape."""
    return [cells[column] for cells in pages.rows(pages.marked("speed")) if cells[0] == OURS]


def test_every_shape_was_measured():
    headlines = [
        line.strip("*") for line in pages.marked("speed").splitlines() if line.startswith("**")
    ]
    assert headlines[0] == "one stream"
    assert len(headlines) == len(measured(1)) + 1
    assert headlines[-1] == "start-up"


@pytest.mark.parametrize(("shape", "least"), [(0, 12), (1, 8), (2, 8)])
def test_the_target_takes_the_share_of_the_time_that_is_promised(shape, least):
    assert float(measured(2)[shape].removeprefix("1/")) >= least


def test_the_readme_compares_like_with_like():
    """A tenth when both check records against their schema, a quarter when neither does."""
    one_stream = pages.rows(pages.marked("speed"))[:5]
    seconds = {cells[0]: float(cells[1].removesuffix(" s")) for cells in one_stream}

    assert "A tenth of the time of a stock singer-sdk target when both check" in pages.one_line(
        pages.read(pages.README)
    )
    assert seconds["stock singer-sdk target"] / seconds["the same, `validate_records`"] >= 10
    assert seconds["the same without validation"] / seconds[OURS] >= 3.8


def test_memory_stays_below_what_is_promised():
    assert all(int(peak.removesuffix(" MiB")) < 200 for peak in measured(6))


def test_the_start_is_not_much_slower_than_that_of_singer_sdk():
    (ratio,) = [cells[2] for cells in pages.rows(pages.marked("speed")) if cells[0] == START]
    assert float(ratio) <= 1.5


def test_what_open_batches_may_hold_is_what_the_code_lets_them():
    limits = f"{OPEN_BYTES // 1_000_000} MB or {OPEN_ROWS:,} members"
    assert limits in pages.one_line(pages.read(pages.page_of("speed")))
