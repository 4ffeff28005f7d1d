"""The account that members go to: its client, its lists, its custom fields."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from target_constant_contact.api.auth import BearerToken
from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.limits import RateLimiter
from target_constant_contact.contact import CUSTOM_PREFIX
from target_constant_contact.exceptions import SettingsError
from target_constant_contact.lists import ListDirectory, UnknownListError
from target_constant_contact.mapping import custom_field_faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_constant_contact.api.models import CustomField
    from target_constant_contact.settings import Segment, Settings


class Account:
    """A connection to the account of the settings, or to the sandbox.

    Args:
        settings: The settings. With ``sandbox``, an account on this machine is started.

    Raises:
        SettingsError: The sandbox is asked for and not installed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sandbox: Any = _start_sandbox(settings) if settings.sandbox else None
        api_url, token = settings.api_url, settings.access_token or ""
        if self._sandbox:
            api_url, token = self._sandbox.api_url, self._sandbox.access_token
        self._limiter = RateLimiter(
            settings.data_dir / "requests.sqlite",
            "sandbox" if self._sandbox else f"access-token {api_url}",
            requests_per_second=settings.requests_per_second,
            requests_per_day=settings.requests_per_day,
        )
        self.client = ConstantContactClient(api_url, auth=BearerToken(token), limiter=self._limiter)

    @cached_property
    def lists(self) -> ListDirectory:
        """The lists of the account, read once."""
        return ListDirectory(
            self.client,
            create_lists=self._settings.create_lists,
            dry_run=self._settings.dry_run,
        )

    @property
    def list_names(self) -> dict[str, str]:
        """Names of the lists by id, as far as the lists were read."""
        return self.lists.names if "lists" in self.__dict__ else {}

    @cached_property
    def custom_fields(self) -> list[CustomField]:
        """The custom fields of the account, read once."""
        return self.client.custom_fields()

    def custom_fields_for(self, segment: Segment) -> list[CustomField]:
        """The custom fields of the account, if the segment's mapping names any."""
        names = segment.field_mapping or ()
        return self.custom_fields if any(n.startswith(CUSTOM_PREFIX) for n in names) else []

    def check(self) -> None:
        """Compare the settings with the account.

        Raises:
            SettingsError: With one line for every list or custom field that does not exist.
        """
        faults = [fault for segment in self._segments() for fault in self._faults(segment)]
        if faults:
            raise SettingsError(dict.fromkeys(faults))

    def close(self) -> None:
        """Close the connection, and stop the sandbox if one was started."""
        self.client.close()
        self._limiter.close()
        if self._sandbox:
            self._sandbox.close()

    def _segments(self) -> Iterator[Segment]:
        yield from self._settings.segments
        if self._settings.default:
            yield self._settings.default

    def _faults(self, segment: Segment) -> Iterator[str]:
        for reference in segment.lists:
            try:
                self.lists.find(reference, create=False)
            except UnknownListError as error:
                yield f"lists: {error}"
        fields = self.custom_fields_for(segment)
        for fault in custom_field_faults(segment.field_mapping or {}, fields):
            yield f"field_mapping: {fault}"


def _start_sandbox(settings: Settings) -> Any:
    try:
        from target_constant_contact.sandbox import Sandbox  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise SettingsError(
            [f"sandbox: {error.name} is not installed; install target-constant-contact[sandbox]"]
        ) from error
    return Sandbox(settings.data_dir / "sandbox.sqlite").start()
