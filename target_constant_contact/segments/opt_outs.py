"""Who has unsubscribed is asked for before anybody is sent, as the service's guidelines want it.

The service refuses these people itself, so nothing depends on the answer: where there is none, a
run goes on without it.

Source: https://developer.constantcontact.com/api_guide/contacts_overview.html
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from target_constant_contact.api.memberships import CONTACTS_PAGE
from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.segments.gate import Withheld
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.store.opt_out_row import OptOutRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from target_constant_contact.api.models import ContactStatus
    from target_constant_contact.segments.gate import Rows
    from target_constant_contact.segments.people import PeopleKey
    from target_constant_contact.waiting import Waiting

UNSUBSCRIBED: Final = "unsubscribed"
FEW: Final = 5_000
"""So many, in ten requests, are asked for anew in every run: it shows who has come back."""
MOST_PAGES: Final = 40
"""Requests that one run makes for it; of an account with more such people, not all are known."""
DAYS: Final = 7
"""After so many, all are asked for anew."""
_DAY: Final = 86_400.0
_HASHES: Final = 8
"""Bytes of a hash."""
_LOOK_SECONDS: Final = 0.02
_STOP_SECONDS: Final = 1.0


class OptOutApi(Protocol):
    """What is asked of the API."""

    def contacts(
        self, *, status: str = "", optout_after: datetime | None = None, most_pages: int = 0
    ) -> Iterator[ContactStatus]:
        """Contacts that meet all conditions, 500 in a request."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for.

    Attributes:
        since: Those who have unsubscribed after this time, a Unix timestamp; None: all.
        pages: In at most so many requests.
    """

    since: float | None
    pages: int


def question(known: OptOutRow | None, now: float, requests_left: int) -> Question:
    """What to ask for.

    Args:
        known: What was answered before.
        now: The time.
        requests_left: Of the day; at most half of them are for this.

    Returns:
        A question with no pages when nothing can be asked.
    """
    pages = min(MOST_PAGES, requests_left // 2)
    if known is None or len(known.people) <= FEW * _HASHES or not is_recent(known, now):
        return Question(None, pages)
    # A day earlier: clocks differ, and what was just done may not be found at once.
    return Question(known.read_at - _DAY, pages)


def is_recent(known: OptOutRow, now: float) -> bool:
    """Whether what is known of people can be relied on: some of them may have come back since."""
    return now - known.whole_at < DAYS * _DAY


class OptOutReading:
    """Asks in a thread of its own, while the run reads.

    Args:
        api: The API.
        asked: What it is asked for.
        people: Makes keyed hashes.
        known: What was answered before.
        now: The time.
    """

    def __init__(
        self,
        api: OptOutApi,
        asked: Question,
        people: PeopleKey,
        known: OptOutRow | None,
        now: float,
    ) -> None:
        self._api = api
        self._asked = asked
        self._people = people
        self._known = known
        self._now = now
        self._found = HashSet()
        self._error: Exception | None = None
        self._is_stopped = False
        self._thread = threading.Thread(target=self._run, name="opt-outs", daemon=True)

    def start(self) -> None:
        """Begin to ask.

        Raises:
            RuntimeError: The system gives no thread.
        """
        # Here, so that the thread has no need of the store for it.
        self._people.hashes(())
        self._thread.start()

    def stop(self) -> None:
        """Let it end; its answer is not needed any more. A request that is on its way ends first.

        What it uses may be closed afterwards; what takes longer is left behind.
        """
        self._is_stopped = True
        self._thread.join(_STOP_SECONDS)

    def result(self, waiting: Waiting, longest: float) -> OptOutRow | None:
        """Wait for the answer.

        Args:
            waiting: How.
            longest: For how many seconds.

        Returns:
            What is known now; None when it takes longer.

        Raises:
            Exception: The thread could not go on.
        """
        end = waiting.clock() + longest
        while self._thread.is_alive():
            waiting.raise_if_stopped()
            if waiting.clock() > end:
                self.stop()
                return None
            self._thread.join(_LOOK_SECONDS)
        if self._error:
            raise self._error
        return self._told()

    def _run(self) -> None:
        try:
            self._found.update(self._people.hashes(self._addresses()))
        except Exception as error:  # noqa: BLE001 - the main thread raises it
            self._error = error

    def _addresses(self) -> Iterator[str]:
        since = self._asked.since
        after = None if since is None else datetime.fromtimestamp(since, UTC)
        # Pages that the service does not fill are no reason to go on for ever.
        pages = self._asked.pages + 1
        contacts = self._api.contacts(status=UNSUBSCRIBED, optout_after=after, most_pages=pages)
        for contact in islice(contacts, self._most):
            if self._is_stopped:
                return
            # Looked at again: whoever it is, nobody else may be left out.
            if contact.permission == UNSUBSCRIBED and contact.email:
                yield key_of(contact.email)

    @property
    def _most(self) -> int:
        return self._asked.pages * CONTACTS_PAGE

    def _told(self) -> OptOutRow:
        known, now = self._known, self._now
        if known is None or self._asked.since is None:
            return OptOutRow(now, now, self._found.packed())
        is_whole = len(self._found) < self._most
        self._found.update(HashSet.unpacked(known.people))
        # The next run asks for the rest.
        read_at = now if is_whole else known.read_at
        return OptOutRow(read_at, known.whole_at, self._found.packed())


class Unsubscribed:
    """Withholds the rows of people who have unsubscribed, as `segments.gate.Rule` says.

    Args:
        learn: Tells their hashes; asked when the first row comes.
    """

    says: Final = Withheld("suppressed", UNSUBSCRIBED)

    def __init__(self, learn: Callable[[], Iterable[int]]) -> None:
        self._learn = learn
        self._people: frozenset[int] | None = None

    def withheld(self, rows: Rows) -> Iterable[int]:
        """Positions of their rows."""
        if self._people is None:
            self._people = frozenset(self._learn())
        people = self._people
        if not people:
            return ()
        return [place for place, one in enumerate(rows.hashes) if one in people]
