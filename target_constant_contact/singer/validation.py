"""Checks of records against the JSON schema of their stream; most of them fast.

singer-sdk checks a record with `jsonschema` in about 50 µs. A compiled validator accepts one in
half a microsecond (``python -m benchmarks.validators``). Only what it does not accept is looked at
by `jsonschema`, which has the last word and names the rule.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NoReturn

import jsonschema
from jsonschema import validators
from jsonschema.exceptions import SchemaError, UnknownType, ValidationError
from referencing import Registry
from referencing.exceptions import Unresolvable

from target_constant_contact.contacts.contact import Rejection
from target_constant_contact.exceptions import InputError
from target_constant_contact.singer.rejected import RowRejectedError

_LONGEST: Final = 200
"""Characters that are shown of what a schema refers to."""
_logger = logging.getLogger("target-constant-contact")

Accepts = Callable[[Mapping[str, Any]], bool]
"""Takes a record; False when `jsonschema` has to look at it."""


_UNKNOWN: Final = jsonschema.Draft202012Validator
"""What a schema is read as that does not say which draft of JSON Schema it is, as by singer-sdk."""
_OLDER: Final = (
    jsonschema.Draft7Validator,
    jsonschema.Draft4Validator,
    jsonschema.Draft3Validator,
)
"""The last drafts with words that are faults in later ones, such as ``required: true``."""


class RecordValidator:
    """Checks a record against the stream's schema; its errors name the rule, not the value.

    Args:
        schema: JSON schema of its records. Nothing that it refers to is fetched, from nowhere.
        stream: The stream.

    Raises:
        InputError: It is none.
    """

    def __init__(self, schema: dict[str, Any], stream: str) -> None:
        self._stream = stream
        draft = self._draft(schema)
        integers = draft.TYPE_CHECKER.redefine("integer", _is_integer)
        # By default jsonschema opens whatever URL a schema refers to, files too.
        self._validator = validators.extend(draft, type_checker=integers)(
            schema, registry=Registry()
        )
        self.accepts = compile_gate(schema, draft.__name__)

    def validate(self, record: dict[str, Any]) -> None:
        """Check a record.

        Raises:
            RowRejectedError: It does not fit.
            InputError: What it has to fit is not in the schema.
        """
        if self.accepts(record):
            return
        try:
            self._validator.validate(record)
        except ValidationError as error:
            path = ".".join(str(part) for part in error.absolute_path)
            reason = f"record breaks the rule {error.validator!r} of the stream's schema"
            raise RowRejectedError(Rejection(reason, path)) from None
        except Unresolvable as error:
            raise self._unusable(
                f"it refers to {str(error.ref)[:_LONGEST]!r}, which is not in it, and nothing is "
                "fetched"
            ) from None
        except UnknownType as error:
            raise self._unusable(f"there is no type {str(error.type)[:_LONGEST]!r}") from None
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

    def _draft(self, schema: dict[str, Any]) -> Any:
        """The draft of JSON Schema that a schema names; else the newest that it is valid in."""
        # An address that no draft has says nothing.
        named = validators.validator_for({"$schema": str(schema.get("$schema"))}, _UNKNOWN)
        fault: SchemaError | None = None
        for draft in dict.fromkeys((named, _UNKNOWN, *_OLDER)):
            try:
                draft.check_schema(schema)
            except SchemaError as error:
                fault = fault or error
            else:
                return draft
        where = ".".join(str(part) for part in fault.absolute_path) if fault else ""
        rule = fault.validator if fault else ""
        raise self._unusable(
            f"at {where[:_LONGEST]!r} it breaks the rule {rule!r} of {named.META_SCHEMA['$schema']}"
        )

    def _unusable(self, fault: str) -> InputError:
        return InputError(
            f"The schema of stream {self._stream!r} cannot be used for validate_records: {fault}. "
            "Have the tap write another, or set validate_records: false."
        )


def _is_integer(_checker: Any, value: Any) -> bool:
    """Whether a number has no fraction, also when it is written as ``1.0``."""
    if isinstance(value, Decimal):
        return value.is_finite() and value == value.to_integral_value()
    return isinstance(value, int) and not isinstance(value, bool)


def compile_gate(schema: dict[str, Any], draft: str = _UNKNOWN.__name__) -> Accepts:
    """Compile a schema to a check of records, without formats.

    A number without a fraction is an integer, also when it is written as ``1.0``.

    Args:
        schema: JSON schema of the records of a stream.
        draft: Which draft of JSON Schema it is, by the name of its validator.

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
    compiled = getattr(jsonschema_rs, draft, None)
    if compiled is None or _has_pattern(schema):
        # Rust and Python do not have the same regular expressions.
        return _never
    try:
        validator = compiled(schema, validate_formats=False, retriever=_refuse)
    except (ValueError, RecursionError):
        return _never

    def accepts(record: Mapping[str, Any]) -> bool:
        try:
            return bool(validator.is_valid(record))
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
