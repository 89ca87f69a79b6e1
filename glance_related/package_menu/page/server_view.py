"""`ServerView`: the servers of a project, and what one of them has: shown, changed, copied, and followed on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from glance_related.package_menu.page import forms, telling
from glance_related.package_menu.page.api import Document, Refused, Settings, server_id_of
from glance_related.package_menu.page.described import UNFOLDED, grouped, matching, rows_of
from glance_related.package_menu.page.rendering import data
from glance_related.package_menu.page.visit import Visit
from glance_related.wsgi.reply import Reply

_FILTERS = ("q", "category", "show")
_TRIES = 3
_FOREIGN = "This was no form of this page, or it was cut short. Nothing was changed."
_AGAIN = "Others change this server's settings all the time. Nothing was changed; try again."


@dataclass(frozen=True)
class Known:
    """What there is now.

    :param of_project: the project's menu by name; empty where the user is not shown it
    """

    server: Document
    settings: Settings
    of_project: Mapping[str, Document]

    @property
    def id(self) -> str:
        return str(self.server["id"])


class ServerView:
    """See the module."""

    def index(self, visit: Visit) -> Reply:
        """GET /servers."""
        sought = _sought(visit)
        direct = server_id_of(sought)
        if direct is not None:
            return visit.moved(f"/servers/{direct}")
        servers, following = visit.api.servers(sought, visit.query.get("marker", ""))
        more = urlencode({**visit.kept_query("q"), "marker": following}) if following else ""
        is_first = not visit.query.get("marker")
        return visit.page(
            "servers.html", section="servers", servers=servers, sought=sought, more=more, is_first=is_first
        )

    def show(self, visit: Visit) -> Reply:
        """GET /servers/{id}."""
        known = self._known(visit)
        return self._page(visit, known, self._wanted(visit, known))

    def save(self, visit: Visit) -> Reply:
        """POST /servers/{id}."""
        try:
            form = forms.read_form(visit.form)
        except ValueError:
            return visit.told("Nothing was changed", _FOREIGN, status=400)
        for _ in range(_TRIES):
            known = self._known(visit)
            entries = known.settings.entries
            parted = forms.differences(entries, form)
            if form.tag != known.settings.tag and any(one.is_theirs for one in parted):
                return self._parted(visit, known, form, parted)
            chosen = known.settings.chosen
            if not forms.forgotten(entries, chosen, form) and not any(forms.is_changed(one, form) for one in entries):
                return self._back(visit, known, "nothing")
            try:
                visit.api.replace(known.id, forms.wanted(entries, chosen, form), known.settings.tag)
            except Refused as refused:
                if refused.status == 412:
                    continue
                shown = [entry for entry in entries if entry["name"] in form.base]
                return self._page(visit, known, shown, form.fields, refused)
            return self._back(visit, known, "saved")
        return visit.told("Nothing was changed", _AGAIN, status=409)

    def reset(self, visit: Visit) -> Reply:
        """POST /servers/{id}/reset: all that the server has of its own goes."""
        known = self._known(visit)
        if visit.form.get("sure") != "1":
            text = "Say that you mean it: nothing of this server's own is left then. Nothing was changed."
            return self._page(visit, known, self._wanted(visit, known), refused=Refused(400, "", text, {}))
        try:
            visit.api.replace(known.id, {}, visit.form.get("tag", ""))
        except Refused as refused:
            return self._page(visit, known, self._wanted(visit, known), refused=_in_words(refused))
        return self._back(visit, known, "reset")

    def copy_form(self, visit: Visit, refused: Refused | None = None) -> Reply:
        """GET /servers/{id}/copy: from which server?"""
        server = visit.api.server(visit.names["server_id"])
        tag, _ = visit.api.deliveries(server["id"])
        sought = _sought(visit)
        servers, following = visit.api.servers(sought, visit.query.get("marker", ""))
        return visit.page(
            "copy.html",
            status=refused.status if refused else 200,
            section="servers",
            tab="copy",
            server=server,
            tag=tag,
            sought=sought,
            servers=[one for one in servers if one["id"] != server["id"]],
            more=urlencode({**visit.kept_query("q"), "marker": following}) if following else "",
            refused=refused,
            why_not=visit.api.why_not_change_server(server["id"]),
        )

    def copy(self, visit: Visit) -> Reply:
        """POST /servers/{id}/copy."""
        other = server_id_of(visit.form.get("from", ""))
        if other is None:
            return self.copy_form(visit, Refused(400, "", "Choose the server to copy from.", {}))
        server_id = visit.names["server_id"]
        try:
            visit.api.replace(server_id, {"copy_from": other}, visit.form.get("tag", ""))
        except Refused as refused:
            return self.copy_form(visit, _in_words(refused))
        return visit.moved(f"/servers/{server_id}", done="copied")

    def history(self, visit: Visit) -> Reply:
        """GET /servers/{id}/history."""
        server = visit.api.server(visit.names["server_id"])
        records, following = visit.api.history(server["id"], visit.query.get("marker", ""))
        return visit.page(
            "history.html",
            section="servers",
            tab="history",
            server=server,
            records=telling.history(records),
            more=urlencode({"marker": following}) if following else "",
            is_first=not visit.query.get("marker"),
        )

    def status(self, visit: Visit) -> Reply:
        """GET /servers/{id}/status: for the script."""
        tag, deliveries = visit.api.deliveries(visit.names["server_id"])
        return data(200, {"tag": tag, "deliveries": [telling.delivery(one) for one in deliveries]})

    # -- parts

    def _known(self, visit: Visit) -> Known:
        server = visit.api.server(visit.names["server_id"])
        settings = visit.api.settings(server["id"])
        try:
            _, entries = visit.api.project_menu(server["project_id"])
        except Refused as refused:
            if refused.status not in (403, 404):
                raise
            entries = []  # he sees the server, and not the menu: then defaults are not told apart
        return Known(server, settings, {entry["name"]: entry for entry in entries})

    def _wanted(self, visit: Visit, known: Known) -> list[Document]:
        query = visit.query
        return matching(known.settings.entries, query.get("q", ""), query.get("category", ""), query.get("show", ""))

    def _page(
        self,
        visit: Visit,
        known: Known,
        entries: list[Document],
        fields: Mapping[str, str] | None = None,
        refused: Refused | None = None,
    ) -> Reply:
        everything = known.settings.entries
        faults = {str(one["name"]): str(one["message"]) for one in known.settings.problems}
        if refused is not None:
            faults |= refused.faults
        rows = rows_of(entries, known.of_project, fields, faults)
        kept = visit.kept_query(*_FILTERS)
        titles = {entry["name"]: entry["title"] or entry["name"] for entry in everything}
        shown = {row.name for row in rows}
        return visit.page(
            "server.html",
            status=refused.status if refused is not None else 200,
            echoes=bool(kept or fields or refused),
            section="servers",
            tab="settings",
            server=known.server,
            tag=known.settings.tag,
            base=forms.base_of(entries),
            groups=grouped(entries, rows, all_open=bool(kept) or len(rows) <= UNFOLDED),
            number=len(rows),
            total=len(everything),
            query=kept,
            kept=urlencode(kept),
            categories=sorted({entry["category"] for entry in everything if entry["category"]}, key=str.casefold),
            deliveries=[telling.delivery(one) for one in known.settings.deliveries],
            problems=[
                (one["name"], titles.get(one["name"], one["name"]), one["message"], one["name"] in titles)
                for one in known.settings.problems
            ],
            refused=refused,
            faults=[
                (name, titles.get(name, name), text, name in shown)
                for name, text in (refused.faults.items() if refused is not None else ())
            ],
            why_not=visit.api.why_not_change_server(known.id),
            is_own=any(row.back is not None for row in rows_of(everything, known.of_project)),
        )

    def _parted(self, visit: Visit, known: Known, form: forms.Form, parted: list[forms.Difference]) -> Reply:
        """Two have changed the same settings: both are shown, and he chooses."""
        names = {one.name for one in parted if one.entry is not None}
        entries = [entry for entry in known.settings.entries if entry["name"] in names]
        rows = {row.name: row for row in rows_of(entries, known.of_project)}
        mine, theirs = telling.parted(parted, rows, form)
        return visit.page(
            "conflict.html",
            status=409,
            section="servers",
            server=known.server,
            tag=known.settings.tag,
            base=forms.base_of(entry for entry in entries if any(one.name == entry["name"] for one in mine)),
            mine=mine,
            theirs=theirs,
            kept=urlencode(visit.kept_query(*_FILTERS)),
        )

    def _back(self, visit: Visit, known: Known, done: str) -> Reply:
        return visit.moved(f"/servers/{known.id}", done=done, **visit.kept_query(*_FILTERS))


def _sought(visit: Visit) -> str:
    """What is looked for in names: Nova and its database are not asked for what no name has."""
    return "".join(letter for letter in visit.query.get("q", "") if letter.isprintable()).strip()[:255]


def _in_words(refused: Refused) -> Refused:
    if refused.status != 412:
        return refused
    text = (
        "Somebody has changed this server's settings meanwhile, and nothing was changed. Look at them, then try again."
    )
    return Refused(409, refused.code, text, {})
