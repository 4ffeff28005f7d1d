"""What may be shown of texts that others wrote."""

from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from target_constant_contact.exceptions import ApiError, SettingsError, TargetError
from target_constant_contact.known_secrets import keep_secret
from target_constant_contact.redaction import (
    escaped,
    is_id,
    json_text,
    redacted,
    said,
    trust,
)

TOKEN = "q8Zp2LxV7tRk4NwB9sYc3HfJ6mDg1aQe5u+/T0=~"
SECRET = "one-that-is-words-only"
LIST_ID = "3d5fd4f6-8f2a-4f52-a9c2-6d1b1f7d5e10"
ADDRESS_FORMS = [
    *("ada@example.com", "ada%40example.com", "ada%2540example.com", "ada\\u0040example.com"),
    *(
        "ada&#64;example.com",
        "ada&#x40;example.com",
        "ada\\x40example.com",
        "ada\N{FULLWIDTH COMMERCIAL AT}example.com",
    ),
    *('"ada"@example.com', "<ada@example.com>,", "mailto:ada@example.com?subject=x"),
]


def forms(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        secret.upper(),
        f"Authorization=Bearer {secret}",
        f"an-app:{secret}",
        quote(secret, safe=""),
        quote(quote(secret, safe=""), safe=""),
        quote_plus(secret),
        json.dumps(json.dumps({"token": secret})),
        json.dumps(secret).replace("/", "\\/"),
        html.escape(secret),
        raw.hex(),
        *(base64.b64encode(before + raw).decode() for before in (b"", b"app:", b"a:", b"an:")),
        base64.urlsafe_b64encode(b"Bearer " + raw).decode(),
    ]


@pytest.fixture(autouse=True)
def _known_secrets():
    keep_secret(TOKEN, SECRET)


def gives_away(shown: str, secret: str) -> bool:
    text = shown.lower()
    return any(form.lower()[6:-6] in text for form in (secret, *forms(secret)[4:]))


@pytest.mark.parametrize("secret", [TOKEN, SECRET])
@pytest.mark.parametrize("show", [redacted, said])
def test_a_secret_of_ours_is_masked_in_every_form(secret, show):
    for form in forms(secret):
        shown = show(f"The gateway says: {form} is not accepted")
        assert "***" in shown
        assert not gives_away(shown, secret), (form, shown)


def test_a_part_of_a_long_token_is_known_too():
    keep_secret(long := "".join(TOKEN[:36].swapcase() if n % 2 else TOKEN[:36] for n in range(20)))
    assert redacted(f"expired: {long[100:300]}, sorry") == "expired: ***, sorry"


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer Xy12",
        "bearer%20Xy12zzzz",
        f"Basic {base64.b64encode(b'an-app:pass').decode()}",
        "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "postgresql://me:hunter22@db.example:5432/d",
        "s3://key:hunter22@bucket/path",
    ],
)
def test_what_says_that_it_is_a_credential_is_masked_in_every_text(text):
    shown = redacted(text)
    assert "***" in shown
    assert not any(secret in shown for secret in ("Xy12", "c2lnb", "hunter22", "eyJ", "YW4tYX"))


@pytest.mark.parametrize(
    "text",
    [
        "token q8Zp2LxV7tRk4NwB9sYc3HfJ6mDg1aQe is unknown",
        '{"access_token":"abcdef12"}',
        "client_secret=abcdef12&x=1",
        "trace 9f86d081884c7d659a2feaa0c55ad015",
    ],
)
def test_what_looks_like_a_token_is_masked_where_a_server_says_it(text):
    shown = said(text)
    assert "***" in shown
    assert not any(part in shown for part in ("q8Zp", "abcdef12", "9f86"))


@pytest.mark.parametrize("form", ADDRESS_FORMS)
@pytest.mark.parametrize("show", [redacted, said])
def test_a_word_with_an_address_in_it_is_masked(form, show):
    shown = show(f"no contact {form} here")
    assert shown.endswith("<address> here")
    assert "ada" not in shown


@pytest.mark.parametrize(
    "text",
    [
        f"no list {LIST_ID!r} in the account; did you mean 'Members 2026 (gold)'?",
        f"GET /activities/{LIST_ID}: 404; request id {LIST_ID}",
        "stream crm_export_newsletter_subscribers_2026_weekly -> Newsletter",
        "see https://status.constantcontact.com",
        "1,234,567 of 40,000 rows; 2026-05-01T04:00:00+00:00; +1 555 123 4567",
        "Basic members, bearer token, ring bearer: 12",
        "does not have exactly one @; give one address such as name@example.com",
        "contacts.api.validation.error: list_ids is in an invalid format",
        "invalid_token: The token expired",
        "Zoë Żółć 漢字 👩‍👧",
    ],
)
def test_what_people_need_stays_readable(text):
    assert redacted(text) == text
    assert said(text) == text


def test_the_name_of_a_run_is_readable_in_our_own_lines():
    text = "report: /srv/data/runs/20260501T040000Z-a1b2c3/report.json"
    assert redacted(text) == text


def test_a_path_of_this_machine_may_have_an_at_sign_in_it():
    trust("/home/ada@corp.example")
    text = "/home/ada@corp.example/data cannot be written"
    assert redacted(text) == text
    assert redacted("/home/ada@corp.example.org is bob@corp.example") == "<address> is <address>"


def test_masking_comes_before_the_cut():
    for length in range(150, 260):
        assert not gives_away(said("x " * (length // 2) + TOKEN), TOKEN)
    assert len(said("word " * 100)) == 200


@given(st.text(alphabet=st.characters(), max_size=60))
def test_whatever_is_shown_is_on_one_line_and_moves_nothing(text):
    shown = redacted(f"stream {text!s}")
    assert len(shown.splitlines()) == 1
    hidden = {"\x1b", "\x7f", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066", "\ufeff"}
    assert hidden.isdisjoint(shown)
    assert not any(char < " " for char in shown)
    shown.encode()


def test_hidden_characters_are_written_out():
    text = "a\nERROR\x1b[2K\r\u202eb\u2028\x85\ud800"
    assert escaped(text) == r"a\nERROR\x1b[2K\r\u202eb\u2028\x85\ud800"


@pytest.mark.parametrize(
    "text",
    [
        *("/" * 200_000, "7" * 200_000, "%25" * 70_000, "a" * 200_000, "://" * 70_000),
        *("\\u0" * 70_000, "token" * 40_000, 'token"' * 40_000, "bearer " * 30_000),
        *("eyJ" * 70_000, "&#0" * 70_000, "Aa1" * 70_000, TOKEN * 5_000, "a@" * 100_000),
        *("\x1b" * 200_000, "basic+" * 35_000, "@" * 200_000, "://a:b@" * 30_000),
    ],
    ids=lambda text: repr(text[:7]),
)
def test_no_text_takes_long(text):
    started = time.process_time()
    said(text)
    assert time.process_time() - started < 2


def test_json_for_programs_keeps_names_and_hides_nothing_but_secrets():
    name = "a\u202e\x9b\u2028b"
    value = {"name": name, f"k {TOKEN}": [1, None, "x@y.z", ("ü",)]}
    text = json_text(value)
    assert text.isascii() is False
    assert "\u202e" not in text
    assert "\x9b" not in text
    assert json.loads(text) == {
        "name": name,
        "k ***": [1, None, "<address>", ["ü"]],
    }


def test_every_error_is_redacted_when_it_is_made():
    text = f"bad\n{TOKEN} of ada@example.com"
    for error in (TargetError(text), ApiError(text, status=400), SettingsError([text])):
        assert str(error) == r"bad\n*** of <address>"
    assert SettingsError([text]).faults == (r"bad\n*** of <address>",)


def test_an_id_is_nothing_that_would_have_to_be_masked():
    assert is_id(LIST_ID)
    assert is_id("a1")
    assert not any(map(is_id, ["", None, 7, "a b", "a@b", "a\n", "x" * 101, TOKEN[:36]]))


@pytest.mark.parametrize("token", ["klaQMRUfnLGQVqsFYnmCdtbolMfgLQPmqjMiGGJOSc", "QmZ" * 12])
def test_half_of_a_token_is_known_though_only_its_capitals_show_that_it_is_random(token):
    keep_secret(token)
    assert redacted(f"code {token[: len(token) // 2]} and more") == "code *** and more"
