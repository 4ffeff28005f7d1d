"""What all streams of the tap have in common: which runs they tell, and in what order."""

from __future__ import annotations

import logging
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from singer_sdk import Stream
from singer_sdk import typing as th
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from target_constant_contact.data_folder import time_in_name
from target_constant_contact.redaction import shown
from target_constant_contact.reports.runs_in_order import (
    longest_run_before,
    runs_in_order,
)
from target_constant_contact.results_tap.bookmark import LATE, REPLICATION_KEY, Bookmark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from target_constant_contact.reports.past_run import PastRun
    from target_constant_contact.reports.runs_in_order import RunsInOrder
    from target_constant_contact.results_tap.settings import TapSettings

RUN: Final = th.Property(
    "run", th.StringType, required=True, description="Name of the run; it begins with its start."
)
ENDED_AT: Final = th.Property(
    REPLICATION_KEY, th.DateTimeType, description="When the run has ended (UTC)."
)


class ResultsStream(Stream):
    """A part of what is known of past runs; each record names its run and the end of that.

    Args:
        tap: The tap.
        settings: Its settings.
    """

    replication_key = REPLICATION_KEY
    # A bookmark of its own says where to go on, so that the time in the state need not rise.
    is_sorted = True
    check_sorted = False
    open_texts: ClassVar[frozenset[str]] = frozenset()
    """Columns whose texts are not redacted."""

    def __init__(self, tap: Tap, settings: TapSettings) -> None:
        super().__init__(tap)
        self.settings = settings

    @abstractmethod
    def records_of(self, run: PastRun) -> Iterable[dict[str, Any]]:
        """What a run has for this stream, without its name and its end.

        Args:
            run: A run; it may be under way, and then most of it is empty.
        """

    @override
    def get_records(self, context: Context | None) -> Iterator[Record]:
        """All that has become known since the last time, the runs that began first first."""
        with runs_in_order(self.settings.store) as runs:
            if runs is None:
                store = self.settings.store
                self.logger.warning(
                    "There is no store of runs yet in %s, and so there are no results. data_dir "
                    "and store_url have to be those of the target",
                    "the database of store_url" if store.url else store.folder.path,
                )
                return
            # Taken before anything is read: what comes to be known meanwhile is later.
            until = time_in_name(runs.now() - LATE)
            bookmark = self._bookmark(until)
            # A state from before the end of the first page has to say that nothing is known yet:
            # the time that singer-sdk puts there means all runs that have ended before it.
            bookmark.write(self.stream_state)
            for page in self._awaited(runs, bookmark):
                yield from self._told(page, bookmark)
                bookmark.note(page)
            for page in runs.pages(bookmark.position):
                yield from self._told(page, bookmark)
                bookmark.pass_by(page, until)
                # With each page, so that a state in the middle is one to go on from.
                bookmark.write(self.stream_state)
            bookmark.write(self.stream_state)

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        """Log a line; not that there is an error, which whoever ends the program explains."""
        if level < logging.ERROR:
            super().log(message, *args, level=level, **kwargs)

    def _bookmark(self, until: str) -> Bookmark:
        """Where to go on from, which is never after what others may still come before."""
        # A catalog may ask for the whole table each time.
        is_incremental = self.replication_method == REPLICATION_INCREMENTAL
        bookmark = Bookmark.read(self.name, self.stream_state if is_incremental else {})
        since = [each for each in (bookmark.since, self.settings.start_date) if each]
        bookmark.since = max(since, default=None)
        if bookmark.since and not bookmark.position:
            bookmark.position = min(time_in_name(longest_run_before(bookmark.since)), until)
        return bookmark

    def _awaited(self, runs: RunsInOrder, bookmark: Bookmark) -> Iterator[list[PastRun]]:
        """The runs that had not ended, as they are now."""
        gone = set(bookmark.awaited)
        for page in runs.named(bookmark.awaited):
            gone.difference_update(run.run for run in page)
            yield page
        bookmark.give_up(gone)

    def _told(self, page: Iterable[PastRun], bookmark: Bookmark) -> Iterator[dict[str, Any]]:
        """The records of those runs of a page that are new."""
        for run in filter(bookmark.is_news, page):
            facts = {"run": run.run, REPLICATION_KEY: iso(run.ended_at)}
            for record in self.records_of(run):
                yield self._shown(facts | record)

    def _shown(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record with its texts redacted: who can write to a database can write anything."""
        return {
            name: value if name in self.open_texts else shown(value)
            for name, value in record.items()
        }


def properties(*columns: th.Property[Any]) -> dict[str, Any]:
    """The schema of a stream: the name and the end of the run, and these columns."""
    return th.PropertiesList(RUN, ENDED_AT, *columns).to_dict()


def numbered(members: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Members of a report with their places, from 1."""
    return ({"number": number} | member for number, member in enumerate(members, start=1))


def iso(when: datetime | None) -> str | None:
    """A time as it is written in records."""
    return when.isoformat() if when else None
