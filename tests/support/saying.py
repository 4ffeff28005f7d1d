"""What batches say about people, as tests write it down."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from target_constant_contact.batches.fingerprints import Fingerprints
from target_constant_contact.contacts.addresses import hashes

if TYPE_CHECKING:
    from collections.abc import Mapping


def saying(values: Mapping[str, int]) -> Fingerprints:
    """The fingerprints of a batch that says these values of these people."""
    return Fingerprints(hashes(values), array("I", values.values()))
