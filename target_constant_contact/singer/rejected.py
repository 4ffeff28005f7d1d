"""A row that cannot be sent, while the others can."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from target_constant_contact.contacts.contact import Rejection


class RowRejectedError(Exception):
    """A row cannot be sent; the others can.

    Args:
        rejection: What is wrong with it.
        hint: What else helps to correct the row. It may quote the record, so it goes to the
            rejects file only.
    """

    def __init__(self, rejection: Rejection, hint: str = "") -> None:
        super().__init__(rejection.reason)
        self.rejection = rejection
        self.hint = hint
