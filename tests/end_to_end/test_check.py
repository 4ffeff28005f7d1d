"""The command `check` over real HTTP: one line for everything that a run needs."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.limits.limiter import reserved
from target_constant_contact.checks import contents
from target_constant_contact.exceptions import ApiError, SignInError
from target_constant_contact.sandbox import Fault
from tests.support.checking import ALL, Check
from tests.support.commands import call, config_file

if TYPE_CHECKING:
    from pathlib import Path

    from target_constant_contact.sandbox import Sandbox

PRIVILEGES = ("contacts:read", "contacts:write", "contacts:lists:read", "contacts:lists:write")
ONLINE = [*ALL[3:9]]
CONTENTS = ["lists", "custom fields"]


@pytest.fixture
def check(sandbox: Sandbox, tmp_path: Path) -> Check:
    return Check(sandbox, tmp_path)


def test_a_seeded_connection_passes_every_check(check: Check):
    checked = check.seeded()

    assert checked.exit_code == 0
    assert tuple(dict.fromkeys(name for name, _, _ in checked.found)) == ALL
    assert checked.named("ok") == [name for name in ALL if name != "mapping"]
    assert checked.details("mapping", "skipped") == ["give --schema or --input"]


def test_people_get_a_line_for_each_check_and_a_verdict(check: Check):
    answer = check.print()

    assert "ok       account        Sandbox Trading Co. (a07e1sandbox01)" in answer.lines
    assert answer.lines[-1] == "All is well."
    assert answer.stderr == ""


def test_who_is_told_of_runs_is_counted_and_nobody_is_told(check: Check):
    settings = {"alert_webhooks": ["http://127.0.0.1:1/t0k3n"], "alert_secret": "k" * 16}
    answer = check.print(alert_urls=["json://127.0.0.1:1/t0k3n"], **settings)

    assert answer.exit_code == 0
    assert (
        "ok       settings       alerts of failed, recovered, rejected, shrunk go to 2 receivers; "
        "alerts --test tries them"
    ) in answer.lines
    assert "alerts" not in check.print().stdout


def test_a_receiver_that_a_run_does_not_take_is_not_said_to_be_told(check: Check):
    answer = check.print(alert_urls=["nonsense://x"])

    assert "FAILED   settings       alert_urls.0: Apprise knows no such URL" in answer.stdout
    assert "go to 1 receiver" not in answer.stdout


def test_failed_checks_are_counted_and_their_errors_are_no_log_lines(check: Check):
    answer = check.print(account="Nowhere", accept_data_transfer=False)

    assert answer.exit_code == 78
    assert sum(line.startswith("FAILED ") for line in answer.lines) == 2
    assert answer.lines[-1] == "2 faults in 2 of 10 checks: settings, account."
    assert "Nowhere" not in answer.log + answer.stderr


def test_every_fault_of_the_settings_has_a_line_and_the_rest_is_checked(check: Check):
    checked = check(lists=..., accept_data_transfer=False)

    assert [detail.split()[0] for detail in checked.details("settings", "failed")] == [
        "accept_data_transfer",
        "lists",
    ]
    assert checked.exit_code == 78
    assert checked.details("lists") == ["the settings name none"]
    assert checked.named("ok") == [
        "data folder",
        "connection",
        "privileges",
        "account",
        "custom fields",
        "requests",
    ]


def test_settings_that_make_no_sense_leave_only_the_data_folder_to_check(check: Check):
    checked = check(requests_per_day="many")

    assert checked.named("failed") == ["settings"]
    assert checked.named("ok") == ["data folder"]
    assert checked.details("lists") == ["the settings are wrong"]
    assert check.sandbox.requests == []


def test_a_data_folder_that_is_no_text_is_not_looked_for(check: Check):
    checked = check(data_dir=5)

    assert checked.named("failed") == ["settings"]
    assert checked.details("data folder", "skipped") == ["the settings are wrong"]


def test_a_setting_that_does_not_exist_is_a_warning(check: Check):
    checked = check(audience="Newsletter")

    assert checked.exit_code == 0
    assert checked.details("settings", "warning") == [
        "Setting 'audience' does not exist and is ignored"
    ]


def test_a_misspelt_setting_is_a_failed_check(check: Check):
    checked = check(dryrun=True)

    assert checked.exit_code == 78
    assert checked.details("settings", "failed") == [
        "Setting 'dryrun' does not exist; did you mean dry_run?"
    ]


def test_a_data_folder_that_cannot_be_written_stops_what_needs_it(check: Check, tmp_path: Path):
    (tmp_path / "file").write_text("")

    checked = check(data_dir=str(tmp_path / "file" / "data"))

    assert checked.exit_code == 78
    (detail,) = checked.details("data folder", "failed")
    assert "cannot write in" in detail
    assert "set data_dir" in detail
    assert checked.named("skipped") == ["connection", *ONLINE, "requests"]
    assert check.sandbox.requests == []


def test_a_full_disk_is_seen(check: Check, monkeypatch: pytest.MonkeyPatch):
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("target_constant_contact.files.write_private", full)

    assert "No space left" in check().details("data folder", "failed")[0]


def test_the_sandbox_needs_no_connection(tmp_path: Path):
    data_dir = tmp_path / "data"
    config = config_file(tmp_path, sandbox=True, lists="Newsletter", data_dir=str(data_dir))

    answer = call("check", "--config", config)

    assert answer.exit_code == 0
    assert [line for line in answer.lines if line.startswith("ok       connection ")] == [
        "ok       connection     sandbox: an account on this machine; nothing leaves it"
    ]
    assert not (data_dir / "runs").exists()


def test_the_account_of_the_settings_is_not_compared_with_the_sandbox(tmp_path: Path):
    settings = {"lists": "Newsletter", "data_dir": str(tmp_path / "data"), "account": "Another Co."}
    answer = call("check", "--config", config_file(tmp_path, sandbox=True, **settings))

    assert answer.exit_code == 0, answer.lines


def test_an_access_token_is_said_not_to_be_renewed(check: Check):
    checked = check()

    assert "nothing renews it" in checked.details("connection", "ok")[0]
    assert checked.details("scopes", "skipped") == [
        "not known for this token; the checks below show what it may do"
    ]


def test_a_text_that_can_be_no_token_is_not_sent(check: Check):
    checked = check(access_token="two words")

    assert checked.exit_code == 78
    assert "access_token is blank" in checked.details("connection", "failed")[0]
    assert checked.named("skipped") == [*ONLINE, "requests"]
    assert check.sandbox.requests == []


def test_without_a_connection_the_way_to_sign_in_is_named(check: Check):
    checked = check.connected()

    assert checked.exit_code == 77
    assert "login --connection default" in checked.details("connection", "failed")[0]
    assert checked.details("account", "skipped") == ["there is no token to ask with"]
    assert checked.named("ok") == ["settings", "data folder", "requests"]


def test_the_life_of_the_tokens_is_told(check: Check):
    before = datetime.now(UTC)

    (detail,) = check.seeded().details("connection", "ok")

    days = {f"{moment + timedelta(days=180):%Y-%m-%d}" for moment in (before, datetime.now(UTC))}
    assert detail.startswith("'default': access token good until ")
    assert "; refresh token (kind: rotating) good until " in detail
    assert any(f"{day} without use" in detail for day in days)


def test_a_long_lived_refresh_token_is_told_from_a_rotating_one(check: Check, behave: Any):
    behave(rotating_refresh_tokens=False)

    (detail,) = check.seeded().details("connection", "ok")

    assert "; refresh token (kind: long-lived) good until " in detail


def test_a_kind_of_refresh_token_that_is_not_known_yet_is_said_to_be_unknown(check: Check):
    token = check.sandbox.mint_token()
    check.store(access_token=token, expires_at=time.time() + 3600, lifetime=3600)

    (detail,) = check.connected().details("connection", "ok")

    assert "; refresh token (kind: unknown) good until " in detail


def test_tokens_that_are_open_to_others_are_refused(check: Check):
    check.store()
    (check.data_dir / "store.sqlite").chmod(0o644)

    answer = call(
        *("check", "--json", "--config"),
        config_file(
            check.folder,
            data_dir=str(check.data_dir),
            api_url=check.sandbox.api_url,
            auth_url=check.sandbox.auth_url,
        ),
    )

    details = [item["detail"] for item in answer.json["checks"] if item["name"] == "connection"]
    assert "chmod 600" in details[0]
    assert check.sandbox.requests == []


@pytest.mark.parametrize(("days", "warned"), [(149, False), (150, True), (170, True)])
def test_a_refresh_token_that_was_long_unused_is_a_warning(
    check: Check, days: int, *, warned: bool
):
    check.store(refreshed_at=time.time() - days * 86_400 - 60)

    checked = check.connected()

    assert checked.exit_code == 0
    warnings = checked.details("connection", "warning")
    assert [f"last been used {days} days ago" in detail for detail in warnings] == [True] * warned


def test_a_revoked_refresh_token_is_a_failure_of_the_connection(check: Check):
    check.store()
    check.sandbox.revoke_refresh_tokens()

    checked = check.connected()

    assert checked.exit_code == 77
    assert "Sign in again" in checked.details("connection", "failed")[0]
    assert checked.named("skipped") == ONLINE


def test_a_revoked_access_token_of_a_connection_is_renewed(check: Check):
    check.seeded()
    check.sandbox.revoke_access_tokens()

    assert check.connected().exit_code == 0


def test_an_access_token_that_is_not_accepted_is_said_once(check: Check):
    checked = check(access_token=check.sandbox.mint_token(seconds=-1))

    assert checked.exit_code == 77
    assert checked.named("failed") == ["privileges"]
    assert "Set a fresh access_token" in checked.details("privileges")[0]
    assert checked.details("lists", "skipped") == ["the token was not accepted"]
    assert checked.status("requests") == "ok"


def test_a_token_server_that_is_down_is_tried_later(check: Check):
    check.sandbox.add_fault(Fault(path="/token", action="error_503", times=None))

    checked = check.seeded()

    assert checked.exit_code == 75
    assert checked.named("failed") == ["connection"]
    assert checked.details("lists", "skipped") == ["Constant Contact cannot be asked now"]


def test_a_service_that_is_down_is_asked_no_more(check: Check):
    check.sandbox.add_fault(Fault(path="/account/*", action="error_503", times=None))

    checked = check()

    assert checked.exit_code == 75
    assert checked.named("failed") == ["privileges"]
    assert checked.named("skipped") == ["scopes", *ONLINE[2:]]
    assert not [seen for seen in check.sandbox.requests if "contact" in seen.path]


def test_a_missing_contact_data_scope_fails(check: Check):
    checked = check.seeded("offline_access account_read")

    assert checked.exit_code == 77
    assert checked.named("failed") == ["scopes"]
    assert "login --connection default" in checked.details("scopes", "failed")[0]
    assert checked.details("lists", "skipped") == ["the scope contact_data is missing"]
    assert checked.details("account", "ok")


@pytest.mark.parametrize(
    ("scope", "loss"),
    [
        ("contact_data account_read", "offline_access is missing: the connection ends"),
        ("contact_data offline_access", "account_read is missing: the account's name"),
    ],
)
def test_another_missing_scope_is_a_warning(check: Check, scope: str, loss: str):
    checked = check.seeded(scope)

    assert checked.exit_code == 0
    (detail,) = checked.details("scopes")
    assert detail.startswith(loss)


@pytest.mark.parametrize("missing", PRIVILEGES)
def test_a_missing_privilege_fails(check: Check, behave: Any, missing: str):
    behave(privileges=tuple({*PRIVILEGES, "account:read"} - {missing}))

    checked = check()

    (detail,) = checked.details("privileges", "failed")
    assert detail.startswith(f"{missing} is missing: ")
    assert detail.endswith("Ask an administrator of the account for it, or sign in as one")
    assert checked.exit_code == 77
    assert checked.named("failed") == ["privileges"]
    unreadable = {"contacts:lists:read": ["lists"], "contacts:read": ["custom fields"]}
    assert [name for name in CONTENTS if checked.status(name) == "skipped"] == unreadable.get(
        missing, []
    )


def test_privileges_that_cannot_be_asked_for_do_not_stop_the_rest(
    check: Check, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ConstantContactClient, "privileges", _not_found)

    checked = check()

    assert checked.named("failed") == ["privileges"]
    assert checked.exit_code == 1
    assert [checked.status(name) for name in CONTENTS] == ["ok", "ok"]


@pytest.mark.parametrize("named", ["sandbox trading co.", "a07e1sandbox01"])
def test_the_account_of_the_settings_is_recognized(check: Check, named: str):
    assert check(account=named).details("account", "ok") == ["Sandbox Trading Co. (a07e1sandbox01)"]


def test_another_account_is_refused_and_not_looked_into(check: Check):
    checked = check(account="Somebody else")

    assert checked.exit_code == 78
    assert "Sandbox Trading Co." in checked.details("account", "failed")[0]
    assert checked.details("lists", "skipped") == [
        "it is not certain that this is the right account"
    ]
    assert not [seen for seen in check.sandbox.requests if "contact" in seen.path]


def test_an_account_without_a_name_to_tell_is_a_warning(check: Check):
    checked = check(access_token=check.sandbox.mint_token("contact_data"))

    assert checked.exit_code == 0
    assert "account_read" in checked.details("account", "warning")[0]
    assert [checked.status(name) for name in CONTENTS] == ["ok", "ok"]


def test_an_account_that_is_meant_and_cannot_be_told_is_a_failure(check: Check):
    token = check.sandbox.mint_token("contact_data")

    checked = check(access_token=token, account="Sandbox Trading Co.")

    assert checked.exit_code == 77
    assert checked.named("failed") == ["account"]
    assert [checked.status(name) for name in CONTENTS] == ["skipped", "skipped"]


@pytest.mark.parametrize("error", [ApiError("GET /account: 404", status=404), SignInError("403")])
@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, "warning"),
        ({"account": "Anyone"}, "failed"),
        ({"account": "Anyone", "sandbox": True}, "warning"),
    ],
)
def test_an_account_that_the_service_does_not_tell_matters_only_when_one_is_meant(
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, Any],
    status: str,
    error: Exception,
):
    def refuse(_: ConstantContactClient) -> None:
        raise error

    monkeypatch.setattr(ConstantContactClient, "account_summary", refuse)

    assert check(**settings).status("account") == status


def test_lists_are_found_with_their_members(check: Check):
    list_id = check.sandbox.lists()["Newsletter"]
    segments = [{"stream": "a*", "lists": f"Newsletter, {list_id}"}, {"stream": "b"}]

    checked = check(lists="general interest", segments=segments)

    members = len(check.sandbox.members("Newsletter"))
    assert checked.details("lists", "ok")[0] == f"Newsletter ({list_id}): {members} members"
    assert checked.details("lists", "ok")[1].startswith("General Interest (")
    assert len(checked.details("lists")) == 2


def test_the_lists_are_read_once(check: Check):
    check()

    asked = [seen for seen in check.sandbox.requests if seen.path == "/v3/contact_lists"]
    assert len(asked) == 1


def test_a_list_whose_members_the_service_does_not_count_is_found_all_the_same(
    check: Check, monkeypatch: pytest.MonkeyPatch
):
    ask = ConstantContactClient.contact_lists
    monkeypatch.setattr(ConstantContactClient, "contact_lists", lambda it, **_: ask(it))

    assert check().details("lists", "ok") == [f"Newsletter ({check.sandbox.lists()['Newsletter']})"]


def test_an_unknown_list_fails_with_close_matches(check: Check):
    checked = check(lists=["Newsleter", "General Interest"])

    assert checked.exit_code == 78
    assert "did you mean 'Newsletter'" in checked.details("lists", "failed")[0]
    assert len(checked.details("lists", "ok")) == 1


def test_a_list_that_a_run_would_create_is_not_created(check: Check):
    checked = check(lists="Brand new", create_lists=True)

    assert checked.exit_code == 0
    assert checked.details("lists") == [
        "'Brand new' does not exist yet and will be created (create_lists)"
    ]
    assert "Brand new" not in check.sandbox.lists()


def test_lists_of_single_rows_are_announced(check: Check):
    checked = check(lists=..., lists_field="segment_lists")

    assert checked.details("lists") == ["looked up row by row, by the field 'segment_lists'"]


def test_an_account_with_too_many_lists_is_a_warning(check: Check, monkeypatch: pytest.MonkeyPatch):
    number = len(check.sandbox.lists())
    monkeypatch.setattr(contents, "MAX_ACCOUNT_LISTS", number)
    assert check().details("lists", "warning") == []

    check.sandbox.create_list("One too many")

    assert f"has {number + 1} lists" in check().details("lists", "warning")[0]


def test_custom_fields_are_counted_and_the_mapped_ones_named(check: Check):
    mapping = {"email": "EmailAddress", "cf:Loyalty tier": "tier"}

    assert check(field_mapping=mapping).details("custom fields") == [
        "5 of 100 in the account; mapped: cf:Loyalty tier"
    ]


def test_an_unknown_custom_field_fails_once(check: Check):
    mapping = {"email": "EmailAddress", "cf:shoe_size": "size"}
    segments = [{"stream": "a"}, {"stream": "b"}]

    checked = check(field_mapping=mapping, segments=segments)

    assert checked.exit_code == 78
    (detail,) = checked.details("custom fields")
    assert detail.startswith("no custom field 'shoe_size' in the account")


def test_the_requests_of_the_day_are_counted(check: Check):
    checked = check()

    asked = len(check.sandbox.requests)
    assert checked.details("requests", "ok") == [
        f"{asked} of 1,000,000 used today (UTC) by this API key, as counted by the runs"
    ]


def test_few_requests_left_are_a_warning_and_none_a_failure(check: Check):
    check()
    asked = len(check.sandbox.requests)

    def per_day(open_ones: int) -> int:
        """So many that these are open to a check; the others are kept for imports in flight."""
        return next(n for n in range(1, 1_000) if n - reserved(n) == open_ones)

    few = check(requests_per_day=per_day(2 * asked + 1))
    assert few.exit_code == 0
    assert few.details("requests", "warning")[0].startswith(f"{2 * asked} of")

    none = check(requests_per_day=per_day(3 * asked))
    assert none.exit_code == 75
    assert none.named("failed") == ["requests"]


def test_requests_that_are_used_up_on_the_way_end_the_asking(check: Check):
    checked = check(requests_per_day=2)

    assert checked.exit_code == 75
    assert checked.named("failed") == ["lists", "requests"]
    assert checked.details("custom fields", "skipped") == ["Constant Contact cannot be asked now"]


def _not_found(_: ConstantContactClient) -> None:
    raise ApiError("GET /account: 404", status=404)
