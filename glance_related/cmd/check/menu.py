"""What is wrong with the package menu: what it needs on this host, whom settings are handed to, and by whom."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from oslo_config import cfg

from glance_related.cmd.check import doors, guests, keys, nova
from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.check.nova_pipelines import IN_METADATA, stands_in_nova
from glance_related.cmd.nova_conf import NovaConf
from glance_related.cmd.paste import PasteFile
from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.deliveries.signs import last_sign
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_aware.store import Store
from glance_related.package_menu.books import open_drivers
from glance_related.package_menu.instance_store import is_in_use
from glance_related.package_menu.look_around import last_look
from glance_related.package_menu.started import recorded_at_novas, recorded_drivers
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.settings.options import ConfigError, Settings
from glance_related.suite import recorded_keys

#: Nobody is at work who has left no sign for so long: a look around at a large Nova may take a while.
_DEAD = datetime.timedelta(minutes=10)
#: So many times in a row nobody has looked around, and at least for so long.
_LOOKS, _UNSEEN = 5, datetime.timedelta(minutes=5)


#: Its filter in front of Nova's API, and those that guests need.
_FILTER = "package_menu"
_FILTERS = (_FILTER, "glance_related", IN_METADATA)


@dataclass(frozen=True)
class Here:
    """What of Nova is on this host.

    :param hands_on: whether a filter stands there that hands something to Glance: what that needs is looked at already
    :param is_bare: neither Glance nor Nova is here: it may be a host of workers
    """

    paste: PasteFile | None
    conf: NovaConf | None
    hands_on: bool
    is_bare: bool

    @property
    def serves(self) -> bool:
        """Whether anything of the menu is in front of Nova."""
        return self.paste is not None and (stands_in_nova(self.paste, *_FILTERS) or self.has_page)

    @property
    def has_page(self) -> bool:
        return self.paste is not None and any(door.system == doors.PAGE for door in self.paste.doors)


def check_menu(settings: Settings, here: Here, database: Database | None) -> Iterator[Finding]:
    """Everything about the menu.

    :param database: None where it cannot be asked
    :raises DatabaseDown:
    """
    is_used = database is not None and is_in_use(database)
    if here.serves and not here.hands_on:
        yield from _check_start(settings, database)
    yield from guests.check_guests(settings, here.paste, here.conf)
    if here.has_page:
        yield from doors.check_page(settings)
    if here.serves or _is_configured(settings) or (is_used and here.is_bare):
        yield from _check_drivers(settings)
    yield from _check_keys(settings, here, database, is_used=is_used)
    if database is not None and (is_used or recorded_at_novas(database)):
        yield from _check_workers(settings, database)
    if here.paste is not None and is_used and not stands_in_nova(here.paste, _FILTER):
        yield from _absent(here.paste)


def _is_configured(settings: Settings) -> bool:
    """Whether the configuration file says anything of the menu."""
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(settings.config_file, sections).parse()
    return any(section.startswith(_FILTER) for section in sections)


def _absent(paste: PasteFile) -> Iterator[Finding]:
    """Nova's API without the menu's filter, in a cloud that has a menu."""
    for pipeline in paste.pipelines:
        if all(pipeline.position(role) is not None for role in ("authtoken", "keystonecontext")):
            yield warning(
                "nova_paste.no_package_menu",
                f"{pipeline.title} does not contain {_FILTER}, and there is a package menu: who comes that way has "
                f"nothing of it; put the word {_FILTER} between authtoken and keystonecontext, and add "
                f"[filter:{_FILTER}] with 'use = egg:glance_related#{_FILTER}'.",
            )


def _check_keys(settings: Settings, here: Here, database: Database | None, *, is_used: bool) -> Iterator[Finding]:
    needing = ["a page"] if here.has_page else []
    is_read = here.serves or (here.is_bare and (is_used or settings.keys_folder is not None))
    if is_read and database is not None:
        entries = MenuStore(database).of_project(CLOUD).menu.menu.entries.values()
        needing += ["a variable of type secret on the menu"] if any(entry.is_secret for entry in entries) else []
    yield from keys.check_folder(settings, is_here=is_read, needing=needing)
    if settings.keys_folder is not None and database is not None:
        yield from keys.check_hosts(Path(settings.keys_folder), recorded_keys(database), is_here=here.serves)


def _check_start(settings: Settings, database: Database | None) -> Iterator[Finding]:
    """Whether the menu's filters start; where one stands that hands something to Glance, that is known already."""
    yield from nova.check_installation(settings, None if database is None else Store(database).installations())
    if not settings.riders.mark_keys:
        yield error(
            "riders.no_keys",
            f"[riders] mark_keys is not set in {settings.config_file}, and nova-api does not start; set it to what "
            "'glance-related-manage generate-mark-key' prints, the same on every host of Nova's and Glance's side.",
        )


def _check_drivers(settings: Settings) -> Iterator[Finding]:
    """What each driver has to say that ``package_management_driver`` names."""
    for name in settings.package_menu.package_management_driver:
        alone = replace(settings, package_menu=replace(settings.package_menu, package_management_driver=(name,)))
        try:
            (driver,) = open_drivers(alone).values()
            said = driver.check()
        except ConfigError as problem:
            yield error("package_menu.driver_wrong", str(problem))
        except Exception as failure:  # of a driver that somebody else has written
            yield error(
                "package_menu.driver_failed",
                f"driver {name} failed with {type(failure).__name__} when it was asked whether all is well; see to it, "
                "or take it out of [package_menu] package_management_driver.",
            )
        else:
            for sentence in said:
                yield warning("package_menu.driver", f"driver {name}, asked on this host: {sentence}")


def _check_workers(settings: Settings, database: Database) -> Iterator[Finding]:
    """Whether anybody hands settings over, and sees what happens past the API."""
    sign, now = last_sign(database), utcnow()
    if sign is None or now - sign[1] > _DEAD:
        said = "no glance-related-worker was ever at work with this database"
        if sign is not None:
            said = f"the last sign of a glance-related-worker, on {sign[0]}, is {_old(now, sign[1])}"
        waiting = DeliveryStore(database).waiting(recorded_drivers(database))
        number = f"{waiting.number} {'delivery waits' if waiting.number == 1 else 'deliveries wait'}"
        yield error(
            "worker.none",
            f"{said}: nothing is handed over ({number}), and servers that are made or deleted past this API are not "
            "seen; start one on any host that has this configuration.",
        )
        return
    longest = max(_UNSEEN, datetime.timedelta(seconds=_LOOKS * settings.package_menu.look_around_seconds))
    started = recorded_at_novas(database)
    for one in Store(database).installations():
        if one.nova_installation_uuid not in started:
            continue
        looked = last_look(database, one.nova_installation_uuid)
        if looked is None or now - looked > longest:
            said = f"the last look around is {_old(now, looked)}" if looked else "nobody has ever looked around"
            yield warning(
                "worker.not_looked",
                f"of Nova '{one.name}' {said}, so servers that were made or deleted past this API are not seen; that "
                "Nova does not answer the worker's [account], or not as an administrator: see the log of "
                f"glance-related-worker on {sign[0]}.",
            )


def _old(now: datetime.datetime, then: datetime.datetime) -> str:
    minutes = int((now - then).total_seconds() // 60)
    if minutes < 120:
        return f"{minutes} minutes old"
    return f"{minutes // 60} hours old" if minutes < 48 * 60 else f"{minutes // 1440} days old"
