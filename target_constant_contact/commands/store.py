"""The command `store`: what is in the store, and ways to move it and to change its key."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from target_constant_contact.commands.common import (
    configured,
    json_option,
    print_json,
    print_table,
    say,
    working,
    write_lines,
)
from target_constant_contact.commands.connections import moment
from target_constant_contact.commands.group import CommandGroup
from target_constant_contact.commands.moved import is_stream
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.reports.history import store_of_runs
from target_constant_contact.store.address import no_key_to_move, place_of
from target_constant_contact.wording import are, counted, were

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from target_constant_contact.store.place import StorePlace
    from target_constant_contact.store.survey import Survey


class _Given(NamedTuple):
    """What was given before the name of a command of `store`."""

    config: dict[str, Any]


@click.group("store", cls=CommandGroup, invoke_without_command=True)
@configured
@json_option
def store(config: dict[str, Any], *, as_json: bool) -> None:
    """Show what is in the store: where it is, counts and versions, and no secret."""
    context = click.get_current_context()
    context.obj = _Given(config)
    if context.invoked_subcommand is not None:
        return
    place = store_of_runs(config)
    found = _actions().survey(place)
    shown = {"place": _shown(place), "schema": place.schema}
    if as_json:
        print_json(shown | asdict(found) if found else None)
    elif found:
        _print(shown, found, has_key=bool(place.key))
    else:
        say(f"There is no store at {_shown(place)} yet; the first sign-in or run makes one.")


@store.command("key")
def key() -> None:
    """Make a key for `store_key`, and print it."""
    write_lines([f"{_actions().new_key()}\n"], None)
    say(
        "Set it as store_key on every machine, and keep it with your other secrets: it is stored "
        "nowhere, and nothing else opens what it has encrypted.",
        err=True,
    )


@store.command("export")
@configured
@click.argument("file", metavar="FILE")
@click.option("--forget", is_flag=True, help="Remove the connections here once they are in FILE.")
def export(config: dict[str, Any], file: str, *, forget: bool) -> None:
    """Write all that is in the store into the new file FILE, encrypted; - for standard output."""
    place, keys = _moving(config)
    if forget and is_stream(file):
        raise SettingsError(
            ["--forget needs a file: what goes through a pipe may be lost behind it"]
        )
    with working(f"exporting the store at {_shown(place)}", "store_export"):
        done = _actions().export_to(file, place, keys, forget=forget)
    say(f"Exported from the store at {done.place}: {_counts(done.counts)}.", err=True)
    if done.connections:
        say(_warning(done.connections, done.place, forget=forget), err=True)


@store.command("import")
@configured
@click.argument("file", metavar="FILE")
@click.option(
    "--replace", is_flag=True, help="Replace connections and interrupted runs that differ."
)
def import_(config: dict[str, Any], file: str, *, replace: bool) -> None:
    """Take in what `store export` has written into FILE, all or nothing; - for standard input."""
    place, keys = _moving(config)
    with working(f"importing into the store at {_shown(place)}", "store_import"):
        done, shown = _actions().import_from(file, place, keys, replace=replace)
    say(f"Imported into the store at {shown}: {_counts(done.taken)}.")
    if done.kept:
        say(f"Already there: {_counts(done.kept)}.")
    if done.given_up:
        say("Interrupted runs that were in this store cannot be taken up any more.", err=True)


@store.command("rotate")
@configured
@click.option("--forget", is_flag=True, help="Remove what no key opens, as when one is lost.")
def rotate(config: dict[str, Any], *, forget: bool) -> None:
    """Encrypt all that is secret in the store anew, with the first key of `store_key`."""
    place = store_of_runs(_config(config))
    if not place.url:
        say(
            f"Nothing in {place.folder.store} is encrypted: it is a file that only its owner can "
            "read."
        )
        return
    with working(f"encrypting what is secret in the store at {_shown(place)}", "store_rotate"):
        done = _actions().rotate_in(place, forget=forget)
    if done.removed:
        say(
            f"Removed, as no key opens it: {', '.join(done.removed)}. Make the connections anew "
            "with target-constant-contact login; what interrupted runs have sent is sent once more."
        )
    say(
        f"{counted(done.written, 'secret')} of {done.there:,} {were(done.written)} encrypted anew; "
        "the first key of store_key opens all of them, and any other can be taken out, on every "
        "machine."
    )


def _actions() -> ModuleType:
    # `--help` names all commands, and what these need takes longer to load than all else.
    from target_constant_contact.commands import store_actions  # noqa: PLC0415

    return store_actions


def _config(config: dict[str, Any]) -> dict[str, Any]:
    """The settings of a command of `store`: options count on either side of its name."""
    context = click.get_current_context()
    before: _Given = context.obj
    given = context.params["config_files"] or context.params["data_dir"]
    return config if given else before.config


def _moving(config: dict[str, Any]) -> tuple[StorePlace, str]:
    """The store and the key of what is on its way.

    Raises:
        SettingsError: There is no key.
    """
    place = store_of_runs(_config(config))
    if not place.key:
        raise SettingsError([no_key_to_move()])
    return place, place.key


def _shown(place: StorePlace) -> str:
    return place_of(place.url) if place.url else str(place.folder.store)


def _counts(counts: Mapping[str, int]) -> str:
    words = (
        ("connections", "connection"),
        ("open_runs", "interrupted run"),
        ("entries", "import"),
        ("runs", "past run"),
        ("slots", "request count"),
    )
    parts = [counted(counts[name], word) for name, word in words if counts.get(name)]
    return ", ".join(parts) or "nothing"


def _warning(names: frozenset[str], place: str, *, forget: bool) -> str:
    shown = ", ".join(map(repr, sorted(names)))
    if forget:
        return f"Removed from the store at {place}: {counted(len(names), 'connection')} ({shown})."
    return (
        f"Use {counted(len(names), 'connection')} ({shown}) in one of the two places only: a "
        "refresh token that rotates serves once. store export --forget removes the connections "
        "that it has exported"
    )


def _print(shown: Mapping[str, str | None], found: Survey, *, has_key: bool) -> None:
    print_table(("fact", "value"), _facts(shown, found, has_key=has_key))
    if found.interrupted:
        say("", "Interrupted exports, which their next run takes up")
        headers = ("account", "export", "interrupted run", "imports", "last written (UTC)")
        rows = (
            (one.account, one.export, one.runs[-1], one.imports, moment(one.written_at))
            for one in found.interrupted
        )
        print_table(headers, rows)


def _facts(
    shown: Mapping[str, str | None], found: Survey, *, has_key: bool
) -> Iterator[tuple[str, str]]:
    schema = f", schema {shown['schema']}" if shown["schema"] else ""
    yield "store", f"{shown['place']}{schema}"
    yield "kept by", f"{found.server}, tables of version {found.version}"
    yield "size", f"{found.bytes / 1_000:,.0f} kB"
    yield "connections", f"{found.rows['connections']:,}"
    yield "exports", f"{found.rows['exports']:,}, of them {len(found.interrupted):,} interrupted"
    yield "runs", _runs(found)
    if suppressed := found.rows["suppressions"]:
        yield "people suppressed", f"{suppressed:,}"
    for name, used in found.requests_today.items():
        yield f"requests today of key {name}", f"{used:,}"
    yield "secrets", _secrets(found, has_key=has_key)


def _runs(found: Survey) -> str:
    if not found.rows["runs"]:
        return "0"
    period = f"from {moment(found.oldest_run)} to {moment(found.newest_run)} UTC"
    unfinished = found.runs_unfinished
    open_ones = f"; {unfinished:,} {are(unfinished)} under way or killed" if unfinished else ""
    return f"{found.rows['runs']:,}, {period}{open_ones}"


def _secrets(found: Survey, *, has_key: bool) -> str:
    counts = found.secrets
    if counts is None:
        return "in clear, in a file that only its owner can read"
    first, older, none = counts["first_key"], counts["older_key"], counts["no_key"]
    if none and not first and not older:
        why = "store_key opens none of them" if has_key else "store_key is not set"
        return f"{none:,}, and {why}"
    return (
        f"{first:,} encrypted with the first key of store_key, {older:,} with an older one, "
        f"{none:,} with none that is set"
    )
