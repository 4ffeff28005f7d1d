"""The stream of rejected rows with their addresses, which has to be asked for."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import typing as th
from typing_extensions import override

from target_constant_contact.data_folder import REJECTS_FILE
from target_constant_contact.exceptions import DataError
from target_constant_contact.reports.rejected_addresses import rejected_addresses
from target_constant_contact.results_tap.stream import ResultsStream, properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.reports.past_run import PastRun


class RejectedAddresses(ResultsStream):
    """Rejected rows, each with the address in it. Personal data.

    They are in the files of this machine: the store has none.
    """

    name = "rejected_addresses"
    primary_keys: ClassVar[Sequence[str]] = ("run", "number")
    open_texts = frozenset({"address"})
    schema: ClassVar[dict[str, Any]] = properties(
        th.Property(
            "number", th.IntegerType, required=True, description="Place in the file, from 1."
        ),
        th.Property("stream", th.StringType, description="Stream of the row."),
        th.Property(
            "address",
            th.StringType,
            description="The e-mail address as it came, which may be none. Personal data.",
        ),
        th.Property("reason", th.StringType, description="Why it was rejected."),
        th.Property("field", th.StringType, description="The record field that it is about."),
        th.Property(
            "evidence", th.StringType, description="How it is known of a row that was sent."
        ),
    )

    @override
    def records_of(self, run: PastRun) -> Iterator[dict[str, Any]]:
        path = self.settings.store.folder.runs / run.run / REJECTS_FILE
        # While it is written, its last line is half a row.
        if run.ended_at is None:
            return
        if not path.exists():
            if run.rejects_file:
                self.logger.warning(
                    "The rejected rows of run %s are not in %s: it was on machine %s",
                    run.run,
                    path.parent,
                    run.machine,
                )
            return
        try:
            for row in rejected_addresses(path):
                yield {name: value or None for name, value in asdict(row).items()}
        except DataError as error:
            # The other runs' rows are as good as before.
            self.logger.warning("%s", error)
