"""What bad values looked like, without a letter or figure of them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.reports.examples import MOST_EXAMPLES, Examples, outline


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ann@@example,com", "•••@@•••••••,•••"),
        ("31/02/1990", "##/##/####"),
        ("+1 (555) 010-0199", "+# (###) ###-####"),
        ("José", "••••"),
        ("مريم", "••••"),
        ("१२", "##"),
        ("½", "#"),
        ("Ⓐⓓⓐ@🅰", "•••@•"),
        ("a\u200bb\x1b", r"•\u200b•\x1b"),
        ("", ""),
        (None, "null"),
        (True, "(boolean)"),
        (78701.5, "(number) #####.#"),
        (Decimal("78701.50"), "(number) #####.#"),
        (-7, "(number) -#"),
        pytest.param(10**9_999, "(number)", id="more figures than can be written"),
        (float("nan"), "(number)"),
        (float("-inf"), "(number)"),
        ({"a": 10**9_999}, "(object)"),
        (["ann@example.com"], "(array)"),
        (date(1990, 2, 3), "####-##-##"),
        ("x" * 66, "•" * 40 + "… (66 characters)"),
    ],
)
def test_letters_and_figures_are_masked_and_signs_stay(value, shown):
    assert outline(value) == shown


@given(st.text(st.characters(categories=["L", "N", "M", "So"]), min_size=1))
def test_nothing_that_names_anybody_is_left(text):
    assert not set(outline(text[:40])) & set(text)


def test_the_first_few_of_a_reason_are_kept_and_each_once():
    examples = Examples()
    for value in ("a@@b", "c@@d", "a@b@c", "a", "a b", "a  b", "1"):
        examples.add("vips", "bad", "email", value)
    examples.add("vips", "other", "zip", 5)

    first, second = examples.as_list()
    assert first == {
        "stream": "vips",
        "reason": "bad",
        "field": "email",
        "looks_like": ["•@@•", "•@•@•", "•"],
    }
    assert len(first["looks_like"]) == MOST_EXAMPLES
    assert second["looks_like"] == ["(number) #"]


def test_memory_is_bounded():
    examples = Examples()
    for number in range(5_000):
        examples.add("vips", f"reason {number}", "email", "a")

    assert len(examples.as_list()) == 200
