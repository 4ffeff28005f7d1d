"""Plans and loads by one settings file."""

from __future__ import annotations

from tests.support.commands import call, config_file
from tests.support.target import lines, record, run, settings_for

EXPORT = "contact_exports"


class Plans:
    """Plans and loads by one settings file."""

    def __init__(self, sandbox, folder):
        self.sandbox = sandbox
        self.folder = folder
        self.settings = {}

    @property
    def config(self):
        return settings_for(self.sandbox, self.folder / "data", **self.settings)

    def print(self, *messages, options=(), text=None):
        path = self.folder / "input.jsonl"
        path.write_text(lines(*messages) if text is None else text)
        before = self.sandbox.account_state()
        file = config_file(self.folder, **self.config)
        answer = call("plan", "--config", file, "--input", path, *options)
        assert self.sandbox.account_state() == before
        return answer

    def __call__(self, *messages, **settings):
        self.settings |= settings
        return self.print(*messages, options=["--json"]).json

    def load(self, *messages):
        outcome = run(self.config, *messages)
        assert outcome.exit_code == 0
        return outcome

    @property
    def exports(self):
        return [each["list_ids"] for each in self.sandbox.activities() if each["kind"] == EXPORT]


def named(*names, **values):
    """A row for each name, all with the same values."""
    return [record(EmailAddress=f"{name}@example.com", **values) for name in names]
