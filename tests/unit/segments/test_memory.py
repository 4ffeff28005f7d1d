"""What an export remembers of the people of a list."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.exceptions import StorageError
from target_constant_contact.segments.flags import IN_SEGMENT, LEFT, PUT, SEEN, SENT
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.memory import Memory
from target_constant_contact.segments.parts import People, Person, unpack

TODAY = 2_500
HASHES = array("Q", [number << 58 | number for number in range(1, 40)])
ANN, BOB, CY, DAN = HASHES[:4]
IN, GONE = IN_SEGMENT, 0
LANDED = IN_SEGMENT | SENT


class Parts(dict):
    """A memory's parts in a dictionary."""

    name = "stream 'members' and list 'Newsletter'"
    writes = 0

    def read(self, number):
        return self.get(number, b"")

    def write(self, number, people):
        self.writes += 1
        self[number] = people


@pytest.fixture
def parts():
    """Parts in which nothing is."""
    return Parts()


@pytest.fixture
def memory(parts):
    """A memory that knows nobody."""
    return Memory(parts)


def load(*rows):
    """What a load brings: pairs of a person and flags, or with a fingerprint."""
    made = People()
    for person, flags, *fingerprint in rows:
        made.add([person], [Person(flags, 0, *fingerprint).value])
    return made


def merge(memory, *rows, whole=True, today=TODAY, refused=()):
    memory.merge(load(*rows), today=today, whole=whole, refused=refused)


def known(parts):
    """All people with what is known of each."""
    return {
        person: Person.of(value)
        for packed in parts.values()
        for person, value in unpack(packed).items()
    }


def flags(parts):
    return {person: each.flags for person, each in known(parts).items()}


def test_who_was_sent_is_in_the_segment_and_was_put_on_the_list(memory, parts):
    merge(memory, (ANN, LANDED, 7), (BOB, IN))
    assert known(parts) == {ANN: Person(IN | PUT, TODAY, 7), BOB: Person(IN)}


def test_who_does_not_come_in_a_whole_load_is_not_in_the_segment_any_more(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED), (CY, IN))
    merge(memory, (ANN, LANDED))
    assert flags(parts) == {ANN: IN | PUT, BOB: PUT}


def test_who_does_not_come_in_a_load_that_is_not_whole_stays_in_the_segment(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    merge(memory, (ANN, LANDED), whole=False)
    assert flags(parts) == {ANN: IN | PUT, BOB: IN | PUT}


def test_whom_the_service_refused_was_not_put_on_the_list(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED), refused={BOB})
    assert flags(parts) == {ANN: IN | PUT, BOB: IN}


def test_what_a_refused_row_was_to_change_is_sent_again(memory, parts):
    merge(memory, (ANN, LANDED, 7))
    merge(memory, (ANN, LANDED, 8), refused={ANN})
    assert known(parts) == {ANN: Person(IN | PUT, 0, 7)}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([(ANN, LANDED, 7), (ANN, GONE)], Person(PUT, TODAY, 7)),
        ([(ANN, GONE), (ANN, LANDED, 7)], Person(IN | PUT, TODAY, 7)),
        ([(ANN, LANDED, 7), (ANN, LANDED, 8)], Person(IN | PUT, TODAY, 8)),
        ([(ANN, LANDED, 7), (ANN, IN)], Person(IN | PUT, TODAY, 7)),
    ],
    ids=["row, then left", "left, then row", "two rows", "sent, then withheld"],
)
def test_the_later_of_two_rows_of_a_person_counts(memory, parts, rows, expected):
    merge(memory, *rows)
    assert known(parts) == {ANN: expected}


def test_a_load_can_be_merged_once_more(memory, parts):
    rows = [(ANN, LANDED, 7), (BOB, IN), (ANN, LANDED, 9), (CY, GONE)]
    merge(memory, *rows)
    before = dict(parts)
    merge(memory, *rows)
    assert parts == before


def test_whom_an_interrupted_run_has_sent_may_be_on_the_list_with_any_values(memory, parts):
    merge(memory, (ANN, LANDED, 7))
    memory.absorb(load((ANN, LANDED, 8), (BOB, LANDED, 8), (CY, IN)))
    assert known(parts) == {ANN: Person(IN | PUT, 0, 7), BOB: Person(PUT)}


def test_only_people_of_the_export_leave_a_managed_list(memory):
    merge(memory, (ANN, LANDED), (BOB, LANDED), (CY, IN))
    merge(memory, (ANN, LANDED), (CY, IN))
    found = memory.judge(HashSet([ANN, BOB, CY, DAN]), "managed")
    assert (found.before, found.stay, found.not_ours, [*found.leavers]) == (4, 2, 1, [BOB])
    assert found.in_scope == 2


def test_with_the_scope_all_everybody_leaves_who_is_not_in_the_segment(memory):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    merge(memory, (ANN, LANDED))
    found = memory.judge(HashSet([ANN, BOB, DAN]), "all")
    assert (found.before, found.stay, found.not_ours) == (3, 1, 0)
    assert sorted(found.leavers) == sorted([BOB, DAN])
    assert found.in_scope == 3


def test_who_is_not_on_the_list_cannot_be_taken_off_it(memory):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    merge(memory, (ANN, LANDED))
    assert not memory.judge(HashSet([ANN]), "managed").leavers


def test_who_was_seen_on_the_list_and_is_gone_has_left_it(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    assert memory.see(HashSet([ANN, BOB])) == 0
    assert flags(parts) == {ANN: IN | PUT | SEEN, BOB: IN | PUT | SEEN}
    assert memory.see(HashSet([ANN])) == 1
    assert flags(parts) == {ANN: IN | PUT | SEEN, BOB: IN | LEFT}


def test_who_was_never_seen_on_the_list_has_not_left_it(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    assert memory.see(HashSet([ANN])) == 0
    assert known(parts)[ANN].day == TODAY
    assert known(parts)[BOB] == Person(IN | PUT)


def test_who_is_on_the_list_again_has_not_left_it(memory, parts):
    merge(memory, (ANN, LANDED))
    memory.see(HashSet([ANN]))
    memory.see(HashSet())
    memory.see(HashSet([ANN]))
    assert flags(parts) == {ANN: IN}


def test_who_has_left_while_not_in_the_segment_has_departed_too(memory, parts):
    """A tap that died may not have brought them."""
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    memory.see(HashSet([ANN, BOB]))
    merge(memory, (ANN, LANDED))
    assert memory.see(HashSet([ANN])) == 1
    assert flags(parts)[BOB] == LEFT


def test_who_was_being_taken_off_is_sent_again_even_if_nothing_has_changed(memory, parts):
    merge(memory, (ANN, LANDED))
    memory.see(HashSet([ANN]))
    memory.leaving([ANN])
    assert known(parts)[ANN].day == 0
    merge(memory, (ANN, LANDED))
    assert flags(parts) == {ANN: IN | PUT}


def test_whom_we_take_off_has_not_departed_even_if_nobody_could_note_the_end_of_it(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    memory.see(HashSet([ANN, BOB]))
    memory.leaving([BOB])
    assert memory.see(HashSet([ANN])) == 0
    assert flags(parts) == {ANN: IN | PUT | SEEN, BOB: IN}


def test_who_was_to_be_taken_off_and_is_still_there_is_still_ours(memory):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    merge(memory, (ANN, LANDED))
    memory.leaving([BOB])
    memory.see(HashSet([ANN, BOB]))
    assert [*memory.judge(HashSet([ANN, BOB]), "managed").leavers] == [BOB]


def test_whom_we_have_taken_off_is_forgotten_unless_they_are_in_the_segment(memory, parts):
    merge(memory, (ANN, LANDED, 7), (BOB, LANDED))
    merge(memory, (ANN, LANDED, 7))
    memory.took_off([ANN, BOB])
    assert known(parts) == {ANN: Person(IN, 0, 7)}


def test_whoever_is_on_an_adopted_list_was_put_there_by_this_export(memory, parts):
    merge(memory, (ANN, IN, 7))
    memory.adopt(HashSet([ANN, DAN]))
    assert flags(parts) == {ANN: IN | PUT | SEEN, DAN: PUT | SEEN}


def test_a_person_who_was_seen_stays_seen_when_sent_again(memory, parts):
    merge(memory, (ANN, LANDED))
    memory.see(HashSet([ANN]))
    merge(memory, (ANN, LANDED))
    assert flags(parts) == {ANN: IN | PUT | SEEN}


def test_a_forgotten_person_leaves_no_trace(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    assert memory.forget(ANN)
    assert not memory.forget(ANN)
    assert [*known(parts)] == [BOB]


def test_people_are_counted(memory):
    merge(memory, (ANN, LANDED), (BOB, LANDED), (CY, IN), (DAN, LANDED))
    memory.see(HashSet([ANN, BOB, DAN]))
    memory.see(HashSet([ANN, DAN]))
    merge(memory, (ANN, LANDED), (BOB, IN))
    found = memory.counts()
    assert (found.people, found.in_segment, found.put, found.seen, found.left) == (3, 2, 2, 2, 1)


def test_what_has_not_changed_is_not_written(memory, parts):
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    parts.writes = 0
    merge(memory, (ANN, LANDED), (BOB, LANDED))
    memory.judge(HashSet([ANN]), "all")
    assert parts.writes == 0


@pytest.mark.parametrize("harm", [lambda each: each[:-1], lambda each: b"\x02" + each[1:]])
def test_a_damaged_memory_is_not_taken_for_an_empty_one(memory, parts, harm):
    merge(memory, (ANN, LANDED))
    for number, packed in parts.items():
        parts[number] = harm(packed)
    with pytest.raises(StorageError, match="'Newsletter' is damaged"):
        memory.judge(HashSet([ANN]), "all")


def test_a_person_takes_less_than_20_bytes(memory, parts):
    merge(memory, *((number * 0x9E3779B97F4A7C15 % 2**64, LANDED, 7) for number in range(5_000)))
    assert sum(map(len, parts.values())) < 5_000 * 20


@given(
    loads=st.lists(st.sets(st.sampled_from([*HASHES])), max_size=4),
    on_list=st.sets(st.sampled_from([*HASHES])),
)
def test_the_sums_of_a_judgement_add_up(loads, on_list):
    memory = Memory(Parts())
    put = set()
    for people in loads:
        merge(memory, *((person, LANDED) for person in people))
        put |= people
    last = loads[-1] if loads else set()
    for scope, ours in (("managed", put), ("all", on_list)):
        found = memory.judge(HashSet(on_list), scope)
        assert found.before == found.stay + found.not_ours + len(found.leavers) == len(on_list)
        assert {*found.leavers} == (on_list & ours) - last
        assert found.stay == len(on_list & last)


def test_a_flag_of_somebody_who_has_left_survives_loads(memory, parts):
    merge(memory, (ANN, LANDED))
    memory.see(HashSet([ANN]))
    memory.see(HashSet())
    merge(memory)
    assert flags(parts) == {ANN: LEFT}
    merge(memory, (ANN, IN))
    assert flags(parts) == {ANN: IN | LEFT}
    assert not flags(parts)[ANN] & SEEN
