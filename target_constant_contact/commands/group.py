"""Commands that have commands of their own."""

from __future__ import annotations

from typing import Final

import click

_WHOLE: Final = 1_000
"""Characters: more than any first sentence has."""


class CommandGroup(click.Group):
    """Such a command; its help shows the first sentence of each of its commands to the end."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, and what each does."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, one.get_short_help_str(_WHOLE)) for name, one in found if one]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
