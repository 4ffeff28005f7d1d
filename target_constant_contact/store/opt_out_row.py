"""Who has unsubscribed from an account, as the store has it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptOutRow:
    """Who has unsubscribed from an account, as far as it was asked for.

    Attributes:
        read_at: When the service was last asked for those who did, as a Unix timestamp.
        whole_at: When it was last asked for all of them.
        people: Keyed hashes, as `segments.hash_set` packs them.
    """

    read_at: float
    whole_at: float
    people: bytes
