"""The settings, declared once: the settings table, `--about` and the checks are made from this."""

from __future__ import annotations

from typing import Final

from singer_sdk import typing as th

from target_constant_contact.api.oauth.connection import AUTH_URL
from target_constant_contact.batches.batch import MAX_BODY_BYTES, MAX_ROWS, BatchLimits
from target_constant_contact.settings.access import ACCESS
from target_constant_contact.settings.alerts import ALERTS
from target_constant_contact.settings.following import ENTRY, FOLLOWING
from target_constant_contact.settings.leaving import LEAVING, LEAVING_ENTRY
from target_constant_contact.settings.people import PEOPLE
from target_constant_contact.settings.storing import STORING
from target_constant_contact.settings.types import BATCH_TYPE, LISTS_TYPE, MAPPING_TYPE

API_URL: Final = "https://api.cc.email/v3"

PROPERTIES: Final = th.PropertiesList(
    *ACCESS,
    th.Property(
        "lists",
        LISTS_TYPE,
        title="Lists",
        description="Where members go, one list or several: list id, list name, or the list's "
        "URL pasted from the browser. A text with commas is several lists.",
    ),
    th.Property(
        "lists_field",
        th.StringType,
        title="Lists field",
        description="Record field that holds the list or lists of that record: an array, a text "
        "with commas, or the text of an array. It wins over `lists`, which serves records where it "
        "is blank.",
    ),
    th.Property(
        "create_lists",
        th.BooleanType,
        default=False,
        title="Create lists",
        description="Create a named list that does not exist. Otherwise an unknown list is an "
        "error that names close matches.",
    ),
    th.Property(
        "max_new_lists",
        th.IntegerType(minimum=0),
        default=10,
        title="Max new lists",
        description="Lists that one run may create. One that names more stops, so that a "
        "`lists_field` that is the wrong column makes no list for each person.",
    ),
    th.Property(
        "field_mapping",
        MAPPING_TYPE,
        title="Field mapping",
        description="Contact property to record field, such as `email: EmailAddress`, "
        "`cf:loyalty_tier: tier`, nested `city: address.city`; `birthday: date_of_birth` fills "
        "month and day. Without it, fields are matched by well-known names, and the log says "
        "how.",
    ),
    th.Property(
        "segments",
        th.ArrayType(
            th.ObjectType(
                th.Property("stream", th.StringType, required=True),
                th.Property("lists", LISTS_TYPE),
                th.Property("lists_field", th.StringType),
                th.Property("field_mapping", MAPPING_TYPE),
                th.Property("date_order", th.StringType, allowed_values=["mdy", "dmy"]),
                *ENTRY,
                *LEAVING_ENTRY,
                additional_properties=False,
            )
        ),
        title="Segments",
        description="Overrides of `lists`, `lists_field`, `field_mapping`, `date_order`, "
        "`load_method`, `overwrite_when`, `overwrite_scope`, `respect_departures`, "
        "`send_unchanged`, `left_field` and `max_removed_percent` for the streams that match the "
        "name or glob `stream`. The first match wins.",
    ),
    *FOLLOWING,
    *LEAVING,
    th.Property(
        "on_too_long",
        th.StringType,
        default="reject",
        allowed_values=["reject", "truncate"],
        title="On too long",
        description="What happens to a text beyond the service's limit: `reject` the row (or what "
        "`on_bad_value` says), or `truncate` the text. E-mail addresses and phone numbers for SMS "
        "are never truncated.",
    ),
    th.Property(
        "on_bad_value",
        th.StringType,
        default="reject",
        allowed_values=["reject", "drop"],
        title="On bad value",
        description="What happens to a value that cannot be sent, such as a birthday that is no "
        "date: `reject` the row, or `drop` the value, which is counted and named, and send the "
        "rest. A bad e-mail address always rejects the row.",
    ),
    th.Property(
        "date_order",
        th.StringType,
        default="mdy",
        allowed_values=["mdy", "dmy"],
        title="Date order",
        description="How dates with slashes or dashes are read: `mdy` reads `04/05/1980` as April "
        "5, `dmy` as 4 May. ISO dates are read as they are, and with dots the day comes first.",
    ),
    th.Property(
        "max_rejected_percent",
        th.NumberType(minimum=0, maximum=100),
        default=10,
        title="Max rejected percent",
        description="The run fails when more of a stream's rows are rejected or refused.",
    ),
    th.Property(
        "max_profiles_per_export",
        th.IntegerType(minimum=1),
        default=1_000_000,
        title="Max profiles per export",
        description="Contacts that one run may send; more is refused before it is sent.",
    ),
    th.Property(
        "max_active_contacts",
        th.IntegerType(minimum=1),
        title="Max active contacts",
        description="The run stops before an import that would give the account more active "
        "contacts than this, such as the number that your plan includes.",
    ),
    th.Property(
        "max_new_contacts",
        th.IntegerType(minimum=0),
        title="Max new contacts",
        description="The run stops before an import with which it would add more contacts than "
        "this to the account.",
    ),
    *PEOPLE,
    th.Property(
        "verify",
        th.StringType,
        default="on_errors",
        allowed_values=["never", "on_errors", "always"],
        title="Verify",
        description="When to find out which rows did not land, by reading the lists back and "
        "looking people up: `on_errors`, when Constant Contact counts errors or fewer rows than "
        "were sent; `always`; or `never`. STATE waits until they are found out.",
    ),
    th.Property(
        "import_format",
        th.StringType,
        default="json",
        allowed_values=["json", "csv"],
        title="Import format",
        description="`json` carries every property; `csv` is denser, without home, work and "
        "other addresses and phones.",
    ),
    th.Property(
        "import_timeout_minutes",
        th.NumberType(exclusive_minimum=0),
        default=60,
        title="Import time-out",
        description="Minutes that one import activity may take, counted from its submission, or "
        "from the last sign that the account's queue of activities moves on.",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(minimum=1, maximum=MAX_ROWS),
        default=MAX_ROWS,
        title="Batch size in rows",
        description="Contacts in one import, at most 40,000 (a CSV's header counts as one).",
    ),
    th.Property(
        "batch_size_bytes",
        th.IntegerType(minimum=10_000, maximum=MAX_BODY_BYTES),
        default=BatchLimits().size,
        title="Batch size in bytes",
        description="Bytes of one encoded import, at most 4,000,000: beyond 4 MB the service "
        "drops rows without a word.",
    ),
    th.Property(
        "max_activities_in_flight",
        th.IntegerType(minimum=1, maximum=1_000),
        default=500,
        title="Max activities in flight",
        description="Import activities that may be unfinished at a time, at most 1,000: an "
        "account takes no more, those of other programs among them. More of them keep more of what "
        "was sent on the disk.",
    ),
    th.Property(
        "requests_per_second",
        th.IntegerType(minimum=1),
        default=4,
        title="Requests per second",
        description="Rate that the API key allows, over all runs that share the store, which "
        "is `data_dir` or the database of `store_url`.",
    ),
    th.Property(
        "requests_per_day",
        th.IntegerType(minimum=1),
        default=10_000,
        title="Requests per day",
        description="Requests that the API key allows in a day (UTC), over all runs that "
        "share the store.",
    ),
    *STORING,
    th.Property(
        "keep_runs_days",
        th.IntegerType(minimum=1, maximum=36_500),
        default=90,
        title="Keep runs, in days",
        description="What is known of a run is deleted when it is older: the run in the store, "
        "and the report and the rejected rows of this machine. The end of each run does that.",
    ),
    *ALERTS,
    th.Property(
        "dry_run",
        th.BooleanType,
        default=False,
        title="Dry run",
        description="Send nothing, and say what would change; no STATE, and no list is created.",
    ),
    th.Property(
        "sandbox",
        th.BooleanType,
        default=False,
        title="Sandbox",
        description="Send to an account on this machine (extra `sandbox`). It needs no "
        "credentials, and nothing leaves the machine.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        default=API_URL,
        title="API URL",
        description="Another address of the API, for tests and proxies; with `https://` unless it "
        "is on this machine.",
    ),
    th.Property(
        "auth_url",
        th.StringType,
        default=AUTH_URL,
        title="Authorization server URL",
        description="Another address of the authorization server, for tests and proxies; with "
        "`https://` unless it is on this machine.",
    ),
    th.Property(
        "validate_records",
        th.BooleanType,
        default=False,
        title="Validate records",
        description="Check every record against the stream's whole JSON schema; one that breaks "
        "it is a rejected row. Mapped fields are always checked.",
    ),
    th.Property(
        "batch_config",
        BATCH_TYPE,
        title="Batch configuration",
        description="Where batch files are, if not where their messages say: `storage` with `root` "
        "and `params`.",
    ),
)
