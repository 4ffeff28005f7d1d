"""Write the example segments, `examples/segments/*.jsonl`: invented people, real mess.

Running it again gives the same bytes. Every address is under example.com, example.org or
example.net, which belong to nobody. The mess is what segments of real businesses hold:

- addresses in mixed case, with spaces around them, missing, or not an address at all;
- the same person twice, later with newer values, and in both segments;
- names and cities in many scripts, names that are too long, an emoji;
- dates, telephone numbers and amounts as every system writes them differently;
- people whom the sandbox's account knows as unsubscribed, deleted, on hold or unconfirmed.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Record = dict[str, Any]

FOLDER = Path(__file__).parent / "segments"
SEED = 20_260_401
SUBSCRIBERS = 3_000
MEMBERS = 2_000
SHARED = 450
"""Loyalty members who take the newsletter too."""

TODAY = date(2026, 4, 1)


@dataclass(frozen=True, slots=True)
class Culture:
    """Names and cities that go together; ``native|latin`` where the script is not plain Latin."""

    weight: int
    country: str
    given: Sequence[str]
    family: Sequence[str]
    cities: Sequence[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a segment in which rows are spoilt."""

    email: str
    last_name: str
    day: str


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DATE_SHAPES: tuple[Callable[[date], str], ...] = (
    lambda day: day.isoformat(),
    lambda day: day.isoformat(),
    lambda day: day.strftime("%m/%d/%Y"),
    lambda day: f"{day.isoformat()}T00:00:00Z",
    lambda day: f"{day.day} {_MONTHS[day.month - 1]} {day.year}",
    lambda day: day.strftime("%Y%m%d"),
)

PHONE_SHAPES = ("({}) 555-{}", "{}-555-{}", "+1 {} 555 {}", "{}.555.{}", "{}555{}", "1-{}-555-{}")
AREA_CODES = ("503", "541", "208", "512", "218", "505", "651", "336")

BROKEN_ADDRESSES: tuple[Callable[[str], str], ...] = (
    lambda email: email.replace("@", "", 1),
    lambda email: email.replace("@", "@@", 1),
    lambda email: f"{email},",
    lambda email: email.replace(".", " . ", 1),
    lambda email: email.replace("@", " at "),
    lambda email: email.partition("@")[0] + "@",
)

KNOWN_TO_THE_SANDBOX = (
    ("una.subscribed@example.com", "Una", "Subscribed"),
    ("ada.optout@example.org", "Ada", "Optout"),
    ("del.eted@example.net", "Del", "Eted"),
    ("gone.unsubscribed@example.com", "Gone", "Unsubscribed"),
    ("tem.hold@example.org", "Tem", "Hold"),
    ("pen.ding@example.net", "Pen", "Ding"),
    ("Ada.Marsh@example.com", "Ada", "Marsh"),
)

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondeley"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    email: str
    first: str
    last: str
    city: str
    country: str
    born: date
    phone: str


class People:
    """A source of people with addresses that no two of them share."""

    def __init__(self, rng: random.Random, cultures: Sequence[Culture]) -> None:
        self._rng = rng
        self._cultures = cultures
        self._taken: set[str] = {email.lower() for email, _, _ in KNOWN_TO_THE_SANDBOX}

    def someone(self) -> Person:
        """The next person."""
        rng = self._rng
        culture = rng.choices(self._cultures, [c.weight for c in self._cultures])[0]
        first, first_latin = _native_and_latin(rng.choice(culture.given))
        last, last_latin = _native_and_latin(rng.choice(culture.family))
        return Person(
            email=self._address(first_latin, last_latin),
            first=first,
            last=last,
            city=rng.choice(culture.cities),
            country=culture.country,
            born=_day(rng, 1941, 2007),
            phone=_phone(rng),
        )

    def known(self) -> list[Person]:
        """The people whom the sandbox's account knows from the start."""
        rng = self._rng
        return [
            Person(email, first, last, "Salem", "US", _day(rng, 1960, 2000), _phone(rng))
            for email, first, last in KNOWN_TO_THE_SANDBOX
        ]

    def _address(self, first: str, last: str) -> str:
        rng = self._rng
        name = f"{first}.{last}".replace("'", "").lower()
        while True:
            tail = rng.choice(("", "", str(rng.randrange(1, 100)), f"+news{rng.randrange(10)}"))
            address = f"{name}{tail}@{rng.choice(('mail.', 'shop.', '', ''))}example."
            address += rng.choice(("com", "com", "org", "net"))
            if address not in self._taken:
                self._taken.add(address)
                return address
            name = f"{name}{rng.randrange(10)}"


def _native_and_latin(entry: str) -> tuple[str, str]:
    native, _, latin = entry.partition("|")
    return native, latin or native


def _day(rng: random.Random, first_year: int, last_year: int) -> date:
    first = date(first_year, 1, 1)
    return first + timedelta(days=rng.randrange((date(last_year, 12, 31) - first).days))


def _phone(rng: random.Random) -> str:
    shape = rng.choice(PHONE_SHAPES)
    return shape.format(rng.choice(AREA_CODES), f"0{rng.randrange(1000):03}")


def _written(rng: random.Random, day: date) -> str:
    return rng.choice(DATE_SHAPES)(day)


def _often(rng: random.Random, share: float, value: Any) -> Any:
    return value if rng.random() < share else rng.choice(("", None, "  "))


def _sloppy(rng: random.Random, text: str) -> str:
    """Text as people type it: now and then shouted or with spaces around it."""
    roll = rng.random()
    if roll < 0.06:  # noqa: PLR2004 - shares of the mess
        return text.upper()
    if roll < 0.10:  # noqa: PLR2004 - shares of the mess
        return f"  {text} "
    return text


def _sloppy_address(rng: random.Random, email: str) -> str:
    return _sloppy(rng, email.title() if rng.random() < 0.15 else email)  # noqa: PLR2004 - a share


def _without_nulls(rng: random.Random, record: Record) -> Record:
    """The record as some exports write it: absent instead of null."""
    if rng.random() < 0.5:  # noqa: PLR2004 - a share
        return record
    return {name: value for name, value in record.items() if value is not None}


def subscriber(rng: random.Random, person: Person) -> Record:
    """A row of the newsletter segment, whose columns have well-known names."""
    record = {
        "EmailAddress": _sloppy_address(rng, person.email),
        "FIRST_NAME": _often(rng, 0.96, _sloppy(rng, person.first)),
        "LAST_NAME": _often(rng, 0.96, _sloppy(rng, person.last)),
        "City": _often(rng, 0.85, person.city),
        "Country": _often(rng, 0.8, person.country),
        "Birthday": _often(rng, 0.6, _written(rng, person.born)),
        "Phone": _often(rng, 0.5, person.phone),
    }
    return _without_nulls(rng, record)


def member(rng: random.Random, person: Person, number: int) -> Record:
    """A row of the loyalty segment, whose columns need a mapping."""
    value = round(rng.paretovariate(1.3) * 40, 2)
    record = {
        "card_no": f"C-{100_000 + number}",
        "login": _sloppy_address(rng, person.email),
        "given": _often(rng, 0.98, person.first),
        "family": _often(rng, 0.98, person.last),
        "address": {"city": _often(rng, 0.9, person.city), "country": person.country},
        "tier": _often(rng, 0.97, rng.choices(("Bronze", "Silver", "Gold"), (6, 3, 1))[0]),
        "joined": _often(rng, 0.97, _written(rng, _day(rng, 2009, 2025))),
        "spent": rng.choice((value, value, int(value), f"{value:.2f}", None)),
    }
    return _without_nulls(rng, record)


def newer(rng: random.Random, record: Record, email: str) -> Record:
    """The same person again, further down: address in other case, moved house."""
    address = record[email].strip()
    changed = record | {email: address.lower() if address != address.lower() else address.upper()}
    if email == "login":
        return changed | {"address": {"city": "Astoria", "country": "US"}, "tier": "Gold"}
    return changed | {"City": "Astoria", "Phone": _phone(rng)}


def spoil(rng: random.Random, records: list[Record], columns: Columns, broken: int) -> None:
    """Make some rows unfit: ``broken`` addresses, four blank ones, long names, no real dates."""
    email = columns.email
    # Whoever opens the file first sees some rows that are all right.
    spots = iter(rng.sample(range(10, len(records)), broken + 8))
    for number in range(broken):
        record = records[next(spots)]
        spoiled = BROKEN_ADDRESSES[number % len(BROKEN_ADDRESSES)]
        record[email] = spoiled(record[email].strip().lower())
    for blank in ("", None, "   ", None):
        records[next(spots)][email] = blank
    for name in (LONG_NAME, LONG_NAME[::-1]):
        records[next(spots)][columns.last_name] = name
    for impossible in ("1979-02-30", "unknown"):
        records[next(spots)][columns.day] = impossible


def segment(
    rng: random.Random, records: list[Record], columns: Columns, again: int
) -> list[Record]:
    """Mix rows with ``again`` repetitions, each after its first one, and spoil some others."""
    email = columns.email
    rng.shuffle(records)
    # The people whom the sandbox knows must stay as they are to meet their condition.
    known = {address.lower() for address, _, _ in KNOWN_TO_THE_SANDBOX}
    plain = [row for row in records if row[email].strip().lower() not in known]
    repeated = rng.sample(plain, again)
    chosen = {id(row) for row in repeated}
    rest = [row for row in plain if id(row) not in chosen]
    spoil(rng, rest, columns, broken=len(records) // 250)
    result = list(records)
    for row in repeated:
        place = result.index(row) + 1
        result.insert(rng.randrange(place, len(result) + 1), newer(rng, row, email))
    return result


def write(name: str, records: Iterable[Record]) -> None:
    """Write one segment as JSON Lines in UTF-8, with the same bytes on every system."""
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in records)
    text = "".join(f"{line}\n" for line in lines)
    (FOLDER / f"{name}.jsonl").write_bytes(text.encode())


def read_cultures() -> tuple[Culture, ...]:
    """The cultures of `cultures.json`, beside this file."""
    text = (Path(__file__).parent / "cultures.json").read_text(encoding="utf-8")
    return tuple(Culture(**entry) for entry in json.loads(text))


def newsletter(rng: random.Random, people: Sequence[Person]) -> list[Record]:
    """The newsletter segment, with one name that ends in a flower."""
    rows = [subscriber(rng, person) for person in people]
    rows[-1]["FIRST_NAME"] = "Flora 🌻"
    return segment(rng, rows, Columns("EmailAddress", "LAST_NAME", "Birthday"), again=60)


def loyalty(rng: random.Random, people: Sequence[Person]) -> list[Record]:
    """The loyalty segment."""
    rows = [member(rng, person, number) for number, person in enumerate(people)]
    return segment(rng, rows, Columns("login", "family", "joined"), again=25)


def main() -> None:
    """Write both segments."""
    rng = random.Random(SEED)
    source = People(rng, read_cultures())
    known = source.known()
    readers = [source.someone() for _ in range(SUBSCRIBERS - len(known) - 60)]
    buyers = [source.someone() for _ in range(MEMBERS - len(known) - SHARED - 25)]
    FOLDER.mkdir(exist_ok=True)
    write("newsletter_subscribers", newsletter(rng, [*known, *readers]))
    write("loyalty_members", loyalty(rng, [*known, *rng.sample(readers, SHARED), *buyers]))


if __name__ == "__main__":
    main()
