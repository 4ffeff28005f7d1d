"""Checks of records against the JSON schema of their stream; most of them fast.

singer-sdk checks a record with `jsonschema` in about 50 µs. A compiled validator accepts one in
half a microsecond (``python -m benchmarks.validators``). Only what it does not accept is looked at
by `jsonschema`, which has the last word and names the rule.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from referencing import Registry
from referencing.exceptions import Unresolvable
from singer_sdk.exceptions import InvalidRecord
from singer_sdk.sinks.core import JSONSchemaValidator
from typing_extensions import override

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.rejected import RowRejectedError

_LONGEST: Final = 200
"""Characters that are shown of what a schema refers to."""
_logger = logging.getLogger("target-constant-contact")

Accepts = Callable[[Mapping[str, Any]], bool]
"""Takes a record; False when `jsonschema` has to look at it."""


class RecordValidator(JSONSchemaValidator):
    """Checks a record against the stream's schema; its errors name the rule, not the value.

    Args:
        schema: JSON schema of its records. Nothing that it refers to is fetched, from nowhere.
        stream: The stream.
    """

    def __init__(self, schema: dict[str, Any], stream: str) -> None:
        super().__init__(schema)
        # By default jsonschema opens whatever URL a schema refers to, files too.
        self.validator = type(self.validator)(
            schema, format_checker=self.validator.format_checker, registry=Registry()
        )
        self._stream = stream
        self.accepts = compile_gate(schema)

    @override
    def validate(self, record: dict[str, Any]) -> None:
        """Check a record.

        Raises:
            RowRejectedError: It does not fit.
            InputError: What it has to fit is not in the schema.
        """
        if self.accepts(record):
            return
        try:
            super().validate(record)
        except InvalidRecord as error:
            broken: Any = error.__cause__
            path = ".".join(str(part) for part in broken.absolute_path)
            reason = f"record breaks the rule {broken.validator!r} of the stream's schema"
            raise RowRejectedError(Rejection(reason, path)) from None
        except Unresolvable as error:
            raise InputError(
                f"The schema of stream {self._stream!r} refers to {str(error.ref)[:_LONGEST]!r}, "
                "which is not in it, and nothing is fetched. Have the tap write whole schemas, or "
                "set validate_records: false."
            ) from None
        except RecursionError:
            reason = "record is nested too deeply to be checked against the stream's schema"
            raise RowRejectedError(Rejection(reason, "")) from None

    def is_valid(self, record: dict[str, Any]) -> bool:
        """Whether a record fits."""
        try:
            self.validate(record)
        except RowRejectedError:
            return False
        return True


def compile_gate(schema: dict[str, Any]) -> Accepts:
    """Compile a schema to a check of records: JSON Schema 2020-12, as in singer-sdk, no formats.

    A number without a fraction is an integer, also when it is written as ``1.0``.

    Args:
        schema: JSON schema of the records of a stream.

    Returns:
        Never accepts anything when the extra ``validation`` is not installed, or the schema is one
        that it and `jsonschema` may read differently.
    """
    try:
        import jsonschema_rs  # noqa: PLC0415 - an extra, and needed by few
    except ImportError:
        _logger.info(
            "validate_records is about a hundred times as fast with the extra: "
            "pip install 'target-constant-contact[validation]'"
        )
        return _never
    if _has_pattern(schema):
        # Rust and Python do not have the same regular expressions.
        return _never
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, validate_formats=False, retriever=_refuse
        )
    except (ValueError, RecursionError):
        return _never

    def accepts(record: Mapping[str, Any]) -> bool:
        try:
            return validator.is_valid(record)
        except (ValueError, RecursionError):
            # Such as a number that it cannot hold.
            return False

    return accepts


def _never(_record: Mapping[str, Any]) -> bool:
    return False


def _refuse(url: str) -> NoReturn:
    """A schema must not make the target fetch something."""
    raise LookupError(url)


def _has_pattern(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        names = {"pattern", "patternProperties"}
        return not names.isdisjoint(schema) or any(map(_has_pattern, schema.values()))
    return isinstance(schema, list) and any(map(_has_pattern, schema))
