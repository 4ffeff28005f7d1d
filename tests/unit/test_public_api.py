"""What can be imported from the package itself."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest

import target_constant_contact


@pytest.mark.parametrize("name", target_constant_contact.__all__)
def test_every_public_name_can_be_imported(name: str):
    assert getattr(target_constant_contact, name)
    assert name in dir(target_constant_contact)


def test_the_version_is_the_installed_one():
    assert target_constant_contact.__version__ == version("target-constant-contact")


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Importer'"):
        _ = target_constant_contact.Importer


def test_importing_the_package_loads_nothing_below_it():
    program = (
        "import sys, target_constant_contact; "
        "sys.exit(any(name.startswith('target_constant_contact.') for name in sys.modules))"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_the_package_runs_as_a_program():
    command = [sys.executable, "-m", "target_constant_contact", "--version"]
    done = subprocess.run(command, check=True, timeout=60, capture_output=True, text=True)

    assert target_constant_contact.__version__ in done.stdout
