"""What singer-sdk writes into the log: METRIC lines only where somebody asks for them."""

from __future__ import annotations

import logging

import pytest
from singer_sdk.metrics import get_metrics_logger

from target_constant_contact.sdk_lines import configured_level, show_metrics
from tests.support.target import member, schema, state

LEVELS = ("TARGET_CONSTANT_CONTACT_LOGLEVEL", "LOGLEVEL")


@pytest.fixture
def logger(monkeypatch):
    """The logger of the metrics, as Python begins with it; the log shows what is INFO."""
    for name in LEVELS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(logging.getLogger(), "level", logging.INFO)
    logger = get_metrics_logger()
    logger.setLevel(logging.NOTSET)
    return logger


def is_shown(logger, *, makes=logging.INFO):
    """Whether a METRIC line is shown after singer-sdk has made a target with this level."""
    level = configured_level()
    logger.setLevel(makes)
    show_metrics("target-constant-contact", level)
    return logger.isEnabledFor(logging.INFO)


def test_they_are_not_shown_when_nobody_has_asked(logger):
    assert not is_shown(logger)
    # The next target of the process is none that somebody has asked for either.
    assert not is_shown(logger)


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize(("level", "shown"), [("INFO", True), ("ERROR", False)])
def test_a_variable_with_a_level_asks_for_them(logger, monkeypatch, name, level, shown):
    monkeypatch.setenv(name, level)
    assert is_shown(logger, makes=getattr(logging, level)) is shown


def test_they_are_shown_when_the_log_shows_everything(logger, monkeypatch):
    monkeypatch.setattr(logging.getLogger(), "level", logging.DEBUG)
    assert is_shown(logger)


@pytest.mark.parametrize(("level", "shown"), [(logging.INFO, True), (logging.ERROR, False)])
def test_what_a_configuration_of_the_log_says_of_them_holds(logger, level, shown):
    logger.setLevel(level)
    assert is_shown(logger) is shown
    assert logger.level == level


def test_what_singer_sdk_counts_is_a_field(export, caplog):
    caplog.set_level(logging.INFO)
    export(schema(), member(1), member(2), state("end"))

    (line,) = [record for record in caplog.records if "completed processing" in record.message]
    assert line.messages == {
        "lines": 4,
        "schemas": 1,
        "records": 2,
        "batches": 0,
        "states": 1,
        "activate_versions": 0,
    }


def test_a_line_that_is_not_true_is_left_out(export, caplog):
    caplog.set_level(logging.DEBUG)
    export(schema(), member(1))

    assert "Skipping parse" not in caplog.text
