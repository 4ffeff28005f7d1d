"""Whether batches contradict each other is known without the people in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.batches.fingerprints import Fingerprints, contradicted, fingerprints

SAID = {"ann@example.com": 1, "bob@example.com": 2}
batches = st.lists(
    st.dictionaries(st.sampled_from(["ann", "bob", "cat", "dan"]), st.integers(0, 2), min_size=1),
    max_size=6,
)


def test_a_fingerprint_is_the_same_in_every_process():
    said = {"ann@example.com": b'{"email":"ann@example.com"}'}
    assert fingerprints(said, said.values(), None) == {"ann@example.com": 2_195_169_107}


def test_the_permission_is_part_of_what_is_said():
    assert fingerprints(["a"], [b"{}"], None) != fingerprints(["a"], [b"{}"], "explicit")


def test_what_was_saved_is_loaded(tmp_path):
    path = tmp_path / "1.fingerprints"
    said = Fingerprints.of(SAID)
    said.save(path)
    loaded = Fingerprints.load(path)
    assert loaded is not None
    assert (loaded.keys, loaded.values) == (said.keys, said.values)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"example" not in path.read_bytes()


def test_a_file_that_is_missing_or_damaged_is_none(tmp_path):
    path = tmp_path / "1.fingerprints"
    assert Fingerprints.load(path) is None
    Fingerprints.of(SAID).save(path)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[4:], b"", bytes([whole[0] ^ 1]) + whole[1:]):
        path.write_bytes(damaged)
        assert Fingerprints.load(path) is None


def test_other_values_of_one_person_contradict():
    said = Fingerprints.of(SAID)
    assert said.contradict({"ann@example.com": 9})
    assert not said.contradict({"ann@example.com": 1, "cat@example.com": 9})


@given(said=batches)
def test_a_batch_is_contradicted_by_any_later_one_with_another_value(said):
    expected = {
        place
        for place, batch in enumerate(said)
        for later in said[place + 1 :]
        if any(later.get(key, value) != value for key, value in batch.items())
    }
    assert contradicted([Fingerprints.of(batch) for batch in said]) == expected


def test_what_is_not_known_contradicts_everything_before_it():
    first, last = Fingerprints.of({"ann": 1}), Fingerprints.of({"bob": 1})
    assert contradicted([first, None, last]) == {0, 1}
