"""What batches say is kept as long as it is needed, and no longer."""

from __future__ import annotations

import pytest

from target_constant_contact.imports.bodies import Bodies
from target_constant_contact.imports.spool import Spool
from tests.support.imports import batch


@pytest.fixture(params=[0, 1_000], ids=["in the file", "in memory"])
def spool(tmp_path, request):
    made = Spool(tmp_path, in_memory=request.param)
    yield made
    made.close()


def test_a_batch_that_was_set_aside_comes_back_as_it_was(spool):
    bodies, before = Bodies(spool, for_explanations=True), batch(1)
    aside = bodies.set_aside(before)
    assert (aside.number, aside.rows, aside.body, len(aside.fingerprints.keys)) == (1, 2, b"", 0)
    after = bodies.take_back(aside)
    assert after.body == before.body
    assert after.fingerprints.keys == before.fingerprints.keys
    assert after.fingerprints.values == before.fingerprints.values


def test_a_batch_that_was_not_set_aside_is_taken_as_it_is(spool):
    whole = batch(1)
    assert Bodies(spool, for_explanations=True).take_back(whole) is whole


def test_what_was_sent_can_be_read_until_it_is_forgotten(spool):
    bodies = Bodies(spool, for_explanations=True)
    bodies.keep(batch(1))
    # It was not taken, and is sent again.
    bodies.keep(batch(1))
    assert bodies.read(1) == batch(1).body
    bodies.forget(1)
    bodies.forget(1)
    with pytest.raises(KeyError):
        bodies.read(1)


def test_what_nobody_asks_for_is_not_kept(spool):
    bodies = Bodies(spool, for_explanations=False)
    bodies.keep(batch(1))
    with pytest.raises(KeyError):
        bodies.read(1)


def test_what_comes_back_otherwise_than_it_went_ends_the_run(spool, monkeypatch):
    """Sent without its fingerprints, it could let an older value stand."""
    bodies = Bodies(spool, for_explanations=True)
    aside = bodies.set_aside(batch(1))
    whole = spool.fetch
    monkeypatch.setattr(spool, "fetch", lambda place: whole(place)[:-1])
    with pytest.raises(OSError, match="Input/output error"):
        bodies.take_back(aside)
