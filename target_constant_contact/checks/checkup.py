"""All checks in their order; what a failed one makes impossible is skipped, the rest goes on."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from target_constant_contact.account.account import Account
from target_constant_contact.checks.access import (
    READ_CONTACTS,
    READ_LISTS,
    check_account,
    check_connection,
    check_privileges,
    check_scopes,
)
from target_constant_contact.checks.contents import check_custom_fields, check_lists
from target_constant_contact.checks.local import (
    check_alerts,
    check_data_folder,
    check_requests,
    check_settings,
    check_suppression_file,
)
from target_constant_contact.checks.results import Check, failures
from target_constant_contact.checks.samples import Samples, check_samples
from target_constant_contact.data_folder import DataFolder
from target_constant_contact.exceptions import (
    SettingsError,
    SignInError,
    TargetError,
    TryLaterError,
)
from target_constant_contact.progress.reporter import Reporter
from target_constant_contact.settings.settings import Settings
from target_constant_contact.singer.target import TargetConstantContact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_CONTENTS: Final = ("lists", "custom fields", "mapping")
_ONLINE: Final = ("scopes", "privileges", "account", *_CONTENTS)
_CONSEQUENCES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "data folder": ("data_dir cannot be written", ("connection", *_ONLINE, "requests")),
    "settings": ("suppression_file cannot be used", ("mapping",)),
    "connection": ("there is no token to ask with", _ONLINE),
    "privileges": ("the token was not accepted", ("account", *_CONTENTS)),
    "account": ("it is not certain that this is the right account", _CONTENTS),
    "lists": ("the lists cannot be read", ("mapping",)),
    "custom fields": ("the custom fields cannot be read", ("mapping",)),
}
"""Why, and which, other checks are impossible after an error in one."""


class Checkup:
    """The checks of one configuration; iterate over it once to carry them out.

    The service is only asked: no list is created, and nobody is imported. An access token that
    has expired is renewed, as by a run.

    Args:
        config: The configuration as Singer passes it.
        samples: What the mapping is tried on.
        clock: Returns seconds since the epoch.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        samples: Samples = Samples(),  # noqa: B008 - frozen
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._samples = samples
        self._clock = clock
        self._obstacles = {} if samples.given else {"mapping": "give --schema or --input"}
        self._settings: Settings
        self._account: Account | None = None

    def __iter__(self) -> Iterator[Check]:
        try:
            yield from self._lines("settings", self._check_settings)
            yield from self._lines("data folder", self._check_data_folder)
            yield from self._lines("connection", self._check_connection)
            for name, check in self._checks_of_account().items():
                yield from self._lines(name, check)
        finally:
            if self._account:
                self._account.close()

    def _checks_of_account(self) -> dict[str, Callable[[], Iterator[Check]]]:
        """The checks that need an account; what they look at is looked up when they start."""
        return {
            "scopes": self._check_scopes,
            "privileges": self._check_privileges,
            "account": lambda: check_account(self._opened, self._settings),
            "lists": lambda: check_lists(self._opened, self._settings),
            "custom fields": lambda: check_custom_fields(self._opened, self._settings),
            "mapping": lambda: check_samples(
                self._samples, self._config, self._opened, self._settings.max_rejected_percent
            ),
            "requests": lambda: check_requests(
                self._opened.limiter, self._settings.requests_per_day
            ),
        }

    @property
    def _opened(self) -> Account:
        assert self._account is not None  # noqa: S101 - what needs it is skipped without it
        return self._account

    def _lines(self, name: str, check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
        if reason := self._obstacles.get(name):
            yield Check(name, "skipped", reason)
            return
        try:
            yield from check()
        except TargetError as error:
            yield from failures(name, error)
            self._follow(name, error)

    def _follow(self, name: str, error: TargetError) -> None:
        """Skip what an error has made impossible."""
        if isinstance(error, TryLaterError):
            self._skip("Constant Contact cannot be asked now", _ONLINE)
        elif name != "privileges" or isinstance(error, SignInError):
            self._skip(*_CONSEQUENCES.get(name, ("", ())))

    def _skip(self, reason: str, names: tuple[str, ...]) -> None:
        for name in names:
            self._obstacles.setdefault(name, reason)

    def _check_settings(self) -> Iterator[Check]:
        schema = TargetConstantContact.settings_schema()
        yield from check_settings(self._config, schema)
        try:
            self._settings = Settings.parse(self._config, schema, for_export=False)
        except SettingsError:
            self._skip("the settings are wrong", ("connection", *_ONLINE, "requests"))
        else:
            yield from check_alerts(self._settings)
            yield from check_suppression_file(self._settings)

    def _check_data_folder(self) -> Iterator[Check]:
        given = self._config.get("data_dir")
        if given is None or isinstance(given, str):
            yield from check_data_folder(DataFolder.of_setting(given))
        else:
            yield Check("data folder", "skipped", "the settings are wrong")

    def _check_connection(self) -> Iterator[Check]:
        try:
            # So that nothing that is looked up here can be created.
            self._account = Account(replace(self._settings, dry_run=True), count_members=True)
        except TargetError:
            self._skip("there is no account to count for", ("requests",))
            raise
        self._account.events.listen(Reporter(sys.stderr))
        yield from check_connection(self._account, self._settings, self._clock())

    def _check_scopes(self) -> Iterator[Check]:
        for check in check_scopes(self._opened):
            yield check
            if check.status == "failed":
                self._skip("the scope contact_data is missing", _CONTENTS)

    def _check_privileges(self) -> Iterator[Check]:
        granted = self._opened.client.privileges()
        yield from check_privileges(granted)
        for name, checks in ((READ_LISTS, ("lists",)), (READ_CONTACTS, ("custom fields",))):
            if name not in granted:
                self._skip(f"the privilege {name} is missing", (*checks, "mapping"))
