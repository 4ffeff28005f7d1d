"""Copies of lists as the account has them, by one export each."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Final

import msgspec

from target_constant_contact.account.members import exported
from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.exceptions import InterruptedRunError, TargetError
from target_constant_contact.planning.parted import PartedLines
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.jobs import Jobs
from target_constant_contact.segments.ways import EXPORT
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from target_constant_contact.api.models import Activity
    from target_constant_contact.planning.columns import Columns
    from target_constant_contact.segments.reading import Means

MOST_READ: Final = 100
"""Lists that are compared, at a handful of requests each."""
_AHEAD: Final = 10
"""Exports that the service works on while another one is read."""
_AT_ONCE: Final = 1_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[str, str, dict[str, str]]).decode


class ListCopies:
    """Reads lists, each once.

    Args:
        means: What they are read with.
        columns: Which columns tell what.
        names: Tells the name of a list.

    Attributes:
        faults: Why a list could not be read.
        told: The properties that the copy of each list tells.
    """

    def __init__(self, means: Means, columns: Columns, names: Callable[[str], str]) -> None:
        self.faults: dict[str, str] = {}
        self.told: dict[str, frozenset[str]] = {}
        self._means = means
        self._columns = columns
        self._names = names
        self._jobs = Jobs(means.api, means.waiting)
        self._started: dict[str, tuple[Activity, tuple[str, ...]]] = {}
        self._people: dict[str, HashSet] = {}
        self._lines = PartedLines(means.folder)

    @property
    def read(self) -> list[str]:
        """The lists that were read."""
        return [*self._people]

    def start(self, list_id: str, names: Iterable[str]) -> None:
        """Have the service write who is on a list.

        Args:
            list_id: The list.
            names: Properties that are to be compared.
        """
        if list_id in self.faults or list_id in self._started or list_id in self._people:
            return
        if fault := self._fault():
            self.faults[list_id] = fault
            return
        wanted = tuple(names)
        start = partial(
            self._means.api.start_contact_export, [list_id], self._columns.fields(wanted)
        )
        with self._noting(list_id):
            self._started[list_id] = self._jobs.started(start), wanted

    def know_empty(self, list_id: str) -> None:
        """Note that there is no such list yet, so that nobody is on it."""
        self._people.setdefault(list_id, HashSet())

    def people(self, list_id: str) -> HashSet | None:
        """Who is on a list that was started, as hashes; None when that cannot be known."""
        if list_id in self._started:
            activity, wanted = self._started.pop(list_id)
            work = f"comparing with list {self._names(list_id)}"
            with self._noting(list_id), self._means.waiting.events.work(work, "compare"):
                rows = exported(self._means.api, activity, self._means.waiting)
                self._people[list_id] = self._copied(list_id, wanted, rows)
        return self._people.get(list_id)

    def read_all(self, list_ids: Iterable[str], names: Iterable[str]) -> None:
        """Read lists, while the service works on the next ones.

        Args:
            list_ids: The lists.
            names: Properties that are to be compared.
        """
        rest, wanted = iter(list_ids), tuple(names)
        while some := [*islice(rest, _AHEAD)]:
            for list_id in some:
                self.start(list_id, wanted)
            for list_id in some:
                self.people(list_id)

    def part(self, number: int) -> Iterator[tuple[str, str, dict[str, str]]]:
        """List, e-mail key and told properties of the people of a part."""
        blank = {list_id: dict.fromkeys(names, "") for list_id, names in self.told.items()}
        for list_id, key, told in map(_decode, self._lines.part(number)):
            # A file that could not be read to its end tells nothing.
            if list_id in blank:
                yield list_id, key, blank[list_id] | told

    def close(self) -> None:
        """Delete the copies."""
        self._lines.close()

    def _fault(self) -> str:
        if len(self.told) + len(self._started) >= MOST_READ:
            return f"not compared, as a plan reads at most {counted(MOST_READ, 'list')}"
        left = self._means.requests_left()
        if left < EXPORT:
            return (
                f"not compared, as {counted(left, 'request')} {'is' if left == 1 else 'are'} left "
                f"of the day's and it takes about {EXPORT}"
            )
        return ""

    @contextmanager
    def _noting(self, list_id: str) -> Iterator[None]:
        """Note why a list cannot be read; what keeps one from it need not keep the others."""
        try:
            yield
        except InterruptedRunError:
            raise
        except TargetError as error:
            self.faults[list_id] = f"not compared ({' '.join(str(error).split()).rstrip('.')})"

    def _copied(
        self, list_id: str, wanted: tuple[str, ...], rows: Iterator[Mapping[str, str]]
    ) -> HashSet:
        people = HashSet()
        headers: dict[str, str] = {}
        while some := [*islice(rows, _AT_ONCE)]:
            headers = headers or self._columns.headers(wanted, [*some[0]])
            keys = [key_of(row["email"]) for row in some]
            hashes = self._means.people.hashes(keys)
            people.update(hashes)
            told = [
                (
                    list_id,
                    key,
                    {name: row[header] for name, header in headers.items() if row.get(header)},
                )
                for key, row in zip(keys, some, strict=True)
            ]
            self._lines.add(hashes, map(_encode, told))
        # Of a list that nobody is on, nothing has to be told.
        self.told[list_id] = frozenset(headers) if len(people) else frozenset(wanted)
        return people
