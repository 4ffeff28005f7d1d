"""Slots and days counted by a Redis server, for several machines that use one API key.

Redis runs a script as one step, and the script reads the server's own clock, so the clocks of the
machines do not matter: each only measures how far the server's is ahead of its own.
Source: https://redis.io/docs/latest/develop/programmability/eval-intro/
"""

from __future__ import annotations

import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from target_constant_contact.api.limits.slots import (
    DAY_SECONDS,
    DAYS_KEPT,
    LONGEST_PENALTY,
    LONGEST_QUEUE,
    Slot,
)
from target_constant_contact.exceptions import SettingsError, TargetError, TryLaterError

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMES: Final = ("redis", "rediss", "unix")
_PREFIX: Final = "target-constant-contact:requests:"
_ANSWER_SECONDS: Final = 5.0
_PAUSES: Final = (0.25, 0.5, 1.0, 2.0)
"""Seconds between the tries of a call: a server that is started again is back by then."""

# Numbers in answers and in the hash are texts: Redis cuts fractions off, and Lua rounds them.
_SCRIPT: Final = f"""
local operation, given, interval = ARGV[1], ARGV[2], tonumber(ARGV[3])
local now = tonumber(given)
if not now then
    local time = redis.call('TIME')
    now = tonumber(time[1]) + tonumber(time[2]) / 1000000
end

local function text(number) return string.format('%.6f', number) end
local function day(time) return math.floor(time / {DAY_SECONDS}) end
local function name(number) return string.format('%d', number) end
local function used(number) return tonumber(redis.call('HGET', KEYS[1], name(number)) or '0') end

local last = tonumber(redis.call('HGET', KEYS[1], 'last') or '') or now - interval
local asked = tonumber(redis.call('HGET', KEYS[1], 'asked') or '') or last

local function next_slot()
    local longest = {LONGEST_QUEUE} * interval + {LONGEST_PENALTY}
    local ahead = math.min(last - math.max(now, asked), longest)
    return now + math.max(0, ahead + interval)
end

local function reserve(slot)
    redis.call('HSET', KEYS[1], 'last', text(slot), 'asked', text(now))
    redis.call('EXPIRE', KEYS[1], {(DAYS_KEPT + 1) * DAY_SECONDS})
end

local function count(number, requests)
    local sum = redis.call('HINCRBY', KEYS[1], name(number), requests)
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
        local old = tonumber(field)
        if old and old < number - {DAYS_KEPT} then redis.call('HDEL', KEYS[1], field) end
    end
    return sum
end

if operation == 'used' then return {{used(day(now))}} end

local slot = next_slot()
if operation == 'postpone' then
    local resume = now + tonumber(ARGV[4])
    if resume > slot then reserve(resume - interval) end
    return {{}}
end

local most, missed = tonumber(ARGV[4]), tonumber(ARGV[5])
local sum = used(day(slot))
local exchanged = missed and day(missed) == day(slot)
local granted = exchanged or sum < most
if granted then
    reserve(slot)
    if not exchanged then
        sum = count(day(slot), 1)
        if missed then count(day(missed), -1) end
    end
end
return {{text(slot), text(now), sum, granted and 1 or 0, text(math.max(0, asked - now))}}
"""


class RedisSlots:
    """A `SlotStore` on a Redis server, version 6 or later.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``, as the package redis reads it.
        now: Stands in for the server's clock, in tests.
        clock: Measures, in seconds, how long the server's answers take.
        sleep: Waits for a number of seconds before the server is asked again.

    Raises:
        SettingsError: The URL cannot be used, the server refuses its user or password, or the
            package redis is not installed (also from every method).
        TryLaterError: The server cannot be reached (also from every method).
    """

    def __init__(
        self,
        url: str,
        *,
        now: Callable[[], float] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.clock = clock
        self._now = now
        self._sleep = sleep
        self._ahead: float | None = None
        if fault := url_fault(url):
            raise SettingsError([fault])
        self._place = place_of(url)
        self._redis = _load_redis()
        try:
            self._client = self._open(url)
            self._script = self._client.register_script(_SCRIPT)
            self.used_today("")
        except (ValueError, TypeError):
            # Of the URL's query; these texts may quote it, and it may hold a password.
            raise SettingsError([_wrong_url()]) from None

    def reserve(self, key: str, interval: float, most: int, *, missed: float | None = None) -> Slot:
        """Reserve the next slot, unless its day has ``most`` requests."""
        asked = self.clock()
        answer = self._run("reserve", key, interval, most, "" if missed is None else repr(missed))
        slot, now = float(answer[0]), float(answer[1])
        ahead = self._learn(now - self.clock(), now - asked)
        return Slot(
            slot,
            now,
            due=slot - ahead,
            used=int(answer[2]),
            granted=bool(answer[3]),
            set_back=float(answer[4]),
        )

    def postpone(self, key: str, interval: float, seconds: float) -> None:
        """Hold back the slots that are not reserved yet until so many seconds from now."""
        self._run("postpone", key, interval, seconds)

    def used_today(self, key: str) -> int:
        """How many requests of the current UTC day are counted."""
        return int(self._run("used", key, 0)[0])

    def close(self) -> None:
        """Close the connections. The counts stay on the server."""
        self._client.close()

    def _learn(self, least: float, most: float) -> float:
        """How far the server's clock is ahead, corrected by what the last answer proves.

        The server told the time between the question and the answer. An answer that came quickly
        narrows the range; one that was held up says little, and changes little.
        """
        guess = (least + most) / 2 if self._ahead is None else self._ahead
        self._ahead = min(max(guess, least), most)
        return self._ahead

    def _open(self, url: str) -> Any:
        return self._redis.Redis.from_url(
            url,
            socket_connect_timeout=_ANSWER_SECONDS,
            socket_timeout=_ANSWER_SECONDS,
            retry=self._redis.retry.Retry(self._redis.backoff.NoBackoff(), 0),
        )

    def _run(self, operation: str, key: str, interval: float, *arguments: object) -> Any:
        """Run the script; again, with pauses, while the server cannot be reached."""
        for pause in (*_PAUSES, None):
            given = "" if self._now is None else repr(self._now())
            try:
                return self._script(
                    keys=[_PREFIX + key], args=[operation, given, repr(interval), *arguments]
                )
            except (self._redis.RedisError, OSError) as error:
                explained = self._explained(error)
            if pause is None or not isinstance(explained, TryLaterError):
                break
            self._sleep(pause)
        raise explained

    def _explained(self, error: Exception) -> TargetError:
        """An error line of ours, without the words of the library, which may quote the URL."""
        redis, name = self._redis, type(error).__name__
        refusals = (redis.AuthenticationError, redis.exceptions.NoPermissionError)
        if isinstance(error, refusals):
            fault = (
                f"rate_limit_url: Redis at {self._place} refuses this user or password ({name}); "
                "correct them, and let the user run EVALSHA, SCRIPT LOAD, TIME, EXPIRE and the "
                "commands of hashes"
            )
            return SettingsError([fault])
        return TryLaterError(
            f"the request counts at Redis {self._place} cannot be used ({name}); nothing is "
            "sent without them. Check that the server is up and that rate_limit_url is right, "
            "and run again"
        )


def url_fault(url: str) -> str:
    """What is wrong with the URL of a Redis server, in one line; empty when nothing is."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not (parts.path if parts.scheme == "unix" else parts.hostname):
        return _wrong_url()
    return ""


def _wrong_url() -> str:
    return (
        "rate_limit_url is not the URL of a Redis server; write redis://host:6379/0, "
        "rediss://:password@host:6379/0 (TLS) or unix:///path/to/redis.sock"
    )


def place_of(url: str) -> str:
    """Host and port, or the socket, of a URL: what may be shown of it."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    return f"{parts.hostname}:{parts.port or 6379}"


def _load_redis() -> Any:
    try:
        redis = import_module("redis")
        # Its own __init__ need not load these.
        import_module("redis.backoff")
        import_module("redis.retry")
    except ImportError as error:
        fault = (
            f"rate_limit_url: {error.name} is not installed; install target-constant-contact[redis]"
        )
        raise SettingsError([fault]) from error
    return redis
