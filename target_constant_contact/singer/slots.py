"""Where the records of a chunk go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from target_constant_contact.batches.batch import Destination, Slot
    from target_constant_contact.contacts.encoding import SmsPermission
    from target_constant_contact.mapping.columns import Column
    from target_constant_contact.mapping.paths import Read

_REMEMBERED: Final = 4_096
_PERMISSIONS: Final[tuple[SmsPermission, ...]] = (None, "explicit")


class SlotColumn:
    """Finds the slot of every record of a chunk.

    Args:
        lists: Reads the lists of a record; None when all go to the same.
        destination_for: Where a record with that value goes; None when it is to be rejected.

    Attributes:
        fields: Fields of a record that its slot depends on.
    """

    def __init__(
        self, lists: Read | None, destination_for: Callable[[Any], Destination | None]
    ) -> None:
        self.fields: Sequence[str] = lists.roots if lists else ()
        self._lists = lists
        self._destination_for = destination_for
        self._known: dict[SmsPermission, dict[str, Slot]] = {each: {} for each in _PERMISSIONS}
        fixed: Any = destination_for(None) if lists is None else None
        self._fixed = {each: (fixed, each) for each in _PERMISSIONS}

    def of(
        self,
        columns: Mapping[str, Column],
        permissions: Sequence[SmsPermission],
        invalid: set[int],
        unfit: set[int],
    ) -> Sequence[Slot]:
        """The slot of every record; that of one which names no known list has no meaning.

        Args:
            columns: The fields that slots depend on.
            permissions: What each record needs.
            invalid: Places of records whose lists are not looked at: that could make one.
            unfit: Gets the places of those that name no known list.
        """
        if self._lists is None:
            return list(map(self._fixed.__getitem__, permissions))
        values = _list_values(self._lists, columns)
        if invalid:
            values = [None if place in invalid else value for place, value in enumerate(values)]
        slots = self._known_slots(values, permissions)
        if slots is None:
            slots = list(map(self._slot, values, permissions))
        if None in slots:
            unfit.update(place for place, slot in enumerate(slots) if slot is None)
        return slots

    def _known_slots(
        self, values: Column, permissions: Sequence[SmsPermission]
    ) -> list[Slot] | None:
        """The slots of texts that have come before, all with the same permission."""
        if permissions.count(permissions[0]) < len(permissions):
            return None
        try:
            return list(map(self._known[permissions[0]].__getitem__, values))
        except (KeyError, TypeError):
            # A new text, or an array or object, which cannot be looked up.
            return None

    def _slot(self, value: Any, permission: SmsPermission) -> Any:
        # Only texts are remembered: lists cannot be, and 1 is equal to True.
        known = self._known[permission]
        is_text = type(value) is str
        slot = known.get(value) if is_text else None
        if slot is None:
            destination = self._destination_for(value)
            slot = None if destination is None else (destination, permission)
            if slot and is_text and len(known) < _REMEMBERED:
                known[value] = slot
        return slot


def _list_values(lists: Read, columns: Mapping[str, Column]) -> Column:
    if lists.whole:
        return columns[lists.roots[0]]
    parts = zip(*(columns[name] for name in lists.roots), strict=True)
    return [lists(dict(zip(lists.roots, values, strict=True))) for values in parts]
