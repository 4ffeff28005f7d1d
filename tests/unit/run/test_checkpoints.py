"""STATE goes out only when every row before it is settled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.run.checkpoints import Checkpoints


def test_a_checkpoint_with_nothing_before_it_goes_at_once():
    checkpoints = Checkpoints()
    checkpoints.add(0, {"bookmark": 1})
    assert checkpoints.release() == {"bookmark": 1}
    assert checkpoints.release() is None


def test_a_checkpoint_waits_for_a_batch_that_holds_an_earlier_row():
    checkpoints = Checkpoints()
    checkpoints.hold(1, 0)
    checkpoints.add(1, {"bookmark": 1})
    assert checkpoints.release() is None
    checkpoints.settle(1)
    assert checkpoints.release() == {"bookmark": 1}


def test_a_checkpoint_does_not_wait_for_rows_that_were_read_after_it():
    checkpoints = Checkpoints()
    checkpoints.add(3, {"bookmark": 3})
    checkpoints.hold(1, 3)
    checkpoints.add(4, {"bookmark": 4})
    assert checkpoints.release() == {"bookmark": 3}
    assert checkpoints.release() is None


def test_the_newest_of_several_released_checkpoints_is_written():
    checkpoints = Checkpoints()
    checkpoints.hold(1, 0)
    checkpoints.add(1, {"bookmark": 1})
    checkpoints.hold(2, 1)
    checkpoints.add(2, {"bookmark": 2})
    checkpoints.settle(1)
    checkpoints.settle(2)
    assert checkpoints.release() == {"bookmark": 2}


def test_an_empty_state_is_never_released():
    """It would erase what the tap has stored."""
    checkpoints = Checkpoints()
    checkpoints.add(0, {})
    assert checkpoints.release() is None


def test_a_batch_that_takes_over_an_earlier_row_holds_from_there():
    checkpoints = Checkpoints()
    checkpoints.hold(1, 5)
    checkpoints.hold(1, 2)
    checkpoints.add(3, {"bookmark": 3})
    assert checkpoints.release() is None


def test_memory_is_bounded_by_the_batches_and_not_by_the_checkpoints():
    checkpoints = Checkpoints()
    for batch in range(5):
        checkpoints.hold(batch, batch * 1_000)
        for row in range(batch * 1_000, (batch + 1) * 1_000):
            checkpoints.add(row + 1, {"bookmark": row})
    assert len(checkpoints) <= 6


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("row"), st.integers(0, 3)),
        st.tuples(st.just("state"), st.just(0)),
        st.tuples(st.just("settle"), st.integers(0, 9)),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_released_state_covers_settled_rows_only_and_never_goes_back(steps):
    """Rows go to one of four open batches; batches settle in any order."""
    checkpoints = Checkpoints()
    open_batches: dict[int, int] = {}
    unsettled: dict[int, set[int]] = {}
    rows = released = 0
    for kind, argument in steps:
        if kind == "row":
            number = open_batches.setdefault(argument, len(unsettled) * 10 + argument)
            if number not in unsettled:
                unsettled[number] = set()
                checkpoints.hold(number, rows)
            unsettled[number].add(rows)
            rows += 1
        elif kind == "state":
            checkpoints.add(rows, {"rows": rows})
        elif unsettled:
            number = sorted(unsettled)[argument % len(unsettled)]
            open_batches = {key: value for key, value in open_batches.items() if value != number}
            del unsettled[number]
            checkpoints.settle(number)
        if (state := checkpoints.release()) and rows:
            assert state["rows"] >= released
            released = state["rows"]
            assert all(row >= released for held in unsettled.values() for row in held)
    for number in list(unsettled):
        checkpoints.settle(number)
    checkpoints.add(rows, {"rows": rows})
    assert checkpoints.release() == {"rows": rows}


@given(gaps=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30))
def test_dropping_a_superseded_checkpoint_changes_nothing_that_is_released(gaps):
    """Compared with a store that keeps them all."""
    checkpoints, kept, held, row = Checkpoints(), [], {}, 0
    for number, (step, opens) in enumerate(gaps):
        if opens:
            checkpoints.hold(number, row)
            held[number] = row
        row += step
        checkpoints.add(row, {"row": row, "number": number})
        kept.append((row, {"row": row, "number": number}))
    for number in sorted(held):
        checkpoints.settle(number)
        del held[number]
        limit = min(held.values(), default=row)
        ready = [state for at, state in kept if at <= limit]
        kept = [(at, state) for at, state in kept if at > limit]
        assert checkpoints.release() == (ready[-1] if ready else None)
