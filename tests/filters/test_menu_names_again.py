"""A name that was taken off the menu and comes back means something new: nothing that was said before is its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.rules import DEFAULT, Choice, ProjectState
from glance_related.package_menu.store import MenuStore
from tests.filters.conftest import ADMIN, NOVA
from tests.filters.menu_side import MANAGER, MenuSide, make

TOKEN = {"name": "token", "kind": "variable", "type": "string"}
SECRET = {"name": "word", "kind": "variable", "type": "secret", "on_by_default": True}


@pytest.fixture
def side(tmp_path: Path) -> MenuSide:
    return make(tmp_path)


def removed_and_killed(side: MenuSide, monkeypatch: pytest.MonkeyPatch) -> str:
    """A server had said something of an entry; whoever removed that was killed before it was forgotten."""
    side.publish(TOKEN)
    side.offer("token")
    server = side.booted(package_variables={"token": "private"})

    def die(*_: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MenuStore, "forget_choices", die)
        with pytest.raises(KeyboardInterrupt):
            side.ask("DELETE", "/package-menu/token?force=true", who=ADMIN)
    kept = side.kept(server)
    assert kept is not None
    assert kept.choices == {"token": Choice(value="private")}
    return server


@pytest.mark.parametrize("kind", ["string", "secret"])
def test_a_file_revives_nothing_that_was_said_of_what_is_gone(
    side: MenuSide, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server = removed_and_killed(side, monkeypatch)
    side.publish({**TOKEN, "type": kind, "on_by_default": True})
    side.deliver()
    assert side.delivered(server)["variables"] == {}
    assert "private" not in side.ask("GET", f"/servers/{server}/packages").text


def test_who_removes_once_more_what_is_gone_ends_what_was_begun(
    side: MenuSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = removed_and_killed(side, monkeypatch)
    assert side.ask("DELETE", "/package-menu/token", who=ADMIN).status_int == 404
    kept = side.kept(server)
    assert kept is not None
    assert kept.choices == {}


def test_what_was_no_secret_when_it_was_said_is_neither_handed_over_nor_shown(side: MenuSide) -> None:
    side.publish(SECRET)
    server = side.booted(package_variables={"word": "hush"})
    kept = side.kept(server)
    assert kept is not None
    side.books.instances.change(kept, {"word": Choice(value="plain-server")}, side.wishes(kept), None)
    as_of = side.books.menu.of_project("alice-project")
    side.books.menu.say("alice-project", as_of, {"word": ProjectState(DEFAULT, "plain-project")})
    side.deliver()
    assert side.delivered(server)["variables"] == {}
    shown = side.ask("GET", f"/servers/{server}/packages")
    assert [one["code"] for one in shown.json["server_packages"]["problems"]] == ["package_menu.bad_value"] * 2
    texts = shown.text + side.ask("GET", f"/servers/{server}").text
    texts += side.ask("GET", "/package-menu/projects/alice-project", who=MANAGER).text
    assert "plain-" not in texts
    assert [row.applied for row in side.deliveries.of(InstanceRef(NOVA, server))] == [{"packages": [], "variables": {}}]


def test_a_secret_that_must_be_there_counts_as_soon_as_it_is_told(side: MenuSide) -> None:
    side.publish({"name": "web", "kind": "package"}, {**SECRET, "packages": ["web"], "required": True})
    side.offer("web")
    assert side.boot(packages=["web"]).status_int == 400
    server = side.booted(packages=["web"], package_variables={"word": "hush"})
    side.deliver()
    assert side.delivered(server)["variables"] == {"word": "hush"}
