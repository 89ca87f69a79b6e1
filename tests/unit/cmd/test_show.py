"""``show``: what is installed, out of the code itself."""

from __future__ import annotations

import importlib.metadata

import pytest

from glance_related.cmd import show
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware
from glance_related.settings.options import list_opts
from glance_related.settings.policy import list_rules
from tests.unit.cmd.test_check_doors import paste as novas_paste

PASTE = """
[filter:mine]
use = egg:glance_related#instance_aware
[composite:api]
paste.composite_factory = glance.api:pipeline_factory
keystone = versionnegotiation authtoken context mine rootapp
default = versionnegotiation rootapp
"""


def novas():
    """Nova's paste file with everything of the menu's in it."""
    meta = "[filter:guest_meta]\nuse = egg:glance_related#guest_meta\n"
    return novas_paste().replace("http_proxy_to_wsgi metaapp", "http_proxy_to_wsgi guest_meta metaapp") + meta


@pytest.fixture
def shown(manage_):
    """``show`` as JSON; it needs neither configuration nor database."""
    manage_.conf.unlink()
    manage_.write(PASTE, "paste.ini")

    def show_json(*words):
        done = manage_.run("show", *words, "--paste", manage_.folder / "paste.ini", "-f", "json")
        assert (done.code, done.err) == (0, "")
        return done.json()

    return show_json


def test_all_of_it_is_shown_when_nothing_is_asked_for(shown):
    assert list(shown()) == ["pipelines", "doors", "routes", "options", "policies", "drivers", "plugins"]


def test_pipelines_mark_our_filters(shown):
    keystone, default = shown("pipelines")["pipelines"]
    assert keystone["filters"] == "versionnegotiation authtoken context *mine* rootapp"
    assert keystone["ours"] == ["instance_aware"]
    assert default["ours"] == []
    assert {keystone["host"], default["host"]} == {"glance"}


def test_novas_pipelines_are_shown_beside_glances(shown, manage_):
    words = ["--nova-paste", manage_.write(novas(), "api-paste.ini")]
    rows = shown("pipelines", *words)["pipelines"]
    assert [row["host"] for row in rows] == ["glance", "glance", "nova", "nova", "nova"]
    assert rows[2]["filters"].startswith("cors compute_req_id faultwrap sizelimit authtoken *package_menu* ")
    assert [row["ours"] for row in rows[2:]] == [["package_menu"], ["package_menu"], ["guest_meta"]]


def test_a_host_of_nova_alone_has_novas_only(manage_):
    done = manage_.run("show", "pipelines", "--nova-paste", manage_.write(novas(), "api-paste.ini"), "-f", "json")
    assert {row["host"] for row in done.json()["pipelines"]} == {"nova"}


def test_the_page_is_shown_with_where_it_stands_and_whom_it_asks(shown, manage_, monkeypatch):
    (door,) = shown("doors", "--nova-paste", manage_.write(novas(), "api-paste.ini"))["doors"]
    assert door == {
        "door": "package_menu_ui", "paths": ["/package-menu-ui"], "api": "openstack_compute_api_v21", "state": "ok",
    }  # fmt: skip
    (door,) = shown("doors")["doors"]
    assert (door["paths"], door["api"]) == ([], None)
    monkeypatch.setattr(show, "_is_installed", lambda distribution: distribution != "Jinja2")
    assert shown("doors")["doors"][0]["state"] == "needs Jinja2: install glance_related[page]"


def test_drivers_are_shown_with_whether_they_are_named_and_what_they_need(shown, manage_, monkeypatch):
    drivers = {row["driver"]: row for row in shown("drivers")["drivers"]}
    assert {"file", "guest", "ldap", "puppet"} <= set(drivers)
    assert {(row["active"], row["state"]) for row in drivers.values()} == {(None, "ok")}, "nothing is configured"
    assert drivers["file"]["what"].startswith("one JSON document for each server")
    assert all(row["what"] for row in drivers.values())
    manage_.write(
        f"[database]\nconnection = sqlite:///{manage_.folder}/x\n"
        "[package_menu]\npackage_management_driver = guest, ldap\n"
    )
    monkeypatch.setattr(show, "_is_installed", lambda distribution: distribution != "ldap3")
    drivers = {row["driver"]: row for row in shown("drivers")["drivers"]}
    assert {name for name, row in drivers.items() if row["active"]} == {"guest", "ldap"}
    assert drivers["ldap"]["state"] == "needs ldap3: install glance_related[ldap]"
    assert drivers["file"]["state"] == "ok"
    lines = manage_.run("show", "drivers").out.splitlines()
    assert [line.split()[1] for line in lines[2:] if line.split()[0] in ("file", "guest")] == ["no", "yes"]


def test_what_an_extra_asks_for_is_known_from_the_packages_own_word():
    assert show._missing("ldap") == show._missing("page") == show._missing("no-such-extra") == []
    asked = [one for one in importlib.metadata.requires("glance_related") if show._is_of(one, "ldap")]
    assert [one.partition(">")[0] for one in asked] == ["ldap3"]
    assert not show._is_installed("no-such-distribution")


def test_it_is_a_command_of_the_configuration_too(manage_):
    assert manage_.run("config", "show", "drivers").out == manage_.run("show", "drivers").out != ""


def test_routes_are_those_of_the_filters_own_tables(shown):
    rows = [row for row in shown("routes")["routes"] if row["handler"].startswith("InstanceAwareMiddleware.")]
    assert [(row["method"], row["path"], row["what"]) for row in rows] == [
        (route.method, route.path, route.what) for route in InstanceAwareMiddleware.routes
    ]
    assert {row["filter"] for row in rows} == {"instance_aware"}


def test_every_option_and_every_policy_is_shown(shown):
    assert {(row["group"], row["option"]) for row in shown("options")["options"]} == {
        (group, option.dest) for group, options in list_opts() for option in options
    }
    assert {row["policy"] for row in shown("policies")["policies"]} == {rule.name for rule in list_rules()}


def test_every_entry_point_is_shown_with_whether_it_loads(shown):
    plugins = {(row["group"], row["name"]): row["state"] for row in shown("plugins")["plugins"]}
    assert plugins["oslo.middleware.healthcheck", "glance_related"] == "ok"
    assert plugins["paste.filter_factory", "instance_aware"] == "ok"


def test_an_entry_point_that_does_not_load_is_said_and_not_fatal(manage_, monkeypatch):
    broken = importlib.metadata.EntryPoint("gone", "glance_related.nowhere:factory", "paste.filter_factory")
    monkeypatch.setattr(show, "_entry_points", lambda group=None: iter([broken]))
    assert "cannot be loaded" in manage_.run("show", "plugins").out
    assert manage_.run("show", "routes").code == 0


def test_the_table_has_a_heading_for_each_section(manage_):
    done = manage_.run("show")
    assert [line for line in done.out.splitlines() if line.endswith(":")] == [f"{name}:" for name in show.SECTIONS]
    assert done.code == 0


def test_a_help_text_is_cut_at_its_first_sentence():
    assert show._first_sentence("Use a://... or b://...  Then\nmore. And more.") == "Use a://... or b://... Then more."


def test_pipelines_without_a_paste_file_are_one_sentence(manage_):
    done = manage_.run("show", "pipelines")
    assert (done.code, done.out) == (1, "")
    assert "name them with --paste or --glance-conf, and --nova-paste or --nova-conf" in done.err


def test_a_broken_paste_file_is_one_sentence(manage_):
    done = manage_.run("show", "pipelines", "--paste", manage_.write("no ini", "paste.ini"))
    assert done.code == 1
    assert "cannot be parsed" in done.err
    assert done.err.count("\n") == 1
