"""The command `erase`: people who must never be imported again, and of whom nothing is kept."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    print_json,
    say,
    working,
)
from target_constant_contact.contacts.addresses import key_of
from target_constant_contact.exceptions import SettingsError, TryLaterError
from target_constant_contact.reports.history import store_of_runs
from target_constant_contact.segments.suppression_file import is_address
from target_constant_contact.store.address import place_of
from target_constant_contact.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_constant_contact.segments.erasing import Erasure
    from target_constant_contact.store.place import StorePlace

_MOST_SHOWN: Final = 5


@click.command("erase")
@configured
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@json_option
def erase(config: dict[str, Any], addresses: Sequence[str], *, as_json: bool) -> None:
    """Never import people again, and remove what is kept of them; - reads addresses from stdin."""
    keys = _keys(addresses)
    place = store_of_runs(config)
    # Not before: what is imported for the help of a command need not load SQLAlchemy.
    from target_constant_contact.segments import erasing  # noqa: PLC0415

    with working(f"erasing {counted(len(keys), 'person', 'people')}", "erase"):
        done = erasing.erase(place, keys)
    if as_json:
        print_json(asdict(done))
    else:
        say(*_told(done, place))
    if done.under_way:
        raise TryLaterError(
            f"{counted(len(done.under_way), 'run')} under way ({', '.join(done.under_way)}) may "
            "still send these people, and may write rows of theirs. Call erase again when it has "
            "ended, before anything is deleted at Constant Contact"
        )


def _keys(addresses: Sequence[str]) -> list[str]:
    """The e-mail keys of what was given, each once.

    Raises:
        SettingsError: One is no address; it is named by its place, never by what is in it.
    """
    given = _from_stdin() if [*addresses] == ["-"] else _numbered(addresses)
    texts = [(place, text.strip()) for place, text in given]
    wrong = [place for place, text in texts if not is_address(text)]
    if wrong:
        others = f" and {len(wrong) - _MOST_SHOWN:,} more" if len(wrong) > _MOST_SHOWN else ""
        fault = (
            f"erase: {', '.join(wrong[:_MOST_SHOWN])}{others}: no e-mail address; nobody was "
            "erased. Write one address in each argument, or on each line of standard input"
        )
        raise SettingsError([fault])
    if not texts:
        raise SettingsError(["erase: standard input holds no address; nobody was erased"])
    return [*dict.fromkeys(key_of(text) for _, text in texts)]


def _numbered(addresses: Iterable[str]) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(addresses, start=1):
        yield f"argument {number:,}", text


def _from_stdin() -> Iterator[tuple[str, str]]:
    lines = sys.stdin if sys.stdin is not None else ()
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix("\ufeff").strip()
        if text and not text.startswith("#"):
            yield f"line {number:,}", text


def _told(done: Erasure, place: StorePlace) -> Iterator[str]:
    """What was done, and what is left to do elsewhere."""
    store = place_of(place.url) if place.url else str(place.folder.store)
    before = done.people - done.suppressed
    again = f" ({before:,} of them already before)" if before else ""
    people = "1 person" if done.people == 1 else f"{done.people:,} people"
    yield f"Suppressed in the store at {store}: {people}{again}. No run that shares it sends them."
    yield (
        f"Removed: {counted(done.traces, 'trace')} in the store, "
        f"{counted(done.rows, 'rejected row')} in {counted(done.files, 'file')} of "
        f"{place.folder.runs}."
    )
    yield "Left to you:"
    yield (
        "- at Constant Contact: look the people up under Contacts and delete them; nothing here "
        "deletes anybody there. It keeps deleted contacts as deleted; whether for good, its "
        "support tells"
    )
    yield "- in the source of the segments; a row that still comes is counted as suppressed"
    yield "- files that somebody has made of rejected rows, and backups"
    if place.url:
        yield "- on each other machine that runs exports: its rejected rows; call erase there too"
