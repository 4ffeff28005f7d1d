"""Rows and their contacts side by side, in 80 columns, and as values for programs."""

from __future__ import annotations

from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.redaction import escaped, redacted, without_secrets
from target_constant_contact.singer.encoding import readable_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_constant_contact.checks.preview import PreviewedRow
    from target_constant_contact.checks.rehearsal import Rehearsed
    from target_constant_contact.mapping.trace import TracedProperty
    from target_constant_contact.singer.plan import StreamPlan

WIDTH: Final = 80
_COLUMNS: Final = (27, 27, 20)
"""Characters of the record, of the contact, and of the rule; two blanks stand before each."""
_LONGEST: Final = 200
"""Characters of a value that are shown."""
_WORDS: Final = {
    "sent": "would be sent to {}",
    "merged": "would be sent to {} together with an earlier row",
    "rejected": "would be rejected",
    "suppressed": "would not be sent",
    "unchanged": "would not be sent again",
    "left": "is no member any more",
    "blank": "would be passed over",
    "dropped": "is dropped by stream_maps",
}


def lines_of(
    rehearsed: Rehearsed, rows: Mapping[str, Sequence[PreviewedRow]], *remarks: str
) -> Iterator[str]:
    """What a person reads, in lines of at most 80 characters. It holds personal data.

    Args:
        rehearsed: What came of the rows.
        rows: The rows of each stream.
        remarks: What has to be said before them.
    """
    for remark in remarks:
        yield from (*_wrapped(redacted(remark)), "")
    plans = {plan.stream: plan for plan in rehearsed.plans}
    for stream, plan in plans.items():
        yield from _wrapped(f"Stream {stream}: {_way(plan)}")
        if plan.unsent:
            yield from _wrapped(f"Not sent: {', '.join(map(_unsent, plan.unsent.items()))}", 2)
        for row in rows.get(stream, ()):
            yield ""
            yield from _row(row)
        if not rows.get(stream):
            yield "  No row of it came."
        yield ""
    for stream in rehearsed.removed:
        yield from (*_wrapped(f"Stream {stream}: dropped by stream_maps"), "")


def as_json(
    rehearsed: Rehearsed, rows: Mapping[str, Sequence[PreviewedRow]]
) -> list[dict[str, Any]]:
    """The same for programs, with whole values."""
    return [
        {
            "stream": plan.stream,
            "segment": plan.segment,
            "lists": sorted(plan.lists),
            "lists_field": plan.lists_field,
            "matched_by_name": plan.automatic,
            "fields": dict(plan.fields),
            "not_sent": dict(plan.unsent),
            "rows": [_as_json(row) for row in rows.get(plan.stream, ())],
        }
        for plan in rehearsed.plans
    ]


def _as_json(row: PreviewedRow) -> dict[str, Any]:
    return {
        "row": row.number,
        "outcome": row.outcome,
        "reason": row.reason,
        "field": row.source,
        "lists": list(row.lists),
        "lists_rule": row.lists_rule,
        "record": dict(row.record),
        "properties": [
            {
                "property": each.name,
                "field": each.field,
                "value": each.value,
                "sent": each.sent,
                "rule": each.rule,
            }
            for each in row.properties
        ],
    }


def _way(plan: StreamPlan) -> str:
    how = "matched by their names" if plan.automatic else "as field_mapping says"
    entry = f" (entry {plan.segment!r} of segments)" if plan.segment else ""
    return f"goes to {plan.goal}{entry}; fields {how}"


def _unsent(field: tuple[str, str]) -> str:
    return f"{field[0]} ({field[1]})" if field[1] else field[0]


def _row(row: PreviewedRow) -> Iterator[str]:
    lists = ", ".join(row.lists) or "no list"
    said = f"Row {row.number} {_WORDS[row.outcome].format(lists)}"
    if row.lists_rule != "settings":
        said += f" ({row.lists_rule})"
    if row.reason:
        where = f" (field {row.source!r})" if row.source else ""
        said += f": {row.reason}{where}"
    yield from _wrapped(said)
    blank = [each for each in row.properties if each.rule.startswith("blank")]
    for each in row.properties:
        if each not in blank:
            yield from _beside(each, "see above" if each.rule == row.reason else each.rule)
    if blank and row.outcome not in {"blank", "left"}:
        names = ", ".join(dict.fromkeys(each.name for each in blank))
        yield from _wrapped(f"blank, so the account keeps its value: {names}", 2)


def _beside(each: TracedProperty, rule: str) -> Iterator[str]:
    """A property: what the record has, what the contact gets, and by which rule."""
    sent = "(not sent)" if each.sent is None else _shown(each.sent)
    cells = (f"{each.field} = {_shown(each.value)}", f"{each.name} = {sent}", rule)
    columns = [_cut(cell, width) for cell, width in zip(cells, _COLUMNS, strict=True)]
    for parts in zip_longest(*columns, fillvalue=""):
        padded = (part.ljust(width) for part, width in zip(parts, _COLUMNS, strict=True))
        yield f"  {'  '.join(padded)}".rstrip()


def _shown(value: Any) -> str:
    is_json = value is None or isinstance(value, (bool, dict, list))
    text = readable_line(value) if is_json else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _wrapped(text: str, indent: int = 0) -> Iterator[str]:
    before = " " * indent
    for number, line in enumerate(_cut(text, WIDTH - indent - 2)):
        yield f"{before}{'  ' if number else ''}{line}"


def _cut(text: str, width: int) -> list[str]:
    shown = escaped(without_secrets(text))
    return wrap(shown, width, break_on_hyphens=False, drop_whitespace=True) or [""]
