"""People are taken off one list of an account, in each of the ways, whatever their condition."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import pytest

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.contacts.encoding import encode_json
from target_constant_contact.exceptions import DataError, QuotaExceededError, TryLaterError
from target_constant_contact.sandbox import Fault
from target_constant_contact.segments import taking_off as module
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.reading import Means
from target_constant_contact.segments.scratch_lists import PREFIX
from target_constant_contact.segments.taking_off import TakenOff, TakingOff
from target_constant_contact.segments.ways import Plan
from target_constant_contact.store import scratch_lists as scratch_rows
from target_constant_contact.store.scratch_lists import ScratchRows
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from target_constant_contact.waiting import Waiting
from tests.support.fakes import Limiter

MEMBERS = [f"m{number}@example.com" for number in range(40)]
REMOVAL = "/activities/remove_list_memberships"
WAYS = ("look-ups", "pages of the list", "export and look-ups", "scratch list")


@pytest.fixture
def client(sandbox):
    made = ConstantContactClient(
        sandbox.api_url, auth=BearerToken(sandbox.access_token), limiter=Limiter(), retry_seconds=0
    )
    yield made
    made.close()


@pytest.fixture
def place(sandbox, client):
    """A list with forty members, who are on another one too."""
    ids = [sandbox.create_list("VIP"), sandbox.lists()["Product updates"]]
    rows = [{"email": each, "first_name": "Ann"} for each in MEMBERS]
    client.import_json(encode_json({"list_ids": ids, "import_data": rows}))
    assert len(sandbox.members("VIP")) == 40
    return ids[0]


@pytest.fixture
def means(client, database, tmp_path):
    return Means(
        client,
        PeopleKey.of(database),
        ScratchRows(database, "account"),
        Waiting(5),
        lambda: 10_000,
        tmp_path,
    )


@pytest.fixture
def choose(monkeypatch):
    """Have a way chosen, as it is for much longer lists."""

    def choose(way):
        by_export = way in {"export and look-ups", "scratch list"}
        monkeypatch.setattr(module, "plan_of", lambda *_, **__: Plan(way, 1))
        monkeypatch.setattr(module, "pages", lambda _: 1_000 if by_export else 1)
        wanted = 0 if way == "scratch list" else 1_000
        monkeypatch.setattr(module, "by_scratch_list", lambda _: wanted)

    return choose


@contextmanager
def reading(taking, place, way, leavers):
    look_up = way == "look-ups"
    with (
        taking.alone(),
        taking.look_up(place, leavers) if look_up else taking.read(place, len(leavers)) as found,
    ):
        yield found


def take_off(means, place, way, leavers):
    taking = TakingOff(means)
    with reading(taking, place, way, leavers) as found:
        return taking.take_off(found, HashSet(means.people.hashes(leavers)))


def change(sandbox, address, **values):
    """What somebody does to a contact in Constant Contact."""
    with sandbox._account.store.writing() as db:
        for name, value in values.items():
            db.execute(f"UPDATE contacts SET {name} = ? WHERE email_key = ?", (value, address))


def nothing_is_left(sandbox, means):
    return means.scratch_rows.read() == {} and not [
        name for name in sandbox.lists() if name.startswith(PREFIX)
    ]


@pytest.mark.parametrize("way", WAYS)
def test_leavers_are_off_that_list_and_stay_on_all_others(sandbox, means, place, choose, way):
    choose(way)
    before = sandbox.account_state()
    found = take_off(means, place, way, [*MEMBERS[:7], "ada.marsh@example.com"])
    assert replace(found, requests=0) == TakenOff(40, 33, 7, 0, way)
    assert 0 < found.requests < 30 + 2 * 8
    assert sandbox.members("VIP").keys() == {*MEMBERS[7:]}
    after = sandbox.account_state()
    for each in MEMBERS[:7]:
        before[each]["lists"].remove("VIP")
    assert after == before
    assert nothing_is_left(sandbox, means)


@pytest.mark.parametrize("way", WAYS)
def test_people_who_cannot_be_mailed_are_taken_off_and_not_revived(
    sandbox, means, place, choose, way
):
    choose(way)
    unsubscribed, on_hold, pending, deleted = leavers = MEMBERS[:4]
    change(sandbox, unsubscribed, permission="unsubscribed", opt_out_source="Contact", opt_out_at=1)
    change(sandbox, on_hold, permission="temp_hold")
    change(sandbox, pending, permission="pending_confirmation")
    with sandbox._account.store.writing() as db:
        who = "(SELECT seq FROM contacts WHERE email_key = ?)"
        db.execute(f"DELETE FROM memberships WHERE contact_seq = {who}", (deleted,))
        db.execute("UPDATE contacts SET deleted_at = 1 WHERE email_key = ?", (deleted,))
    before = sandbox.account_state()
    found = take_off(means, place, way, [*leavers, MEMBERS[4], "stranger@example.com"])
    assert (found.before, found.stay, found.taken_off) == (39, 35, 4)
    assert sandbox.members("VIP").keys() == {*MEMBERS[5:]}
    after = sandbox.account_state()
    for each in (unsubscribed, on_hold, pending, MEMBERS[4]):
        before[each]["lists"].remove("VIP")
    assert after == before
    assert nothing_is_left(sandbox, means)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_leaves_when_no_leaver_is_on_the_list(sandbox, means, place, choose, way):
    choose(way)
    found = take_off(means, place, way, ["ada.marsh@example.com"])
    assert replace(found, requests=0) == TakenOff(40, 40, 0, 0, "")
    assert not [each for each in sandbox.activities() if each["kind"] == "remove_list_memberships"]


def test_a_list_that_is_gone_has_nobody_on_it(means):
    gone = "00000000-0000-4000-8000-000000000000"
    found = take_off(means, gone, "pages of the list", MEMBERS)
    assert (found.before, found.taken_off) == (0, 0)


JOBS, IMPORT = "/activities/*", "/activities/contacts_json_import"
FAULTS = [
    *((way, Fault("POST", JOBS, action="drop_after", times=2)) for way in WAYS),
    *((way, Fault("POST", JOBS, action="queue_full", times=2)) for way in WAYS[1:]),
    *((way, Fault("POST", REMOVAL, action="fail")) for way in WAYS),
    ("look-ups", Fault("GET", "/contacts*", action="error_500")),
    ("pages of the list", Fault("GET", "/contacts*", action="error_500")),
    ("export and look-ups", Fault("GET", "/contact_exports/*", action="error_503")),
    ("scratch list", Fault("POST", JOBS, action="error_503", times=2)),
    ("scratch list", Fault("POST", IMPORT, action="drop_after", times=2)),
    ("scratch list", Fault("POST", "/contact_lists", action="drop_after")),
    ("scratch list", Fault("POST", IMPORT, action="fail")),
    ("scratch list", Fault("GET", JOBS, action="garbage")),
]


@pytest.mark.parametrize(
    ("way", "fault"),
    FAULTS,
    ids=[f"{way}: {fault.method} {fault.path} {fault.action}" for way, fault in FAULTS],
)
def test_a_fault_on_the_way_changes_nothing_of_what_comes_out(
    sandbox, means, place, choose, way, fault
):
    choose(way)
    sandbox.add_fault(fault)
    found = take_off(means, place, way, MEMBERS[:7])
    assert (found.before, found.stay, found.taken_off) == (40, 33, 7)
    assert sandbox.members("VIP").keys() == {*MEMBERS[7:]}
    assert nothing_is_left(sandbox, means)


def test_somebody_whom_the_account_shows_a_moment_longer_is_off_in_the_end(sandbox, means, place):
    """The first two jobs do nothing, as if the pages did not know of them yet."""
    sandbox.add_fault(Fault("POST", REMOVAL, action="fail", times=2))
    assert take_off(means, place, "pages of the list", MEMBERS[:7]).taken_off == 7


@pytest.mark.parametrize("way", ["look-ups", "pages of the list"])
def test_who_is_still_on_the_list_in_the_end_is_a_fault(sandbox, means, place, choose, way):
    choose(way)
    sandbox.add_fault(Fault("POST", REMOVAL, action="fail", times=None))
    with pytest.raises(DataError, match=r"^7 people are still on list .*, though") as raised:
        take_off(means, place, way, MEMBERS[:7])
    assert raised.value.exit_code == 65
    assert len(sandbox.members("VIP")) == 40


def test_many_who_were_to_stay_and_are_gone_are_a_fault(means, place, client):
    taking = TakingOff(means)
    with taking.alone(), taking.read(place, 7) as found:
        ids = [*found.ids(HashSet(means.people.hashes(MEMBERS[7:30])))]
        client.memberships.remove(place, contact_ids=ids)
        with pytest.raises(DataError, match="23 people who were to stay are no longer on list"):
            taking.take_off(found, HashSet(means.people.hashes(MEMBERS[:7])))


def test_few_who_were_to_stay_and_are_gone_have_left_by_themselves(means, place, client):
    taking = TakingOff(means)
    with taking.alone(), taking.read(place, 7) as found:
        ids = [*found.ids(HashSet(means.people.hashes(MEMBERS[7:9])))]
        client.memberships.remove(place, contact_ids=ids)
        sums = taking.take_off(found, HashSet(means.people.hashes(MEMBERS[:7])))
    assert (sums.before, sums.stay, sums.taken_off, sums.left_by_themselves) == (40, 31, 7, 2)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_is_taken_off_when_the_requests_of_the_day_are_too_few(
    sandbox, means, place, choose, way
):
    few = replace(means, requests_left=lambda: 3)
    with pytest.raises(QuotaExceededError, match=r"and 3 are left of the day's: \d+ are missing"):
        take_off(few, place, way, MEMBERS[:7])
    choose(way)
    with pytest.raises(QuotaExceededError, match="Nobody was taken off"):
        take_off(few, place, way, MEMBERS[:7])
    assert len(sandbox.members("VIP")) == 40


def test_where_no_scratch_list_can_be_made_the_pages_are_read(sandbox, means, place, choose):
    choose("scratch list")
    sandbox.add_fault(Fault("POST", "/contact_lists", action="echo_400", times=None))
    found = take_off(means, place, "scratch list", MEMBERS[:7])
    assert (found.taken_off, found.way) == (7, "pages of the list")
    assert nothing_is_left(sandbox, means)


def test_people_whom_nobody_has_put_on_a_scratch_list_are_not_taken_off(
    sandbox, means, place, choose, client
):
    """Whatever puts them there, such as an automation of the account."""
    choose("scratch list")
    made = client.create_contact_list

    def make(name):
        found = made(name)
        rows = [{"email": each} for each in MEMBERS[20:]]
        client.import_json(encode_json({"list_ids": [found.list_id], "import_data": rows}))
        return found

    client.create_contact_list = make
    with pytest.raises(DataError, match="There are 27 people on a list that was made for 7"):
        take_off(means, place, "scratch list", MEMBERS[:7])
    assert len(sandbox.members("VIP")) == 40
    assert nothing_is_left(sandbox, means)


# Crashes


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize(
    ("step", "done"),
    [
        ("create_contact_list", True),
        *((step, done) for step in ("import_json", "contact_list", "remove") for done in (0, 1)),
    ],
)
def test_what_a_killed_process_has_left_is_deleted_by_the_next(
    sandbox, means, place, choose, client, monkeypatch, step, done
):
    choose("scratch list")
    owner = client if hasattr(client, step) else client.memberships
    ordinary = getattr(owner, step)
    turns = iter([True, False])

    def killed(*values, **options):
        if step == "contact_list" and next(turns):
            # The first one counts the list itself.
            return ordinary(*values, **options)
        if done:
            ordinary(*values, **options)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(KilledError):
            take_off(means, place, "scratch list", MEMBERS[:7])
    assert means.scratch_rows.read()
    found = take_off(means, place, "scratch list", MEMBERS[:7])
    assert found.before - found.taken_off == found.stay == 33
    assert sandbox.members("VIP").keys() == {*MEMBERS[7:]}
    assert nothing_is_left(sandbox, means)


def test_a_scratch_list_that_is_made_after_its_process_was_killed_is_deleted(
    sandbox, means, client
):
    means.scratch_rows.add(f"{PREFIX}late")
    with TakingOff(means).alone():
        pass
    client.create_contact_list(f"{PREFIX}late")
    with TakingOff(means).alone():
        assert nothing_is_left(sandbox, means)


def test_one_that_does_not_come_within_an_hour_is_forgotten(sandbox, means, monkeypatch):
    means.scratch_rows.add(f"{PREFIX}never")
    monkeypatch.setattr(scratch_rows, "_LATEST_SECONDS", 0)
    with TakingOff(means).alone():
        assert nothing_is_left(sandbox, means)


def test_a_scratch_list_that_cannot_be_deleted_is_left_to_the_next_run(
    sandbox, means, place, choose, caplog
):
    choose("scratch list")
    sandbox.add_fault(Fault("POST", "/activities/list_delete", action="echo_400"))
    assert take_off(means, place, "scratch list", MEMBERS[:7]).taken_off == 7
    assert "A scratch list could not be deleted" in caplog.text
    assert not nothing_is_left(sandbox, means)
    with TakingOff(means).alone():
        assert nothing_is_left(sandbox, means)


def test_a_scratch_list_that_somebody_has_deleted_is_forgotten(sandbox, means, client):
    means.scratch_rows.add("gone")
    means.scratch_rows.made("gone", "00000000-0000-4000-8000-000000000000")
    sandbox.add_fault(Fault("POST", "/activities/list_delete", action="echo_400"))
    with TakingOff(means).alone():
        assert nothing_is_left(sandbox, means)
    assert client.requests_made == 1


def test_two_processes_do_not_take_people_off_at_the_same_time(means, tmp_path):
    database = SqliteFile(tmp_path / "store.sqlite")
    prepare(database)
    means = replace(means, scratch_rows=ScratchRows(database, "account"))
    other = replace(means, scratch_rows=ScratchRows(database, "account"), waiting=Waiting(0))
    with (
        TakingOff(means).alone(),
        pytest.raises(TryLaterError, match="Another process takes people off"),
        TakingOff(other).alone(),
    ):
        pass
    with TakingOff(means).alone():
        elsewhere = replace(other, scratch_rows=ScratchRows(database, "another account"))
        with TakingOff(elsewhere).alone():
            pass
    database.close()


def test_nobody_is_named_by_what_is_written(sandbox, means, place, choose, caplog):
    choose("scratch list")
    sandbox.add_fault(Fault("POST", "/activities/contacts_json_import", action="fail"))
    take_off(means, place, "scratch list", MEMBERS[:7])
    assert "@" not in caplog.text.replace("werkzeug", "")
