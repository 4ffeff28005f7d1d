"""The tap of results as Meltano knows it: its definition, made of what `--about` says.

`plugin-results.yml` holds it for `meltano add --from-ref`, and the extractor of `meltano.yml` the
same settings. `scripts/docs-tables` writes both anew.
"""

from __future__ import annotations

from typing import Any, Final

from target_constant_contact.results_tap.tap import TapConstantContactResults
from tests.docs import loader, pages, told

PLUGIN: Final = pages.ROOT / "plugin-results.yml"
START: Final = "      # Generated, as plugin-results.yml is: scripts/docs-tables writes it anew.\n"

_NAME: Final = TapConstantContactResults.name
_HEAD: Final = f"""\
# Definition of the extractor of results for Meltano, which takes it over into your project:
#     meltano add --from-ref ../target-constant-contact/plugin-results.yml {_NAME}
# Generated: scripts/docs-tables writes it anew.
"""


def definition() -> dict[str, Any]:
    """The whole definition, as `meltano add --from-ref` takes it."""
    project = told.project()
    return {
        "name": _NAME,
        "namespace": _NAME.replace("-", "_"),
        "label": "Constant Contact results",
        "description": told.printed(TapConstantContactResults)["description"],
        "docs": project["urls"]["Documentation"],
        "repo": project["urls"]["Repository"],
        "pip_url": f"../{project['name']}",
        "executable": _NAME,
        **declared(),
    }


def declared() -> dict[str, Any]:
    """What Meltano has to know of the tap wherever it is declared."""
    settings = told.about(TapConstantContactResults)
    return {
        "capabilities": sorted(told.printed(TapConstantContactResults)["capabilities"]),
        "settings": [loader.setting(name, shape) for name, shape in settings.items()],
    }


def plugin() -> str:
    """The text of `plugin-results.yml`."""
    return _HEAD + loader.written(definition())


def write() -> None:
    """Write both files anew."""
    PLUGIN.write_text(plugin(), encoding="utf-8")
    loader.write_part(START, loader.indented(declared()))
