"""Where the records of a chunk go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from target_constant_contact.batches.batch import Destination, Route
    from target_constant_contact.contacts.encoding import SmsPermission
    from target_constant_contact.mapping.paths import Read
    from target_constant_contact.mapping.property_columns import Column

_REMEMBERED: Final = 4_096
_PERMISSIONS: Final[tuple[SmsPermission, ...]] = (None, "explicit")


class RouteColumn:
    """Finds the route of every record of a chunk.

    Args:
        lists: Reads the lists of a record; None when all go to the same.
        destination_for: Where a record with that value goes; None when it is to be rejected. It
            may create lists.
        admit: Called with values before any of them is given to ``destination_for``; raises when
            they go too far.

    Attributes:
        fields: Fields of a record that its route depends on.
    """

    def __init__(
        self,
        lists: Read | None,
        destination_for: Callable[[Any], Destination | None],
        admit: Callable[[Iterable[Any]], None] = lambda _values: None,
    ) -> None:
        self.fields: Sequence[str] = lists.roots if lists else ()
        self._lists = lists
        self._destination_for = destination_for
        self._admit = admit
        self._known: dict[SmsPermission, dict[str, Route]] = {each: {} for each in _PERMISSIONS}
        fixed: Any = destination_for(None) if lists is None else None
        self._fixed = {each: (fixed, each) for each in _PERMISSIONS}

    def of(
        self,
        columns: Mapping[str, Column],
        permissions: Sequence[SmsPermission],
        unfit: set[int],
    ) -> Sequence[Route]:
        """The route of every record; that of one which names no known list has no meaning.

        Args:
            columns: The fields that routes depend on.
            permissions: What each record needs.
            unfit: Places of records that are rejected, for which no list is created; gets the
                places of those that name no known list.
        """
        if self._lists is None:
            return list(map(self._fixed.__getitem__, permissions))
        values = column_of(self._lists, columns)
        routes = self._known_routes(values, permissions)
        if routes is None:
            if unfit:
                values = [None if place in unfit else value for place, value in enumerate(values)]
            self._admit(values)
            routes = list(map(self._route, values, permissions))
        if None in routes:
            unfit.update(place for place, route in enumerate(routes) if route is None)
        return routes

    def _known_routes(
        self, values: Column, permissions: Sequence[SmsPermission]
    ) -> list[Route] | None:
        """The routes of texts that have come before, all with the same permission."""
        if permissions.count(permissions[0]) < len(permissions):
            return None
        try:
            return list(map(self._known[permissions[0]].__getitem__, values))
        except (KeyError, TypeError):
            # A new text, or an array or object, which cannot be looked up.
            return None

    def _route(self, value: Any, permission: SmsPermission) -> Any:
        # Only texts are remembered: lists cannot be, and 1 is equal to True.
        known = self._known[permission]
        is_text = type(value) is str
        route = known.get(value) if is_text else None
        if route is None:
            destination = self._destination_for(value)
            route = None if destination is None else (destination, permission)
            if route and is_text and len(known) < _REMEMBERED:
                known[value] = route
        return route


def column_of(read: Read, columns: Mapping[str, Column]) -> Column:
    """What a reader finds in each record.

    Args:
        read: The reader.
        columns: The fields that it looks at.
    """
    if read.whole:
        return columns[read.roots[0]]
    parts = zip(*(columns[name] for name in read.roots), strict=True)
    return [read(dict(zip(read.roots, values, strict=True))) for values in parts]
