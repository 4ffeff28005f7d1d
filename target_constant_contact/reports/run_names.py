"""Which run is meant by what a person has typed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final

from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

LATEST: Final = "latest"
"""Stands for the name of the newest run."""

_NAMED: Final = 3


def find_run(wanted: str, names: Sequence[str], place: str) -> str:
    """The run that is meant by its name, the beginning of it, or ``latest``.

    Args:
        wanted: What was asked for.
        names: Names of the runs, newest first; there is one at least if ``latest`` is wanted.
        place: Where they are.

    Raises:
        SettingsError: There is no such run, or more than one.
    """
    if wanted == LATEST:
        return names[0]
    found = [name for name in names if wanted and name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(found[:_NAMED])
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        raise SettingsError(
            [f"{len(found):,} runs begin with {wanted!r}: {some}{more}; write more of the name"]
        )
    close = difflib.get_close_matches(wanted, names, n=_NAMED, cutoff=0.7)
    hint = (
        f"did you mean {' or '.join(close)}?"
        if close
        else "see what there is: target-constant-contact runs"
    )
    raise SettingsError([f"there is no run {wanted!r} in {place}; {hint}"])
