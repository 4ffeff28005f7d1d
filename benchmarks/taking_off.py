"""What it takes to take people off a long list, by each way: requests, seconds, memory.

``python -m benchmarks.taking_off [--members N] [--leavers N]`` fills a list of an account on this
machine and takes leavers off by a scratch list and by the pages of the list. The account answers at
once and its jobs end at once; the time that 4 requests a second take is added.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from target_constant_contact.api.client import ConstantContactClient
from target_constant_contact.api.oauth.credentials import BearerToken
from target_constant_contact.contacts.encoding import encode_json
from target_constant_contact.sandbox import Behaviour, Sandbox
from target_constant_contact.segments import taking_off as module
from target_constant_contact.segments.hash_set import HashSet
from target_constant_contact.segments.people import PeopleKey
from target_constant_contact.segments.reading import Means
from target_constant_contact.segments.taking_off import TakingOff
from target_constant_contact.segments.ways import Plan
from target_constant_contact.store.scratch_lists import ScratchRows
from target_constant_contact.store.sqlite import SqliteFile
from target_constant_contact.store.versions import prepare
from target_constant_contact.waiting import Waiting

ROWS = 40_000
PER_SECOND = 4 / 1.04
WAYS = ("scratch list", "pages of the list")


class Unlimited:
    """Lets every request pass."""

    def acquire(self, *, in_flight: bool = False) -> None:
        """Wait for nothing."""

    def penalize(self, seconds: float) -> None:
        """Hold nobody back."""


@dataclass(frozen=True)
class Found:
    """What one way took."""

    way: str
    requests: int
    seconds: float
    cpu: float

    def __str__(self) -> str:
        paced = self.requests / PER_SECOND
        return (
            f"{self.way}: {self.requests:,} requests, {self.seconds:.1f} s here "
            f"({self.cpu:.1f} s CPU of this side), at least {paced:.0f} s at 4 requests a second"
        )


def address(number: int) -> str:
    """The address of a member."""
    return f"member{number:07}@example.com"


def send(client: ConstantContactClient, list_id: str, numbers: range) -> None:
    """Import members and wait for it."""
    for start in range(numbers.start, numbers.stop, ROWS):
        some = range(start, min(start + ROWS, numbers.stop))
        rows = [{"email": address(number)} for number in some]
        started = client.import_json(encode_json({"list_ids": [list_id], "import_data": rows}))
        while client.activity(started.activity_id).state != "completed":
            time.sleep(0.1)


def measure(means: Means, list_id: str, way: str, leavers: int) -> Found:
    """Take people off in one way."""
    hashes = HashSet(means.people.hashes(address(number) for number in range(leavers)))
    ordinary = module.plan_of
    module.plan_of = lambda *_, **__: Plan(way, 1)
    started, cpu = time.monotonic(), time.thread_time()
    taking = TakingOff(means)
    with taking.alone(), taking.read(list_id, leavers) as on_list:
        taken = taking.take_off(on_list, hashes)
    module.plan_of = ordinary
    assert (taken.taken_off, taken.left_by_themselves, taken.way) == (leavers, 0, way), taken
    return Found(way, taken.requests, time.monotonic() - started, time.thread_time() - cpu)


def main() -> None:
    """Print what each way took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=1_000_000)
    parser.add_argument("--leavers", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        database = SqliteFile(folder / "store.sqlite")
        prepare(database)
        behaviour = Behaviour(seconds_to_start=0, seconds_to_finish=0)
        with Sandbox(folder / "sandbox.sqlite", behaviour=behaviour) as sandbox:
            client = ConstantContactClient(
                sandbox.api_url, auth=BearerToken(sandbox.access_token), limiter=Unlimited()
            )
            list_id = sandbox.create_list("Long")
            send(client, list_id, range(asked.members))
            people = PeopleKey.of(database)
            rows = ScratchRows(database, "account")
            means = Means(client, people, rows, Waiting(3_600), lambda: 10**6, folder)
            for way in WAYS:
                print(measure(means, list_id, way, asked.leavers), flush=True)
                send(client, list_id, range(asked.leavers))
            client.close()
        database.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    print(f"peak memory, with the account: {peak:.0f} MiB; threads: {threading.active_count()}")


if __name__ == "__main__":
    main()
