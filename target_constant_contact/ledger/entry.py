"""What the ledger keeps of one batch that was sent."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from target_constant_contact.batches.batch import ImportBatch, ImportFormat
    from target_constant_contact.ledger.installation_key import InstallationKey

State: TypeAlias = Literal["sent", "accepted", "settled", "not taken", "lost"]

MAY_HAVE_LANDED: Final[tuple[State, ...]] = ("sent", "accepted", "settled", "lost")
"""States in which the service may have carried an entry out."""

_FILE_NAME: Final = re.compile(r"contacts-[0-9a-f]{32}\.csv")


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch that was sent.

    Attributes:
        number: Its place in the order of sending, over all runs since one has ended well.
        content: Hash of everything that was sent.
        stream: Stream of its rows.
        rows: Number of its rows.
        began_at: When it was sent, by the store's clock.
        newest_before: Creation of the newest activity, by the service's clock, that had been
            accepted before this was sent; None when there was none.
        file_name: What its CSV file was called, as nothing else is; empty for JSON, which has none.
        state: ``sent`` as long as there is no answer; ``accepted``; ``settled``; ``not taken``,
            when the service has surely not accepted it; or ``lost``, when it may have done so all
            the same and no activity was found.
        activity_id: The service's name for the import; empty until it is accepted.
        created_at: When the service has made it, by its own clock, as far as it told.
    """

    number: int
    content: str
    stream: str
    rows: int
    began_at: datetime
    newest_before: datetime | None = None
    file_name: str = ""
    state: State = "sent"
    activity_id: str = ""
    created_at: datetime | None = None


def export_key(facts: Mapping[str, Any]) -> str:
    """A name for what these facts describe: 16 hexadecimal digits."""
    text = json.dumps(facts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def new_file_name(import_format: ImportFormat) -> str:
    """A name that no other import has, and that tells nothing of it; empty for JSON."""
    return f"contacts-{secrets.token_hex(16)}.csv" if import_format == "csv" else ""


def is_file_name(name: str) -> bool:
    """Whether :func:`new_file_name` has made a name, in whatever run of whatever export."""
    return bool(_FILE_NAME.fullmatch(name))


def content_of(batch: ImportBatch, import_format: ImportFormat, key: InstallationKey | None) -> str:
    """A hash of everything that makes two requests the same.

    Args:
        batch: What is sent.
        import_format: How it is encoded.
        key: The key of the installation; None for the hash that version 0.5 has made.
    """
    head = json.dumps([import_format, batch.destination.list_ids, batch.sms_permission])
    head_line = head.encode() + b"\n"
    if key:
        return key.hash(head_line, batch.body)
    content = hashlib.sha256(head_line)
    content.update(batch.body)
    return content.hexdigest()
