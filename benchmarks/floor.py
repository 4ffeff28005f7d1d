"""The least that is possible: decode, map, encode, send, and nothing else at all.

No check of any value, no counting, no merging of addresses, no STATE, no errors.
"""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import requests

from benchmarks.members import FIELDS, list_name
from benchmarks.server import list_id

_MAX_BYTES = 3_800_000

_NAMES = {name: f"p{place}" for place, name in enumerate(FIELDS)}
_BORN = list(FIELDS).index("birthday")
_SENT = [name for name in FIELDS if name != "birthday"] + ["birthday_month", "birthday_day"]
_Record: Any = msgspec.defstruct(
    "Record",
    [(name, Any, None) for name in _NAMES.values()],
    rename={_NAMES[name]: field for name, field in FIELDS.items()},
)
_Contact: Any = msgspec.defstruct(
    "Contact",
    [(f"p{place}", Any, None) for place in range(len(_SENT))],
    rename={f"p{place}": name for place, name in enumerate(_SENT)},
    omit_defaults=True,
)
_Message: Any = msgspec.defstruct("Message", [("type", str), ("record", _Record, None)])


def run(url: str) -> None:
    """Send what is on stdin."""
    decode = msgspec.json.Decoder(_Message).decode
    encode = msgspec.json.Encoder().encode
    values = msgspec.structs.astuple
    session = requests.Session()
    held: list[bytes] = []
    size = 0
    for line in sys.stdin.buffer:
        message = decode(line)
        if message.type == "RECORD":
            given = list(values(message.record))
            if born := given.pop(_BORN):
                given += int(born[5:7]), int(born[8:10])
            contact = encode(_Contact(*given))
            if size + len(contact) > _MAX_BYTES:
                _send(session, url, held)
                held, size = [], 0
            held.append(contact)
            size += len(contact) + 1
    if held:
        _send(session, url, held)


def _send(session: requests.Session, url: str, contacts: list[bytes]) -> None:
    head = f'{{"list_ids":["{list_id(list_name(0))}"],"import_data":['.encode()
    session.post(
        f"{url}/activities/contacts_json_import",
        data=head + b",".join(contacts) + b"]}",
        headers={"Content-Type": "application/json"},
        timeout=60,
    ).raise_for_status()


if __name__ == "__main__":
    run(sys.argv[1])
