"""Whether batches contradict each other is known without the people in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.fingerprints import Fingerprints, contradicted
from tests.support.saying import saying

SAID = {"ann@example.com": 1, "bob@example.com": 2}
batches = st.lists(
    st.dictionaries(st.sampled_from(["ann", "bob", "cat", "dan"]), st.integers(0, 2), min_size=1),
    max_size=6,
)


def test_a_fingerprint_is_the_same_in_every_process():
    made = Fingerprints.of(["ann@example.com"], [b'{"email":"ann@example.com"}'], None)
    assert list(made.values) == [2_195_169_107]


def test_the_permission_is_part_of_what_is_said():
    made = [Fingerprints.of(["a"], [b"{}"], permission) for permission in (None, "explicit")]
    assert made[0].contradict(made[1])


def test_fingerprints_are_read_as_they_were_written():
    said = saying(SAID)
    text = said.to_bytes()
    read = Fingerprints.from_bytes(text)
    assert read is not None
    assert (read.keys, read.values) == (said.keys, said.values)
    assert b"example" not in text


def test_what_is_not_whole_is_none():
    whole = saying(SAID).to_bytes()
    for damaged in (whole[:-1], whole[4:], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        assert Fingerprints.from_bytes(damaged) is None


def test_other_values_of_one_person_contradict():
    said = saying(SAID)
    assert said.contradict(saying({"ann@example.com": 9}))
    assert not said.contradict(saying({"ann@example.com": 1, "cat@example.com": 9}))


@given(said=batches)
def test_a_batch_is_contradicted_by_any_later_one_with_another_value(said):
    expected = {
        place
        for place, batch in enumerate(said)
        for later in said[place + 1 :]
        if any(later.get(key, value) != value for key, value in batch.items())
    }
    assert contradicted([saying(batch) for batch in said]) == expected


def test_what_is_not_known_contradicts_everything_before_it():
    first, last = saying({"ann": 1}), saying({"bob": 1})
    assert contradicted([first, None, last]) == {0, 1}
