"""What people were told of a run, as its report tells it in the store."""

from __future__ import annotations

from dataclasses import dataclass


# All texts and whole numbers: the report and a webhook's event have them as they are.
@dataclass(frozen=True, slots=True)
class Alert:
    """One message: what has changed.

    Attributes:
        id: Name of the message; the same when it has to be sent again.
        event: ``failed``, ``recovered``, ``rejected``, ``removed`` or ``shrunk``.
        run: Name of the run that it is about.
        kind: ``load`` or ``sweep``.
        export: Key of the export.
        connection: Name of the connection.
        account: Name of the account, as far as it is known.
        time: When that run has ended, or begun if its end is not known, by ISO 8601.
        text: What people read.
        stream: Stream that it is about; empty when it is about the whole run.
        list_id: List that it is about, if it is about one.
        list_name: Its name.
        number: Rows or people that it is about.
        of: Of how many.
    """

    id: str
    event: str
    run: str
    kind: str
    export: str
    connection: str
    account: str
    time: str
    text: str
    stream: str = ""
    list_id: str = ""
    list_name: str = ""
    number: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Told:
    """What one receiver knows after a run.

    Attributes:
        receiver: Which one, in words without a secret.
        active: What it was told and is not over: ``failed``, or ``rejected`` and a stream.
        owed: What did not reach it: the next run tells it.
        turn: Which in the row of runs that have told: clocks of several machines may differ.
    """

    receiver: str
    active: tuple[str, ...] = ()
    owed: tuple[Alert, ...] = ()
    turn: int = 0
