"""Loads and sweeps by one settings file."""

from __future__ import annotations

from tests.support.commands import call, config_file
from tests.support.target import member, run, schema, settings_for
from tests.support.year import Account

IMPORT = "/activities/contacts_json_import"
REMOVAL = "/activities/remove_list_memberships"


class Exports:
    """Loads and sweeps by one settings file.

    Args:
        sandbox: The account.
        folder: For settings and data.
        settings: Beyond the usual ones.
    """

    def __init__(self, sandbox, folder, **settings):
        self.sandbox = sandbox
        self.account = Account(sandbox)
        self._folder = folder
        self.set(**settings)

    def set(self, **settings):
        entry = {"stream": "members", "lists": "Newsletter", "load_method": "overwrite"}
        self.config = settings_for(
            self.sandbox, self._folder / "data", **({"segments": [entry]} | settings)
        )
        del self.config["lists"]
        self._folder.mkdir(exist_ok=True)
        self.file = config_file(self._folder, **self.config)

    def load(self, people, *after, **settings):
        return run(self.config | settings, schema(), *map(member, people), *after)

    def sweep(self, *options):
        return call("sweep", "--config", self.file, *options)

    def command(self, *words):
        return call(*words, "--config", self.file)

    @property
    def members(self):
        """Numbers of the members on the list whom a load has brought."""
        found = (key.partition("@")[0] for key in self.sandbox.members("Newsletter"))
        return {int(name[6:]) for name in found if name.startswith("member")}

    @property
    def removals(self):
        return [
            one for one in self.sandbox.activities() if one["kind"] == REMOVAL.rpartition("/")[2]
        ]
