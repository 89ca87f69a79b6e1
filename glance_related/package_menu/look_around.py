"""What has happened past this API: servers that were made, deleted, or of which an answer was lost.

`LookAround` sees to it now and then, from what has changed in each Nova since it looked last; `reconcile_packages`
looks at everything. Nothing is locked, and everything may be run twice, at once, and beside requests; that two workers
do not look around at one Nova at the same time only saves it questions.
"""

from __future__ import annotations

import datetime
import email.utils
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from glance_related.db.database import BadValue, Database, DatabaseDown
from glance_related.db.facts import read_fact, set_fact
from glance_related.db.models import utcnow
from glance_related.db.turns import Turns
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.books import Books
from glance_related.package_menu.deliverable import generation_of
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.servers import PACKAGES, ServersPackages, forget
from glance_related.package_menu.started import recorded_at_novas
from glance_related.riders.rider import Rider
from glance_related.riders.settling import UNDER_WAY, Novas, Settled, Settling
from glance_related.riders.store import RiderStore
from glance_related.settings.options import ConfigError

LOG = logging.getLogger(__name__)

#: How many servers one list of Nova's may have.
BATCH = 100
_LOOKED, _LOOKING = "package_menu.looked.", "package_menu.looking."
#: How far back a worker looks that has never looked before, and further than the last look each time: a Nova's hosts
#: have clocks of their own.
_FIRST, _OVERLAP = datetime.timedelta(days=1), datetime.timedelta(minutes=3)
#: A request is settled by a worker when nobody has done so for so long.
_SOON = datetime.timedelta(seconds=5)
#: What Nova says of a server that nobody can bring back.
_DELETED = "DELETED"


@dataclass
class PackagesReport:
    """What was done; with ``dry_run``, what would be.

    :param found: servers of which it was found out with which settings they were made
    :param abandoned: requests with settings that made no server
    :param unsettled: requests of which it is not known yet which servers they made
    :param adopted: servers that were not known, and have what their projects have from now on
    :param gone: servers that are gone, and their settings
    :param unasked: how often a Nova said nothing certain
    """

    dry_run: bool = False
    found: int = 0
    abandoned: int = 0
    unsettled: int = 0
    adopted: int = 0
    gone: int = 0
    unasked: int = 0

    @property
    def is_complete(self) -> bool:
        """Whether every Nova that had to be asked has answered."""
        return not self.unasked


def reconcile_packages(
    books: Books, novas: Novas, lifetime: datetime.timedelta, *, dry_run: bool = False
) -> PackagesReport:
    """Settle what is open, adopt what is not known, forget what is gone.

    :param lifetime: after which a request that has made no server is given up
    :raises DatabaseDown: what was done stays done
    """
    work = _Work(books, novas, PackagesReport(dry_run))
    work.note(settle(books, novas, lifetime, UNDER_WAY, dry_run=dry_run))
    for installation in _with_menu(books, novas):
        seen = set()
        for server in work.servers(installation, None):
            if server is None:
                break
            seen.add(server["id"])
            work.see(installation, server)
        else:
            work.sweep(installation, seen)
    return work.report


class LookAround:
    """Called by a worker again and again; does something when it is time.

    :param open_novas: the registered Novas, asked by an account that sees every project's servers
    :param clock: monotonic seconds
    """

    def __init__(
        self, books: Books, open_novas: Callable[[], Novas], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._books = books
        self._open_novas = open_novas
        self._clock = clock
        self._lease = books.suite.settings.deliveries.lease_seconds
        self._turns = Turns(books.suite.database, self._lease)
        self._seconds = books.suite.settings.package_menu.look_around_seconds
        self._lifetime = datetime.timedelta(seconds=books.suite.settings.riders.lifetime_seconds)
        self._settled_at = self._looked_at = float("-inf")

    @property
    def is_due(self) -> bool:
        """Whether it is time."""
        return self._clock() - self._settled_at >= min(_SOON.total_seconds(), self._seconds)

    def __call__(self) -> None:
        """:raises DatabaseDown:"""
        now = self._clock()
        if now - self._looked_at >= self._seconds:
            self._looked_at = self._settled_at = now
            novas = self._open_novas()
            _guarded("requests", self._settle, novas)
            for installation in _with_menu(self._books, novas):
                _guarded(f"Nova {installation}", self._look, novas, installation)
        elif self.is_due:
            self._settled_at = now
            if RiderStore(self._books.suite.database).open_before(PACKAGES, utcnow() - _SOON):
                _guarded("requests", self._settle, self._open_novas())

    def end(self) -> None:
        """:raises DatabaseDown:"""
        self._turns.close()

    def _settle(self, novas: Novas) -> None:
        settle(self._books, novas, self._lifetime, _SOON)

    def _look(self, novas: Novas, installation: str) -> None:
        """See every server that has changed since somebody looked last, unless another worker is doing so."""
        turn = self._turns.take(_LOOKING + installation)
        if turn is None:
            return
        database, kept_at = self._books.suite.database, self._clock()
        since = _since(database, installation) or utcnow() - _FIRST
        work = _Work(self._books, novas, PackagesReport())
        for server in work.servers(installation, since - _OVERLAP):
            if server is None:
                break  # from there on it is looked again
            _guarded(f"server {server['id']}", work.see, installation, server)
            if self._clock() - kept_at > self._lease / 3:
                turn, kept_at = self._turns.keep(turn), self._clock()
                if turn is None:
                    return  # another took it for dead, and looks
        else:
            # what this host thinks of the time decides nothing: it is Nova that is asked for what has changed
            seen = work.novas_time or work.newest or since
            set_fact(database, _LOOKED + installation, f"{seen.isoformat()} {utcnow().isoformat()}")
        self._turns.end(turn)


def _guarded(what: str, look: Callable[..., object], *words: Any) -> None:
    """See to something, as far as it goes: whatever is odd about it, others are seen to.

    :raises DatabaseDown:
    """
    try:
        look(*words)
    except DatabaseDown:
        raise
    except ConfigError as error:
        LOG.error("%s", error)
    except Exception:
        LOG.exception("looking around at %s has failed", what)


def _since(database: Database, installation: str) -> datetime.datetime | None:
    """Up to which time, by its own clock, a Nova has told of everything that had changed."""
    said = read_fact(database, _LOOKED + installation)
    return None if said is None else datetime.datetime.fromisoformat(said.partition(" ")[0])


def last_look(database: Database, installation: str) -> datetime.datetime | None:
    """When a worker was last told of everything that had changed in a Nova (UTC); None: it never was.

    :raises DatabaseDown:
    """
    said = read_fact(database, _LOOKED + installation)
    return None if said is None else datetime.datetime.fromisoformat(said.split(" ")[-1])


def settle(
    books: Books, novas: Novas, lifetime: datetime.timedelta, after: datetime.timedelta, *, dry_run: bool = False
) -> Settled:
    """Find out which servers were made by requests whose answer was lost, or told of one server only."""
    servers = {one: ServersPackages(books, one) for one in novas.installations}

    def bind(server: Mapping[str, Any], rider: Rider) -> None:
        servers[rider.nova_installation_uuid].bind(server, rider)

    riders = RiderStore(books.suite.database)
    return Settling(riders, PACKAGES, novas, bind, lifetime, utcnow(), dry_run=dry_run).run(after)


def _with_menu(books: Books, novas: Novas) -> list[str]:
    """The Novas of which servers are known, or in front of which the filter has started."""
    started = recorded_at_novas(books.suite.database)
    return [
        one
        for one in novas.installations
        if one in started or books.instances.after(InstanceRef(one, ""), 1, nova_installation_uuid=one)
    ]


@dataclass
class _Work:
    """What there is to do at some Novas.

    :param novas_time: when the first of `servers` was answered, by Nova's own clock (UTC); None: it does not say
    :param newest: when the last of them was changed, as far as Nova says
    """

    books: Books
    novas: Novas
    report: PackagesReport
    novas_time: datetime.datetime | None = None
    newest: datetime.datetime | None = None
    _servers: dict[str, ServersPackages] = field(default_factory=dict)

    def note(self, settled: Settled) -> None:
        self.report.found += settled.found
        self.report.abandoned += settled.abandoned
        self.report.unsettled += settled.unsettled
        self.report.unasked += settled.unasked

    def servers(self, installation: str, since: datetime.datetime | None) -> Iterator[dict[str, Any] | None]:
        """Every server of a Nova, or those that have changed since a time, deleted ones too; None: it does not tell."""
        asked = {"all_tenants": "1", "limit": str(BATCH)}
        if since is not None:
            asked["changes-since"] = f"{since.isoformat()}Z"
        while True:
            answer = self.novas.answer(installation, f"/servers/detail?{urlencode(asked)}")
            document = answer.document if answer is not None and answer.status == 200 else None
            told = document.get("servers") if isinstance(document, dict) else None
            servers = [one for one in told if _is_server(one)] if isinstance(told, list) else []
            if answer is None or not isinstance(told, list) or (told and not servers):
                self.report.unasked += 1
                yield None
                return
            if self.novas_time is None:
                self.novas_time = _time_of(answer.headers.get("date"))
            if len(servers) < len(told):
                LOG.error("Nova %s shows %d servers that are none", installation, len(told) - len(servers))
            for server in servers:
                self.newest = max(filter(None, (self.newest, _updated(server))), default=None)
                yield server
            if "servers_links" not in answer.document or not servers:
                return
            asked["marker"] = servers[-1]["id"]

    def see(self, installation: str, server: Mapping[str, Any]) -> None:
        """One server as Nova shows it: it is adopted, or forgotten, or known."""
        mine = self._servers.setdefault(installation, ServersPackages(self.books, installation))
        kept = self.books.instances.get(mine.ref(server["id"]))
        if server.get("status") == _DELETED:
            if kept is not None:
                self._forget(kept)
        elif kept is None and server.get("tenant_id") and self._is_wanted(mine, server):
            self.report.adopted += 1
            if not self.report.dry_run:
                try:
                    mine.adopt(server)
                except BadValue:
                    LOG.error("what Nova shows of server %s cannot be kept", server["id"])
        elif kept is not None and not self.report.dry_run:
            mine.follow(kept, mine.seen({"tenant_id": kept.project_id, **server}))

    def _is_wanted(self, mine: ServersPackages, server: Mapping[str, Any]) -> bool:
        """Whether there is anything to know of a server; one that may have been made with settings has to wait."""
        if not self.books.menu.of_project(server["tenant_id"]).menu.menu.entries:
            return False
        return not mine.may_have_been_made_with(server)

    def sweep(self, installation: str, seen: set[str]) -> None:
        """Forget servers that are gone: a list omits some, so each is asked for."""
        marker = InstanceRef(installation, "")
        while some := self.books.instances.after(marker, BATCH, nova_installation_uuid=installation):
            for kept in some:
                marker = kept.ref
                if kept.ref.instance_id not in seen and kept.created_at < utcnow() - UNDER_WAY:
                    answer = self.novas.answer(installation, f"/servers/{quote(kept.ref.instance_id, safe='')}")
                    if answer is None:
                        self.report.unasked += 1
                    elif answer.status == 404:
                        self._forget(kept)

    def _forget(self, kept: Kept) -> None:
        self.report.gone += 1
        if not self.report.dry_run:
            as_of = self.books.menu.of_project(kept.project_id)
            forget(self.books, kept.ref, kept.project_id, generation_of(kept, as_of) + 1)


def _is_server(server: Any) -> bool:
    return isinstance(server, dict) and all(isinstance(server.get(name), str) for name in ("id", "tenant_id"))


def _updated(server: Mapping[str, Any]) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(server["updated"], "%Y-%m-%dT%H:%M:%SZ")
    except (KeyError, TypeError, ValueError):
        return None


def _time_of(date: str | None) -> datetime.datetime | None:
    """What a header says, UTC."""
    try:
        said = email.utils.parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return said if said.tzinfo is None else said.astimezone(datetime.UTC).replace(tzinfo=None)
