"""Measure a night on which one member in a hundred has changed, by `send_unchanged`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.generate import make_messages
from benchmarks.members import FIELDS, list_name
from benchmarks.programs import measure, target
from benchmarks.server import serving
from benchmarks.service import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator

_EVERY: Final = 100
"""Of so many members one has changed."""
_KINDS: Final[dict[str, dict[str, Any]]] = {
    "always": {},
    "never": {"send_unchanged": "never"},
}


def main() -> None:
    """Print what the second of two nights takes."""
    parser = argparse.ArgumentParser(prog="benchmarks.nights", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="members (default 1000000)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        first, second = folder / "first.jsonl", folder / "second.jsonl"
        make_messages(first, "one", rows)
        with second.open("wb") as file:
            file.writelines(_changed(first))
        print(
            f"{rows:,} members, one in {_EVERY} has changed, Python {sys.version.split()[0]}\n\n"
            "| `send_unchanged` | imports | requests | seconds | CPU seconds | peak memory |\n"
            "|---|---:|---:|---:|---:|---:|"
        )
        for kind, settings in _KINDS.items():
            _measure(folder / kind, kind, settings, (first, second))


def _changed(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number % _EVERY == 1 and b'"RECORD"' in line:
                message = json.loads(line)
                message["record"]["city"] = "Changed"
                yield json.dumps(message).encode() + b"\n"
            else:
                yield line


def _measure(folder: Path, kind: str, settings: dict[str, Any], nights: tuple[Path, Path]) -> None:
    folder.mkdir()
    with serving(Rules()) as server:
        config = folder / "config.json"
        given = {
            "api_url": server.url,
            "access_token": "token",
            "accept_data_transfer": True,
            "field_mapping": FIELDS,
            "lists": list_name(0),
            "requests_per_second": 10_000,
            "requests_per_day": 10_000_000,
            "data_dir": str(folder),
        }
        config.write_text(json.dumps(given | settings))
        command = [target(), "--config", str(config)]
        measure(command, nights[0], folder / "log")
        before = server.counted()
        night = measure(command, nights[1], folder / "log")
        after = server.counted()
    print(
        f"| `{kind}` | {after.imports - before.imports} | {after.requests - before.requests} | "
        f"{night.seconds:.1f} | {night.cpu_seconds:.1f} | {night.peak_mib:.0f} MiB |",
        flush=True,
    )


if __name__ == "__main__":
    main()
