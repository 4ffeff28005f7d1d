"""Where the store is, as the settings say it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where the store is, and what opens the secrets in it.

    Attributes:
        folder: The data folder; the store is a file in it, where there is no URL.
        url: Of a PostgreSQL database.
        schema: Of its tables there.
        key: One key or several, with commas between them, of what is secret there.
        takes_over: What an earlier version has left in the data folder belongs there.
    """

    folder: DataFolder
    url: str | None = field(default=None, repr=False)
    schema: str | None = None
    key: str | None = field(default=None, repr=False)
    takes_over: bool = True

    @classmethod
    def of_settings(cls, values: Mapping[str, Any]) -> StorePlace:
        """The place that the settings of these names mean.

        Raises:
            SettingsError: One of them is no text.
        """
        named = {name: values.get(f"store_{name}") or None for name in ("url", "schema", "key")}
        wrong = [name for name, value in named.items() if not isinstance(value, str | None)]
        if wrong:
            raise SettingsError(
                [f"store_{name}: has the wrong type; it takes string" for name in wrong]
            )
        folder = DataFolder.of_setting(values.get("data_dir"))
        # Files of variables often bring a blank or the end of a line with it.
        url = (named["url"] or "").strip() or None
        return cls(folder, url, named["schema"], named["key"])

    @property
    def on_this_machine(self) -> StorePlace:
        """The store in the data folder, whatever else is set."""
        return replace(self, url=None, schema=None, takes_over=not self.url)
