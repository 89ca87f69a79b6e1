"""`MenuOfGuest`: what a guest is to have of the menu, for `glance_related.guest`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from glance_related.deliveries.delivery import Done, Refused, Wish
from glance_related.deliveries.store import Failed
from glance_related.guest.part import Guest, GuestPart, NotGiven, NotNow, Nova, Offer, Report
from glance_related.package_menu.books import Books, open_drivers
from glance_related.package_menu.deliverable import generation_of
from glance_related.package_menu.drivers.guest import GuestDriver
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.servers import ServersPackages, Untold
from glance_related.package_menu.store import SYSTEM, AsOf
from glance_related.settings.keys import NoKeys, Undecipherable
from glance_related.suite import Suite

LOG = logging.getLogger(__name__)

#: The driver by which guests are served.
DRIVER = "guest"


class MenuOfGuest(GuestPart):
    """See the module.

    :param driver: one of the ``books``
    :param installation: which Nova
    """

    def __init__(self, books: Books, driver: GuestDriver, installation: str) -> None:
        self._books = books
        self._driver = driver
        self._servers = ServersPackages(books, installation)

    def wanted(self, guest: Guest, nova: Nova | None) -> Offer | None:
        self._books.suite.keys.keep_fresh()
        as_of = self._books.menu.of_project(guest.project_id)
        kept = self._books.instances.get(guest.ref)
        if kept is None and not any(one.is_offered for one in as_of.menu.base.settings.values()):
            return None  # nobody offers this project anything
        if kept is None or (nova is not None and not kept.request_id):
            kept = self._found(guest, nova) or kept or self._servers.adopt(self._shown(guest, nova))
            if not kept.os_distro and kept.request_id:
                kept = self._servers.complete(kept, self._servers.seen(self._shown(guest, nova)))
        if kept.project_id != guest.project_id:
            LOG.warning("server %s is not of project %s", guest.ref.instance_id, guest.project_id)
            return None
        generation = generation_of(kept, as_of)
        try:
            told = self._books.deliverable(kept, as_of, DRIVER)
            content = self._driver.document(told.instance, told.packages, told.variables)
        except (NoKeys, Undecipherable):
            LOG.error("a secret of server %s cannot be read: this host has not the keys", guest.ref.instance_id)
            raise NotNow("a secret cannot be read") from None
        except Refused as reason:
            self._note(guest, generation, generation, Failed(str(reason), None))
            raise NotNow(str(reason)) from None
        return Offer(generation, content, self._driver.interval_seconds)

    def _found(self, guest: Guest, nova: Nova | None) -> Kept | None:
        """With which request the server was made; None: with none that had settings.

        :raises NotNow:
        """
        try:
            return self._servers.of_its_maker(
                _seen(guest), None if nova is None else lambda rider: nova.as_caller(rider.user_id, rider.project_id)
            )
        except Untold:
            raise NotNow("it is not known yet with which request it was made") from None

    def _shown(self, guest: Guest, nova: Nova | None) -> Mapping[str, Any]:
        """A server as Nova shows it: its operating system says what packages are called."""
        shown = nova.described(guest.ref.instance_id, guest.project_id) if nova is not None else None
        if shown is None or shown.get("tenant_id") != guest.project_id:
            return _seen(guest)
        return shown

    def read(self, guest: Guest, generation: int) -> None:
        if not self._books.deliveries.read(guest.ref, DRIVER, generation):
            self._wish(guest, generation)
            self._books.deliveries.read(guest.ref, DRIVER, generation)

    def told(self, guest: Guest, report: Report) -> bool:
        as_of, kept = self._known(guest)
        if kept is None or kept.project_id != guest.project_id:
            return False
        now = generation_of(kept, as_of)
        if report.generation > now:
            raise NotGiven
        if report.is_done:
            applied = None if report.packages is None else {"packages": sorted(report.packages)}
            self._note(guest, report.generation, now, Done(applied, report.message))
        elif report.generation == now:  # that something could not be done which is not wanted any more is no news
            self._note(guest, report.generation, now, Failed(report.message or "It did not say why.", None))
        return True

    def _known(self, guest: Guest) -> tuple[AsOf, Kept | None]:
        return self._books.menu.of_project(guest.project_id), self._books.instances.get(guest.ref)

    def _note(self, guest: Guest, generation: int, now: int, outcome: Done | Failed) -> None:
        """Note what became of it; a guest may have come before anybody wished for anything on its behalf."""
        if not self._books.deliveries.told(guest.ref, DRIVER, generation, outcome):
            self._wish(guest, now)
            self._books.deliveries.told(guest.ref, DRIVER, generation, outcome)

    def _wish(self, guest: Guest, generation: int) -> None:
        self._books.deliveries.add([Wish(guest.ref, SYSTEM, DRIVER, guest.project_id, generation, is_pulled=True)])


def _seen(guest: Guest) -> dict[str, str]:
    """A server as Nova shows it, of which a guest's question tells little."""
    return {
        "id": guest.ref.instance_id,
        "tenant_id": guest.project_id,
        "OS-EXT-SRV-ATTR:hostname": guest.hostname,
    }


def open_part(suite: Suite, installation: str) -> MenuOfGuest | None:
    """Entry point ``glance_related.guest_parts``, name ``package_menu``: None where the driver guest is not named.

    :raises ConfigError: one sentence that names the fix
    """
    if DRIVER not in suite.settings.package_menu.package_management_driver:
        return None
    books = Books(suite, open_drivers(suite.settings))
    driver = books.drivers[DRIVER]
    assert isinstance(driver, GuestDriver)
    return MenuOfGuest(books, driver, installation)
