"""Singer target that turns segments into Constant Contact lists.

What can be imported from here is the public Python API; it is loaded when it is first asked for.
Every module below this package is private, and may change in any version.

- ``TargetConstantContact``: the target, a :class:`singer_sdk.Target`.
- ``ConstantContactClient``: one method for each endpoint that the target uses.
- ``Sandbox``: a Constant Contact account on this machine, for tests; it needs the extra
  ``sandbox``.
- ``__version__``: the installed version, as text.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from target_constant_contact.api.client import ConstantContactClient
    from target_constant_contact.sandbox import Sandbox
    from target_constant_contact.singer.target import TargetConstantContact

    __version__: str

__all__ = ["ConstantContactClient", "Sandbox", "TargetConstantContact", "__version__"]

_HOMES: Final = {
    "ConstantContactClient": "target_constant_contact.api.client",
    "Sandbox": "target_constant_contact.sandbox",
    "TargetConstantContact": "target_constant_contact.singer.target",
}


def __getattr__(name: str) -> Any:
    """Load a public name. All of them together take half a second, so each is loaded alone."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow to load, rarely needed

        return version("target-constant-contact")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
