"""Nights of loads and sweeps against the sandbox, and what every list must hold after each.

The model has the rules once more, from the documentation alone: it knows nothing of hashes, seals
or stores, and nobody asks the target what it holds.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from target_constant_contact.sandbox import Fault
from tests.support.commands import call, config_file
from tests.support.target import Outcome, member, run, schema, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox
    from tests.support.commands import Answer

ALWAYS = 5
"""So many people may leave at once, whatever their share."""
PERCENT = 20
PEOPLE = 90


class Account:
    """What people and administrators do in the account, without the target."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def members(self, name: str) -> set[str]:
        """Who is on a list."""
        return {*self._sandbox.members(name)}

    def leave(self, name: str, person: str) -> None:
        """Somebody leaves a list, or is taken off it by hand."""
        self._write(
            "DELETE FROM memberships WHERE list_seq = (SELECT seq FROM lists WHERE name = ?)"
            " AND contact_seq = (SELECT seq FROM contacts WHERE email_key = ?)",
            name,
            person,
        )

    def join(self, name: str, person: str) -> None:
        """An administrator puts somebody on a list who is a contact already."""
        self._write(
            "INSERT OR IGNORE INTO memberships SELECT l.seq, c.seq, 0 FROM lists l, contacts c"
            " WHERE l.name = ? AND c.email_key = ? AND c.deleted_at IS NULL",
            name,
            person,
        )

    def unsubscribe(self, person: str) -> None:
        """Somebody unsubscribes from everything, and is off all lists."""
        self._off_all(person)
        self._write(
            "UPDATE contacts SET permission = 'unsubscribed', opt_out_source = 'Contact',"
            " opt_out_at = ? WHERE email_key = ?",
            time.time(),
            person,
        )

    def delete(self, person: str) -> None:
        """An administrator deletes a contact."""
        self._off_all(person)
        now = time.time()
        self._write("UPDATE contacts SET deleted_at = ? WHERE email_key = ?", now, person)

    def _off_all(self, person: str) -> None:
        self._write(
            "DELETE FROM memberships WHERE contact_seq ="
            " (SELECT seq FROM contacts WHERE email_key = ?)",
            person,
        )

    def _write(self, statement: str, *values: object) -> None:
        with self._sandbox._account.store.writing() as db:
            db.execute(statement, values)


def address(number: int) -> str:
    """The address of a person."""
    return f"member{number}@example.com"


@dataclass
class ListModel:
    """One list, the segment that it follows, and who has to be on it.

    Attributes:
        name: Its name, which is that of the stream too.
        unchanged_days: Days after which an unchanged member is sent again; 0: always, None: never.
        departures: Whether who has left is not put back.
        segment: Who is in the source tonight, with a value.
        on_list: Who is on the list.
        put: Who of them was put there by the target.
        seen: Who of these was seen there afterwards.
        left: Who has left the list though they were seen on it.
        sent: What landed last of whom.
        loaded: Who came in the latest load.
        seal: Whether a sweep has come after it.
        taken_off: How many were taken off in all.
        is_certain: Whether it is known who was seen: a load that failed has seen some, or none.
    """

    name: str
    unchanged_days: int | None
    departures: bool
    segment: dict[str, str] = field(default_factory=dict)
    on_list: set[str] = field(default_factory=set)
    put: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    sent: dict[str, str] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    seal: str = "swept"
    taken_off: int = 0
    is_certain: bool = True

    def look(self) -> None:
        """The list is read: who is on it is seen, and who is gone has left."""
        self.left -= self.on_list
        gone = self.seen - self.on_list
        self.left |= gone
        for person in self.put - self.on_list:
            # Whether or not they ever were there, they are not there now.
            self.sent.pop(person, None)
        self.put -= gone
        self.seen = self.put & self.on_list

    def load(self, rows: dict[str, str], unsubscribed: set[str]) -> set[str]:
        """A load comes to its end; return who was sent."""
        if self.departures and (self.put or self.left or self.loaded):
            self.look()
        gone = self.left if self.departures else set()
        may = {person for person in rows if person not in gone | unsubscribed}
        if self.unchanged_days != 0:
            may = {person for person in may if self.sent.get(person) != rows[person]}
        self.on_list |= may
        self.put |= may
        for person in may:
            self.sent[person] = rows[person]
        self.loaded = {*rows}
        self.seal = "sealed"
        return may

    def may_go(self, person: str) -> bool:
        """Whether it is known what follows when somebody leaves the list by themselves."""
        return self.is_certain or person not in self.put - self.seen

    def leavers(self) -> set[str]:
        """Who is to be taken off."""
        return (self.put & self.on_list) - self.loaded

    def is_braked(self) -> bool:
        """Whether so many may not leave without a person's word."""
        leavers, within = len(self.leavers()), len(self.put & self.on_list)
        return not self.loaded or (leavers > ALWAYS and 100 * leavers > PERCENT * within)

    def sweep(self) -> None:
        """Leavers are taken off."""
        self.look()
        self.seal = "swept"
        self.is_certain = True
        leavers = self.leavers()
        self.taken_off += len(leavers)
        self.on_list -= leavers
        self.put -= leavers
        self.seen -= leavers
        for person in leavers:
            self.sent.pop(person, None)


class Year:
    """Nights in a row, drawn from a seed.

    Args:
        sandbox: The account.
        folder: For settings and data.
        seed: Seeds everything.
        send_unchanged: The setting.
        departures: The setting ``respect_departures``.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        folder: Path,
        seed: int,
        send_unchanged: str | int = "always",
        *,
        departures: bool = True,
    ) -> None:
        self._draw = random.Random(seed)
        self._sandbox = sandbox
        self._account = Account(sandbox)
        # A year of nights is over within a day, so that N days never pass.
        days = 0 if send_unchanged == "always" else None
        self.lists = [ListModel(name, days, departures) for name in ("Alpha", "Beta", "Gamma")]
        self._unsubscribed: set[str] = set()
        for one in self.lists:
            sandbox.create_list(one.name)
            self._grow(one, self._draw.randrange(5, 40))
        self._config = settings_for(
            sandbox,
            folder / "data",
            segments=[
                {"stream": one.name, "lists": one.name, "load_method": "overwrite"}
                for one in self.lists
            ],
            send_unchanged=send_unchanged,
            respect_departures=departures,
            max_removed_percent=PERCENT,
            batch_size_rows=self._draw.choice([5, 10, 40_000]),
        )
        del self._config["lists"]
        self._file = config_file(folder, **self._config)
        self.log: list[str] = []
        self.counts: Counter[str] = Counter()

    def night(self) -> None:
        """What happens in the account by day, in the sources, and then the runs of one night."""
        self._day()
        for one in self.lists:
            if not self._loads(one):
                # As Meltano: what comes after a failed block does not happen.
                break
            self._sweeps(one)
        self._same()

    # What happens by day.

    def _day(self) -> None:
        for one in self.lists:
            self._change(one)
            for person in filter(one.may_go, self._some(one.on_list, 0.03)):
                self._account.leave(one.name, person)
                one.on_list.discard(person)
        everybody = {*map(address, range(PEOPLE))}
        for person in self._some(everybody, 0.004):
            if self._sandbox.contact(person):
                self._account.unsubscribe(person)
                self._off_all(person)
                self._unsubscribed.add(person)
        certain = {person for person in everybody if all(x.may_go(person) for x in self.lists)}
        for person in self._some(certain - self._unsubscribed, 0.004):
            self._account.delete(person)
            self._off_all(person)
        if self._draw.random() < 0.2:
            self._put_by_hand(self._draw.choice(self.lists))

    def _off_all(self, person: str) -> None:
        for one in self.lists:
            one.on_list.discard(person)

    def _put_by_hand(self, one: ListModel) -> None:
        known = {p for each in self.lists for p in each.on_list} - self._unsubscribed
        for person in self._draw.sample(sorted(known), min(2, len(known))):
            self._account.join(one.name, person)
            one.on_list.add(person)

    def _change(self, one: ListModel) -> None:
        kind = self._draw.random()
        if kind < 0.05:
            one.segment.clear()
        elif kind < 0.15:
            for person in self._some(one.segment, 0.5):
                del one.segment[person]
        else:
            for person in self._some(one.segment, 0.06):
                del one.segment[person]
            # A new address is a new person, and the old one is gone.
            for person in self._some(one.segment, 0.04):
                del one.segment[person]
                self._grow(one, 1)
            for person in self._some(one.segment, 0.1):
                one.segment[person] = f"Name {self._draw.randrange(3)}"
        if len(one.segment) < 20 or self._draw.random() < 0.3:
            self._grow(one, self._draw.randrange(8))

    def _grow(self, one: ListModel, count: int) -> None:
        for number in self._draw.sample(range(PEOPLE), count):
            one.segment.setdefault(address(number), f"Name {self._draw.randrange(3)}")

    def _some(self, people: Iterable[str], share: float) -> list[str]:
        return [person for person in sorted(people) if self._draw.random() < share]

    # What happens by night.

    def _loads(self, one: ListModel) -> bool:
        """One load; return whether the next block is reached."""
        rows = dict(one.segment)
        fate = self._draw.random()
        if fate < 0.08:
            # A tap that dies looks to the target like one that is done.
            rows = dict(list(rows.items())[: self._draw.randrange(len(rows) + 1)])
            self._load(one, rows, "tap died")
            return False
        if fate < 0.2:
            self._disturbed(one, rows)
        self._load(one, rows, "load")
        return True

    def _load(self, one: ListModel, rows: dict[str, str], what: str) -> None:
        outcome = self._run(one, rows)
        assert outcome.exit_code == 0, outcome.log
        sent = one.load(rows, self._unsubscribed)
        self.counts["loads"] += 1
        self.counts["rows"] += len(rows)
        self.counts["sent"] += len(sent)
        self._note(f"{what} {one.name}: {len(rows)} rows, {len(sent)} sent")

    def _disturbed(self, one: ListModel, rows: dict[str, str]) -> None:
        """A load that fails somewhere; nobody is taken off then."""
        before = {each.name: self._account.members(each.name) for each in self.lists}
        self._trouble()
        one.is_certain = False
        outcome = self._run(one, rows)
        self._sandbox.clear_faults()
        self.counts["disturbed runs"] += 1
        self._note(f"disturbed load {one.name}: exit {outcome.exit_code}")
        if not outcome.exit_code:
            one.load(rows, self._unsubscribed)
        elif all(each.seal == "swept" for each in self.lists):
            # Nothing may be left to sweep: a load that has not come so far changes nothing.
            answer = self._sweep()
            self._note(f"sweep after it: exit {answer.exit_code}")
            for each in self.lists:
                gone = before[each.name] - self._account.members(each.name)
                assert not gone, (each.name, gone, answer.stdout)

    def _run(self, one: ListModel, rows: dict[str, str]) -> Outcome:
        messages = [
            member(re.sub(r"\D", "", person.partition("@")[0]), FirstName=value)
            | {"stream": one.name}
            for person, value in rows.items()
        ]
        return run(self._config, schema(one.name), *messages)

    def _sweeps(self, latest: ListModel) -> None:
        if self._draw.random() < 0.25:
            self._trouble()
            answer = self._sweep()
            self._sandbox.clear_faults()
            self.counts["disturbed sweeps"] += 1
            self._note(f"disturbed sweep: exit {answer.exit_code}")
        answer = self._sweep()
        self._judge(answer, latest)

    def _judge(self, answer: Answer, latest: ListModel) -> None:
        """Compare what a sweep says with what it must do, and give a person's word sometimes."""
        latest.seal = "reached"
        for one in self.lists:
            if one.seal == "reached":
                one.look()
        braked = [one for one in self.lists if one.seal == "reached" and one.is_braked()]
        for one in self.lists:
            if one.seal == "reached" and one not in braked:
                one.sweep()
        self._note(f"sweep: exit {answer.exit_code}, {[one.name for one in braked]} braked")
        is_left = any(one.seal == "sealed" for one in self.lists)
        assert answer.exit_code == (65 if braked or is_left else 0), answer.stdout + answer.log
        self.counts["sweeps"] += 1
        self.counts["brakes"] += len(braked)
        for one in braked:
            if one.loaded and self._draw.random() < 0.5:
                number = len(one.leavers())
                answer = self._sweep("--yes-remove", number)
                same = [each for each in braked if each.loaded and len(each.leavers()) == number]
                for each in same:
                    each.sweep()
                self._note(f"--yes-remove {number}: exit {answer.exit_code}")

    def _sweep(self, *options: object) -> Answer:
        return call("sweep", "--config", self._file, *options)

    def _trouble(self) -> None:
        nth = self._draw.randrange(1, 14)
        action = self._draw.choice(["quota_exceeded", "error_503", "drop_after", "drop_before"])
        self._sandbox.add_fault(Fault("*", "/v3/*", action=action, nth=nth, times=None))

    def _same(self) -> None:
        self.counts["taken off"] = sum(one.taken_off for one in self.lists)
        for one in self.lists:
            found = self._account.members(one.name)
            extra, missing = sorted(found - one.on_list), sorted(one.on_list - found)
            assert not extra, f"{one.name}: too many {extra}\n" + "\n".join(self.log[-40:])
            assert not missing, f"{one.name}: missing {missing}\n" + "\n".join(self.log[-40:])

    def _note(self, line: str) -> None:
        self.log.append(line)
