"""Members as varied as real ones, made up from a seed; all of them live at example.com or .org."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.repeats import Repeats

FIELDS: Final = {
    "email": "email",
    "first_name": "first_name",
    "last_name": "last_name",
    "birthday": "date_of_birth",
    "phone": "phone",
    "street": "street",
    "city": "city",
    "zip": "zip",
    "cf:amount": "amount",
    "cf:customer_id": "customer_id",
    "cf:consent": "consent_at",
    "cf:tier": "tier",
}
"""Contact property to record field: twelve, four of them custom fields."""
CUSTOM_FIELDS: Final = {
    "amount": "number",
    "customer_id": "number",
    "consent": "date",
    "tier": "string",
}
"""The account's custom fields, and their types."""

_TEXT: Final = {"type": ["string", "null"]}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": dict.fromkeys(FIELDS.values(), _TEXT)
    | {
        "email": {"type": "string"},
        "date_of_birth": {"type": ["string", "null"], "format": "date"},
        "amount": {"type": ["number", "null"]},
        "customer_id": {"type": ["integer", "null"]},
        "consent_at": {"type": ["string", "null"], "format": "date-time"},
        "list": _TEXT,
    },
}

_FIRST: Final = ("Ann", "Ben", "Carla", "David", "Emily", "Farid", "Grace", "Hannah", "Ida", "Jo")
_FIRST_BEYOND: Final = ("Chloé", "José", "Zoë", "Søren", "Jürgen", "Łukasz", "Anaïs", "Björn")
_LAST: Final = ("Mil", "Ander", "Kowal", "Thomp", "Gar", "Ol", "Peter", "Wal", "Brown", "Whit")
_LAST_ENDS: Final = ("ler", "son", "ski", "sen", "ers", "ker", "ley", "ton", "man", "field")
_LAST_BEYOND: Final = ("García", "Søndergaard", "Müller", "Núñez", "Żak", "Lefèvre")
_CITIES: Final = (
    *("Spring", "Bos", "Port", "Oak", "River"),
    *("Lake", "Hill", "North", "South", "West"),
)
_CITY_MIDDLES: Final = (
    *("field", "ton", "land", "dale", "side"),
    *("view", "ville", "wood", "ford", "mont"),
)
_CITY_ENDS: Final = ("", " Park", " Falls", " Heights", " Springs", " Hills", " City", " Village")
_STREETS: Final = (
    "North Main Street",
    "Elm Street West",
    "Old Harbour Road",
    "2nd Avenue",
    "Mill Lane",
)
_TIERS: Final = ("basic member", "silver member", "gold member")
_UNASKED: Final = 15
"""Of a hundred."""
_BORN: Final = date(1940, 1, 1)
_DAYS: Final = (date(2006, 1, 1) - _BORN).days
_ASKED: Final = date(2016, 1, 1)


def list_name(number: int) -> str:
    """Name of one of the lists."""
    return f"List {number:03}"


def records(
    rows: int, pick: random.Random, *, lists: int = 0, repeats: Repeats | None = None
) -> Iterator[str]:
    """Records as JSON.

    Birthdays cover 66 years, amounts have two decimals, consents have seconds; 12 % of the names
    are outside ASCII, and 2 to 30 % of the values of every other field but the address are null.

    Args:
        rows: How many.
        pick: The random numbers.
        lists: Lists that the records name; none: they name none.
        repeats: Who comes again.
    """
    one, bits, below = _picking(pick), pick.getrandbits, _below(pick)
    pools = _Pools(pick)
    for number in range(rows):
        first, last, local = one(pools.people)
        email, street = f"{local}{number}", one(pools.streets)
        if street != "null":
            street = f'"{below(9_000) + 1} {street}, Apt. {below(400) + 1}"'
        if repeats and (again := repeats.at(number)):
            person, version = again
            email, street = f"again.{person}", f'"{version} Again Street"'
        # The domain of a person stays as it is.
        domain = pools.domains[number % 1_009] if not email.startswith("again.") else "example.com"
        amount = f"{below(5_000)}.{below(100):02}" if below(10) else "null"
        phone = f'"+1 {below(789) + 201} 555 {below(10_000):04}"' if below(5) else "null"
        consent = (
            f'"{one(pools.asked)}T{one(pools.times)}+00:00"' if below(100) >= _UNASKED else "null"
        )
        place = f',"list":"{list_name(below(lists))}"' if lists else ""
        yield (
            f'{{"email":"{email}@{domain}","first_name":{first},"last_name":{last},'
            f'"date_of_birth":{one(pools.born)},"phone":{phone},"street":{street},'
            f'"city":{one(pools.cities)},"zip":{one(pools.zips)},"amount":{amount},'
            f'"customer_id":{bits(62) + (1 << 62) if below(50) else "null"},'
            f'"consent_at":{consent},"tier":{one(pools.tiers)}{place}}}'
        )


def _picking(pick: random.Random) -> Callable[[Sequence[Any]], Any]:
    """A quicker `random.choice`; that some come up a little more often does not matter here."""
    uniform = pick.random
    return lambda pool: pool[int(uniform() * len(pool))]


def _below(pick: random.Random) -> Callable[[int], int]:
    uniform = pick.random
    return lambda most: int(uniform() * most)


class _Pools:
    """Values to pick from, as JSON; those that are missing are among them.

    Args:
        pick: The random numbers.
    """

    def __init__(self, pick: random.Random) -> None:
        self.people = [_person(pick) for _ in range(20_000)]
        self.domains = _domains(pick, 1_009)
        born = [(_BORN + timedelta(day)).isoformat() for day in range(_DAYS)]
        self.born = _with_missing(born, 0.30)
        cities = [f"{a}{b}{c}" for a in _CITIES for b in _CITY_MIDDLES for c in _CITY_ENDS]
        cities += [f"San {name}" for name in cities[:200]]
        self.cities = _with_missing(cities, 0.08)
        self.streets = [*_STREETS * 2, "null"]
        self.zips = _with_missing([f"{code:05}" for code in range(1_000, 99_000, 7)], 0.08)
        self.tiers = _with_missing(_TIERS * 19, 0.05)
        self.asked = [(_ASKED + timedelta(day)).isoformat() for day in range(3_600)]
        self.times = [f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(86_400)]


def _with_missing(values: Sequence[str], share: float) -> list[str]:
    nulls = round(len(values) * share / (1 - share))
    return [_text(value) for value in values] + ["null"] * nulls


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _person(pick: random.Random) -> tuple[str, str, str]:
    """First and last name, and how an address begins."""
    first, last = pick.choice(_FIRST), pick.choice(_LAST) + pick.choice(_LAST_ENDS)
    local = f"{first}.{last}"
    firsts = pick.choices((first, pick.choice(_FIRST_BEYOND), None), (90, 8, 2))
    lasts = pick.choices((last, pick.choice(_LAST_BEYOND), None), (92.5, 4.5, 3))
    return (
        json.dumps(firsts[0], ensure_ascii=False),
        json.dumps(lasts[0], ensure_ascii=False),
        (pick.choices((local.lower(), local), (90, 10))[0]),
    )


def _domains(pick: random.Random, count: int) -> list[str]:
    """Most people are with a few providers, and the others with many companies."""
    large = {"bigmail": 38, "oldmail": 14, "webmail": 10, "telecom": 6, "cable": 4, "college": 3}
    names = [f"{name}.example.com" for name in large] + ["company"]
    weights = [*large.values(), 100 - sum(large.values())]
    chosen = pick.choices(names, weights, k=count)
    return [
        f"firm{place}.example.org" if name == "company" else name
        for place, name in enumerate(chosen)
    ]
