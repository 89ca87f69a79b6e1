"""`MenuPart`: the cloud's menu: what administrators publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from glance_related.instance_ref import InstanceRef
from glance_related.package_menu import problems
from glance_related.package_menu.asking import (
    TRIES,
    caller_of,
    check_tag,
    document_of,
    entries_refused,
    needing_the_database,
    page_of,
)
from glance_related.package_menu.books import Books
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.instance_store import Kept
from glance_related.package_menu.listing import FILTERS, filtered, is_wanted, is_yes, paged
from glance_related.package_menu.publishing import judge_entries, referring
from glance_related.package_menu.rules import Setting
from glance_related.package_menu.store import CLOUD, AsOf, Stale
from glance_related.settings import policy
from glance_related.wsgi.conditions import has_already, tagged, unchanged
from glance_related.wsgi.filter import Request
from glance_related.wsgi.pages import Page
from glance_related.wsgi.reply import Reply, json_reply, no_content

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_KEY = "package_menu"
#: How many servers are looked at together for those that have an entry, and how often for one page.
_BATCH, _BATCHES = 500, 20


class MenuPart:
    """See the module."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._settings = books.suite.settings.package_menu

    # -- reading

    def index(self, request: Request) -> WSGIApplication:
        """GET /package-menu."""
        self._require(request, policy.MENU_LIST)
        page = page_of(request, *FILTERS)
        with needing_the_database():
            menu = self._menu()
        tag = str(menu.cloud.version)
        if has_already(request.environ, tag):
            return unchanged(tag)
        documents = menu.menu.menu.documents
        shown, last = paged(page, [documents[entry.name] for entry in self._wanted(menu, page)])
        document = {_KEY: shown, **page.links("/package-menu", _KEY, last)}
        return json_reply("200 OK", document, tagged(tag))

    def show(self, request: Request) -> WSGIApplication:
        """GET /package-menu/{name}."""
        self._require(request, policy.MENU_LIST)
        with needing_the_database():
            entry = self._entry(self._menu(), request)
        if has_already(request.environ, str(entry.version)):
            return unchanged(str(entry.version))
        return _shown("200 OK", entry)

    def servers(self, request: Request) -> WSGIApplication:
        """GET /package-menu/{name}/servers."""
        self._require(request, policy.MENU_LIST)
        page = page_of(request, "project_id")
        with needing_the_database():
            entry = self._entry(self._menu(), request)
            found, last = self._using(entry.name, page)
        path = f"/package-menu/{entry.name}/servers"
        return json_reply("200 OK", {"servers": found, **page.links(path, "servers", last)})

    def _using(self, name: str, page: Page) -> tuple[list[dict[str, Any]], str | None]:
        """The servers that have an entry on, or a value of it; a page may be short where they are few among many."""
        equal = {"project_id": page.wanted["project_id"]} if "project_id" in page.wanted else {}
        installation, _, instance = page.marker.partition(":")
        marker = InstanceRef(installation, instance)
        found: list[dict[str, Any]] = []
        for _ in range(_BATCHES):
            some = self._books.instances.after(marker, _BATCH, **equal)
            if not some:
                return found, None
            known = self._books.instances.some([kept.ref for kept in some])
            menus = self._books.menu.of_projects({kept.project_id for kept in some})
            for kept in some:
                marker = kept.ref
                whole = known.get(kept.ref, kept)
                setting = menus[kept.project_id].menu.settings(whole.choices).settings.get(name)
                if setting is not None and (setting.is_on or setting.value is not None):
                    found.append(_use(whole, setting))
                    if len(found) == page.limit:
                        return found, _marker(marker)
        return found, _marker(marker)

    # -- changing

    def create(self, request: Request) -> WSGIApplication:
        """POST /package-menu: one entry, or a file of them."""
        self._require(request, policy.MENU_PUBLISH)
        document = document_of(request, self._settings.max_body_bytes, "entry", "entries", "dry_run", "remove_others")
        if "entries" in document:
            return self._import(document)
        if set(document) != {"entry"}:
            raise problems.BODY_UNFIT(reason="it must have a member 'entry', or 'entries'")
        given = document["entry"]
        with needing_the_database():
            return _shown("201 Created", self._published(lambda menu: _new(menu, given)))

    def change(self, request: Request) -> WSGIApplication:
        """PATCH /package-menu/{name}."""
        self._require(request, policy.MENU_PUBLISH)
        given = document_of(request, self._settings.max_body_bytes, "entry").get("entry")
        if not isinstance(given, dict) or given.get("name", request.names["name"]) != request.names["name"]:
            raise problems.BODY_UNFIT(reason="'entry' must be an object, and a name stays as it is")

        def changed(menu: AsOf) -> Entry:
            present = self._entry(menu, request)
            check_tag(request, str(present.version))
            return _one(menu, {"kind": present.kind, **given, "name": present.name})

        with needing_the_database():
            return _shown("200 OK", self._published(changed))

    def remove(self, request: Request) -> WSGIApplication:
        """DELETE /package-menu/{name}."""
        self._require(request, policy.MENU_PUBLISH)
        page = page_of(request, "force")
        is_forced = is_yes(page, "force")
        with needing_the_database():
            for _ in range(TRIES):
                menu = self._menu()
                if request.names["name"] not in menu.menu.menu.entries:
                    self._forget_choices([request.names["name"]])  # whoever removed it may have got no further
                entry = self._entry(menu, request)
                check_tag(request, str(entry.version))
                if not is_forced:
                    self._refuse_in_use(entry, referring(entry.name, menu.menu.menu.entries))
                try:
                    # entries that speak of it go on doing so, without effect: a variable of it is nobody else's
                    self._books.menu.publish(menu.cloud, [], [entry.name])
                except Stale:
                    continue
                self._forget_choices([entry.name])
                return no_content()
        raise problems.CHANGED_MEANWHILE()

    def _refuse_in_use(self, entry: Entry, speaking: Sequence[str]) -> None:
        projects, servers = self._books.menu.users(entry.name)
        users = [f"{'entry' if len(speaking) == 1 else 'entries'} {', '.join(speaking[:20])}"] if speaking else []
        if entry.on_by_default:
            users.append("every project that says nothing of it")
        users += [_counted(number, what) for number, what in ((projects, "project"), (servers, "server")) if number]
        if users:
            raise problems.IN_USE(name=entry.name, users=", ".join(users))

    # -- a file of entries

    def _import(self, document: dict[str, Any]) -> Reply:
        given, is_dry = document["entries"], document.get("dry_run", False)
        removes = document.get("remove_others", False)
        if (
            "entry" in document
            or not isinstance(given, list)
            or not all(isinstance(one, bool) for one in (is_dry, removes))
        ):
            raise problems.BODY_UNFIT(reason="'entries' must be a list; 'dry_run', 'remove_others' true or false")
        self._check_room(len(given))  # before each of them is looked at, which takes time
        with needing_the_database():
            for _ in range(TRIES):
                menu = self._menu()
                before = menu.menu.menu.entries
                made = _judged(menu, given)
                gone = sorted(set(before) - set(made)) if removes else []
                self._check_room(len({*before, *made}) - len(gone))
                news = [entry for name, entry in made.items() if before.get(name) != entry]
                told = _difference(menu, made, gone)
                if is_dry or not (news or gone):
                    return json_reply("200 OK", told, tagged(str(menu.cloud.version)))
                self._forget_choices(sorted(set(made) - set(before)))
                try:
                    after = self._books.menu.publish(menu.cloud, self._sealed(news), gone)
                except Stale:
                    continue
                self._forget_choices(gone)
                return json_reply("200 OK", told, tagged(str(after.version)))
        raise problems.CHANGED_MEANWHILE()

    def _check_room(self, number: int) -> None:
        """:raises Problem: 400 where the menu has no room for so many entries"""
        if number > self._settings.max_entries:
            raise problems.MENU_FULL(limit=self._settings.max_entries)

    # -- parts

    def _published(self, make: Callable[[AsOf], Entry]) -> Entry:
        """An entry as it stands on the menu then.

        :raises Problem: 409 where others are always faster
        """
        for _ in range(TRIES):
            menu = self._menu()
            entry = make(menu)
            if entry == menu.menu.menu.entries.get(entry.name):
                return entry
            self._check_room(len({*menu.menu.menu.entries, entry.name}))
            if entry.name not in menu.menu.menu.entries:
                self._forget_choices([entry.name])
            try:
                after = self._books.menu.publish(menu.cloud, self._sealed([entry]))
            except Stale:
                continue
            return replace(entry, version=after.version)
        raise problems.CHANGED_MEANWHILE()

    def _forget_choices(self, names: Sequence[str]) -> None:
        """Forget what was said of entries that are gone: new ones of these names may be something else, or secret."""
        for name in names:
            while self._books.menu.forget_choices(name):
                continue

    def _sealed(self, entries: Sequence[Entry]) -> list[Entry]:
        return [replace(entry, default=self._books.sealed(entry, entry.default)) for entry in entries]

    def _menu(self) -> AsOf:
        return self._books.menu.of_project(CLOUD)

    def _entry(self, menu: AsOf, request: Request) -> Entry:
        entry = menu.menu.menu.entries.get(request.names["name"])
        if entry is None:
            raise problems.NO_ENTRY(name=request.names["name"])
        return entry

    def _wanted(self, menu: AsOf, page: Page) -> list[Entry]:
        with filtered():
            return [entry for _, entry in sorted(menu.menu.menu.entries.items()) if is_wanted(entry, page)]

    def _require(self, request: Request, rule: str) -> None:
        self._books.suite.policy.require(rule, caller_of(request))


def _judged(menu: AsOf, documents: Sequence[Any]) -> dict[str, Entry]:
    """:raises Problem: 400 with everything that is wrong"""
    made, faults = judge_entries(menu.menu.menu.entries, documents)
    if faults:
        raise entries_refused(faults)
    return made


def _one(menu: AsOf, document: Any) -> Entry:
    (entry,) = _judged(menu, [document]).values()
    return entry


def _new(menu: AsOf, document: Any) -> Entry:
    name = document.get("name") if isinstance(document, dict) else None
    if isinstance(name, str) and name in menu.menu.menu.entries:
        raise problems.EXISTS(name=name)
    return _one(menu, document)


def _shown(status: str, entry: Entry) -> Reply:
    return json_reply(status, {"entry": entry.document()}, tagged(str(entry.version)))


def _difference(menu: AsOf, made: dict[str, Entry], gone: Sequence[str]) -> dict[str, Any]:
    """What a file changes; a secret that differs is said to."""
    before = menu.menu.menu.entries
    changed = []
    for name, entry in sorted(made.items()):
        if name in before and before[name] != entry:
            old, new = before[name].document(), entry.document()
            fields = {word: [old[word], new[word]] for word in new if old.get(word) != new[word]}
            if before[name].default != entry.default and "default" not in fields:
                fields["default"] = [None, None]
            changed.append({"name": name, "fields": fields})
    return {
        "created": sorted(set(made) - set(before)),
        "changed": changed,
        "unchanged": sorted(name for name, entry in made.items() if before.get(name) == entry),
        "removed": list(gone),
    }


def _use(kept: Kept, setting: Setting) -> dict[str, Any]:
    return {
        "id": kept.ref.instance_id,
        "nova_installation_uuid": kept.ref.nova_installation_uuid,
        "project_id": kept.project_id,
        "name": kept.name,
        "origin": setting.origin,
    }


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _marker(ref: InstanceRef) -> str:
    return f"{ref.nova_installation_uuid}:{ref.instance_id}"
