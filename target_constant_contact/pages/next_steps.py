"""What a person has to do after a run, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from target_constant_contact.pages.reasons import LEFT_OUT, NOT_TAKEN, REJECTED
from target_constant_contact.reports.past_run import LOAD, UNFINISHED, UNREADABLE
from target_constant_contact.reports.swept import refusals
from target_constant_contact.wording import counted, them

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from target_constant_contact.pages.reasons import Reason
    from target_constant_contact.reports.past_run import PastRun

_PROGRAM: Final = "target-constant-contact"


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do.

    Attributes:
        text: What, as a sentence.
        commands: Commands that do it, in their order.
    """

    text: str
    commands: tuple[str, ...] = ()


def next_steps(past: PastRun, reasons: Sequence[Reason]) -> list[Step]:
    """What to do after a run; nothing when all is as it should be.

    Args:
        past: The run.
        reasons: Why rows have not landed.
    """
    steps = [*_of_status(past), *_of_rows(past, reasons), *_of_lists(past), *_to_look_at(past)]
    if past.is_dry_run and past.kind == LOAD:
        steps.append(Step("Set dry_run to false, or take it out, and run again to send the rows."))
    return steps


def _of_status(past: PastRun) -> Iterator[Step]:
    if past.status == "failed":
        yield from _of_failure(past)
    elif past.status == UNFINISHED:
        yield Step(
            "Look whether the run is still going. If it is not, start it again: it takes up what "
            "was sent."
        )
    elif past.status == UNREADABLE:
        yield Step(
            "Look at the log of the run: its report is damaged, or something else has written it."
        )


def _of_failure(past: PastRun) -> Iterator[Step]:
    refused = refusals(past.swept)
    if past.kind == LOAD:
        yield Step(
            "Do what the error says, and run again. STATE covers only what has landed, so the next "
            "run sends the rest."
        )
    # What keeps a list from being swept is said of that list.
    elif past.error != "; ".join(refused):
        yield Step("Do what the error says, and sweep again.")


def _of_rows(past: PastRun, reasons: Sequence[Reason]) -> Iterator[Step]:
    wrong = [each for each in reasons if each.outcome in {REJECTED, NOT_TAKEN}]
    wrong = [each for each in wrong if each.can_be_corrected and each.count > 0]
    rows = sum(each.count for each in wrong)
    if wrong and past.is_dry_run:
        yield Step(f"Correct {counted(rows, 'row')} in the source, or a run rejects them.")
    elif wrong:
        yield Step(
            f"Correct {counted(rows, 'row')} and send {them(rows)} again; correct the source too, "
            "or the next run rejects them once more.",
            tuple(f"{_PROGRAM} {command}" for command in _correcting(past.run)),
        )
    if past.unsettled:
        imports = len(past.unsettled)
        yield Step(
            f"Run again soon: it asks what became of {counted(imports, 'import')} that the service "
            "had not done."
        )
    values = sum(each.count for each in reasons if each.outcome == LEFT_OUT)
    if values > 0:
        yield Step(
            f"Correct {counted(values, 'value')} in the source when there is time: the rows land "
            "without them."
        )


def _correcting(run: str) -> Iterator[str]:
    yield f"rejects --config ... --csv --output rows.csv {run}"
    yield f"rejects --config ... --from-csv rows.csv --output rows.jsonl {run}"
    yield "--config ... --input rows.jsonl"


def _of_lists(past: PastRun) -> Iterator[Step]:
    for one in past.swept:
        if one.outcome == "refused":
            yield Step(f"{one.list_name or one.list_id} keeps everybody: {one.why}")


def _to_look_at(past: PastRun) -> Iterator[Step]:
    for line in past.warnings:
        if line != past.error:
            yield Step(line)
    for line in past.advice:
        yield Step(line)
