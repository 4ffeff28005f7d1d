"""Numbers in sentences."""

from __future__ import annotations

import pytest

from target_constant_contact.wording import are, counted, have, them, were


@pytest.mark.parametrize(
    ("number", "words", "shown"),
    [
        (0, ["row"], "0 rows"),
        (1, ["row"], "1 row"),
        (2_000, ["row"], "2,000 rows"),
        (1, ["copy", "copies"], "1 copy"),
        (2, ["copy", "copies"], "2 copies"),
        (1.0, ["minute"], "1 minute"),
        (1.5, ["minute"], "1.5 minutes"),
        (60.0, ["minute"], "60 minutes"),
    ],
)
def test_one_thing_is_singular_and_any_other_number_plural(number, words, shown):
    assert counted(number, *words) == shown


def test_the_words_beside_a_number_fit_it():
    assert [are(1), were(1), have(1), them(1)] == ["is", "was", "has", "it"]
    assert [are(0), were(2), have(3), them(4)] == ["are", "were", "have", "them"]
