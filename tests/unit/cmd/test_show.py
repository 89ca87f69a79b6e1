"""``show``: what is installed, out of the code itself."""

from __future__ import annotations

import pytest

from glance_related.cmd import show
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware
from glance_related.settings.options import list_opts
from glance_related.settings.policy import list_rules

PASTE = """
[filter:mine]
use = egg:glance_related#instance_aware
[composite:api]
paste.composite_factory = glance.api:pipeline_factory
keystone = versionnegotiation authtoken context mine rootapp
default = versionnegotiation rootapp
"""


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
    assert list(shown()) == ["pipelines", "routes", "options", "policies", "plugins"]


def test_pipelines_mark_our_filters(shown):
    keystone, default = shown("pipelines")["pipelines"]
    assert keystone["filters"] == "versionnegotiation authtoken context *mine* rootapp"
    assert keystone["ours"] == ["instance_aware"]
    assert default["ours"] == []


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
    import importlib.metadata

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
    assert "name it with --paste" in done.err


def test_a_broken_paste_file_is_one_sentence(manage_):
    done = manage_.run("show", "pipelines", "--paste", manage_.write("no ini", "paste.ini"))
    assert done.code == 1
    assert "cannot be parsed" in done.err
    assert done.err.count("\n") == 1
