"""The service's official description, and the facts in it.

The description is not part of this repository, for its licence is private. As a program
(``python -m tests.contract.official``) this writes ``facts.yaml`` anew.
"""

from __future__ import annotations

import re
from itertools import chain, combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PLACE: Final = Path(__file__).parents[3] / "shared" / "constant-contact-v3-openapi.yaml"
TABLE: Final = Path(__file__).with_name("facts.yaml")

ASKED: Final[dict[str, tuple[str, ...]]] = {
    "GET /account/summary": (),
    "GET /account/user/privileges": (),
    "GET /activities": ("limit",),
    "GET /activities/{activity_id}": (),
    "GET /contact_custom_fields": ("limit",),
    "GET /contact_exports/{file_export_id}": (),
    "GET /contact_lists": ("include_membership_count", "limit", "name"),
    "GET /contact_lists/{list_id}": ("include_membership_count",),
    "GET /contacts": ("email", "include", "limit", "lists", "optout_after", "status"),
    "GET /contacts/counts": (),
    "POST /activities/contact_exports": (),
    "POST /activities/contacts_file_import": (),
    "POST /activities/contacts_json_import": (),
    "POST /activities/list_delete": (),
    "POST /activities/remove_list_memberships": (),
    "POST /contact_custom_fields": (),
    "POST /contact_lists": (),
}
"""What the client asks for, and the query parameters that it knows."""

ANSWERED: Final = (
    "GET /account/summary",
    "GET /account/user/privileges",
    "GET /activities",
    "GET /activities/{activity_id}",
    "GET /contact_custom_fields",
    "GET /contact_lists",
    "GET /contact_lists/{list_id}",
    "GET /contact_tags",
    "GET /contacts",
    "GET /contacts/counts",
    "GET /contacts/{contact_id}",
    "POST /activities/add_list_memberships",
    "POST /activities/contact_delete",
    "POST /activities/contact_exports",
    "POST /activities/contacts_file_import",
    "POST /activities/contacts_json_import",
    "POST /activities/list_delete",
    "POST /activities/remove_list_memberships",
    "POST /contact_custom_fields",
    "POST /contact_lists",
)
"""What the sandbox answers with a schema of its own; all share the schemas of errors."""

ERRORS: Final = ("APIErrorSchema", "AuthorizationErrorSchema")

HEAD: Final = """\
# What the contract tests need to know of the service's API; tests/contract/facts.py tells how to
# read it. Written by `python -m tests.contract.official`: change what that selects, not this.
"""


def official() -> Any:
    """The official description."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(PLACE.read_text(encoding="utf-8"), loader)


def facts(description: Any) -> dict[str, Any]:
    """Make the table."""
    requests = {
        asked: request(_operation(description, asked), query) for asked, query in ASKED.items()
    }
    answers = {answered: answer(_operation(description, answered)) for answered in ANSWERED}
    bodies = [made["body"] for made in requests.values() if "body" in made]
    roots = chain(ERRORS, bodies, *(found.values() for found in answers.values()))
    return {
        "base_path": description["basePath"],
        "requests": requests,
        "answers": answers,
        "stated": stated(description),
        "schemas": reached(roots, description["definitions"]),
    }


def request(operation: Any, query: tuple[str, ...]) -> dict[str, Any]:
    """What may be sent to an operation, and what it gives."""
    made: dict[str, Any] = {}
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        match parameter["in"]:
            case "query" if name in query:
                made.setdefault("query", {})[name] = _parameter(parameter)
            case "formData":
                made.setdefault("form", {})[name] = _parameter(parameter)
            case "body":
                made["body"] = written(parameter["schema"])
    if made.keys() & {"body", "form"}:
        made["consumes"] = operation["consumes"]
    return made | {"produces": operation["produces"]}


def _parameter(parameter: Any) -> dict[str, Any]:
    kept = ("type", "minimum", "maximum", "enum")
    return {word: parameter[word] for word in kept if word in parameter}


def answer(operation: Any) -> dict[int, str]:
    """The schema of each good answer, by status."""
    responses = {int(status): response for status, response in operation["responses"].items()}
    good = {status: response for status, response in responses.items() if status // 100 == 2}
    return {status: written(response["schema"]) for status, response in good.items()}


def written(schema: Any) -> Any:
    """Write a schema as the table has it."""
    match schema:
        case {"$ref": reference}:
            return reference.removeprefix("#/definitions/")
        case {"properties": inner}:
            required = schema.get("required", ())
            return {
                name + "*" * (name in required): written(value)
                for name, value in sorted(inner.items())
            }
        case {"items": items}:
            return [written(items), *_limits(schema, "Items")]
        case {"type": "string"}:
            limits = "".join(f"({limits})" for limits in _limits(schema, "Length"))
            return schema.get("format", "string") + limits
        case _:
            return schema["type"]


def _limits(schema: Any, of: str) -> Iterator[str]:
    if schema.keys() & {"min" + of, "max" + of}:
        yield f"{schema.get('min' + of, '')}..{schema.get('max' + of, '')}"


def reached(roots: Iterable[str], definitions: Any) -> dict[str, Any]:
    """Schemas by name: the roots, and all that they refer to."""
    found: dict[str, Any] = {}
    waiting = list(roots)
    while waiting:
        if (name := waiting.pop()) not in found:
            found[name] = written(definitions[name])
            waiting += [word for word in _words(found[name]) if word in definitions]
    return dict(sorted(found.items()))


def _words(schema: Any) -> Iterator[str]:
    if isinstance(schema, str):
        yield schema
    else:
        for inner in schema.values() if isinstance(schema, dict) else schema:
            yield from _words(inner)


def stated(description: Any) -> dict[str, Any]:
    """What is said in words or by an example only."""
    definitions = description["definitions"]
    choices = definitions["CustomFieldRequest"]["properties"]["choices"]["description"]
    fields = _operation(description, "POST /contact_custom_fields")["description"]
    exported = definitions["ContactsExport"]["properties"]["fields"]
    return {
        "account_fields": int(*_found(r"up to (\d+) ", fields)),
        "button_choices": int(*_found(r"types is (\d+)\.", choices)),
        "choice_types": _found(r"of type: <code>(\w+)</code> or <code>(\w+)</code>", choices),
        "counted_in_total": _summands(definitions["ContactsCounts"]["properties"]),
        "exported_address": exported["items"]["example"],
    }


def _found(pattern: str, text: str) -> list[str]:
    found = re.search(pattern, text)
    assert found, f"The description no longer says {pattern!r}"
    return list(found.groups())


def _summands(counts: Any) -> list[str]:
    """Names of the counts whose examples add up to that of the total."""
    shown = {name: value["example"] for name, value in counts.items()}
    total = shown.pop("total")
    choices = chain.from_iterable(combinations(shown, size) for size in range(len(shown) + 1))
    (names,) = (names for names in choices if sum(shown[name] for name in names) == total)
    return list(names)


def _operation(description: Any, asked: str) -> Any:
    method, path = asked.split()
    return description["paths"][path][method.lower()]


def main() -> None:
    """Write the table."""
    table = yaml.safe_dump(facts(official()), default_flow_style=None, sort_keys=False, width=88)
    TABLE.write_text(HEAD + table, encoding="utf-8")


if __name__ == "__main__":
    main()
