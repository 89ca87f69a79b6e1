"""Which users are Nova's and which are trusted programs, remembered for a few seconds.

Only what a GET is *shown* is decided from memory; what is written is judged by what the database
says at that moment. Where the database is down, the memory still knows Nova's users, so that their
snapshots go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from glance_related.db.database import DatabaseDown
from glance_related.instance_aware.rules import Registration
from glance_related.instance_aware.store import Store
from glance_related.wsgi.caller import Caller


@dataclass(frozen=True)
class _Remembered:
    registrations: tuple[Registration, ...]
    until: float
    programs: frozenset[str]
    nova_users: frozenset[str]


class Registrations:
    """The registered users.

    :param seconds: how long what was read is believed
    :param clock: monotonic seconds
    """

    def __init__(self, store: Store, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._seconds = seconds
        self._clock = clock
        self._remembered: _Remembered | None = None

    def of(self, caller: Caller) -> list[Registration]:
        """The registrations of a caller's user and of its service's, as the database says now.

        :raises DatabaseDown:
        """
        users = [user for user in (caller.user_id, caller.service_user_id) if user]
        return self._store.registrations(users) if users else []

    def remembered_of(self, caller: Caller) -> list[Registration]:
        """The same, as it was last read; nothing where it never was."""
        remembered = self._remembered
        users = (caller.user_id, caller.service_user_id)
        return [r for r in remembered.registrations if r.user_id in users] if remembered else []

    def programs_and_nova_users(self) -> tuple[frozenset[str], frozenset[str]]:
        """The users of trusted programs, and Nova's own, at most some seconds old; nobody where it is not known."""
        remembered = self._remembered
        if remembered is None or remembered.until < self._clock():
            try:
                remembered = self.refresh()
            except DatabaseDown:
                if remembered is None:
                    return frozenset(), frozenset()
        return remembered.programs, remembered.nova_users

    def refresh(self) -> _Remembered:
        """Read them all.

        :raises DatabaseDown:
        """
        registrations = tuple(self._store.registrations())
        remembered = _Remembered(
            registrations,
            self._clock() + self._seconds,
            programs=frozenset(r.user_id for r in registrations if r.trusted_program),
            nova_users=frozenset(r.user_id for r in registrations if not r.trusted_program),
        )
        self._remembered = remembered
        return remembered
