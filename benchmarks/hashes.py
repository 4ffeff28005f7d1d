"""Compare ways to keep what a million people were told, so that only the key of it tells whom."""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.ledger.installation_key import InstallationKey, new_key

if TYPE_CHECKING:
    from collections.abc import Callable

_PEOPLE = 1_000_000


def main() -> None:
    """Print the seconds that each takes for a million addresses."""
    said = [f"member{number}@example.com" for number in range(_PEOPLE)]
    contacts = [each.encode() for each in said]
    text = Fingerprints.of(said, contacts, None).to_bytes()
    secret = secrets.token_bytes(32)
    key = InstallationKey(new_key)
    ways: dict[str, Callable[[], object]] = {
        "checksums, which hide nothing": lambda: Fingerprints.of(said, contacts, None).to_bytes(),
        "encryption of the checksums": lambda: key.hide(text),
        "a keyed BLAKE2b of each address": lambda: [
            blake2b(each.encode(), key=secret, digest_size=8).digest() for each in said
        ],
    }
    print("| way | seconds for a million |\n|---|---:|")
    for name, make in ways.items():
        began = time.process_time()
        make()
        print(f"| {name} | {time.process_time() - began:.3f} |")


if __name__ == "__main__":
    main()
