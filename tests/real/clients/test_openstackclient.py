"""openstackclient, as a person types it. Each command costs seconds, so each of these tests is a story."""

from __future__ import annotations

from tests.real.clients.people import cli


def test_an_administrator_binds_and_everyone_lists_by_instance(cloud, glance, scene):
    properties = [
        word for name, value in cloud.tuple(scene.instance).items() for word in ("--property", f"{name}={value}")
    ]
    cli(cloud, glance, "admin", "image", "set", *properties, scene.other)
    assert cloud.stored(scene.other) == (cloud.installation, scene.instance)
    assert cloud.native(scene.other) == {"os_distro": "debian"}
    by_instance = ("image", "list", "--property", f"instance_id={scene.instance}", "-f", "json")
    assert {row["ID"] for row in cli(cloud, glance, "alice", *by_instance)} == {scene.other, *scene.bound}
    assert cli(cloud, glance, "bob", *by_instance) == []
    shown = cli(cloud, glance, "alice", "image", "show", scene.other, "-f", "json")
    assert shown["properties"]["instance_id"] == scene.instance
    both = [f"--property={name}" for name in cloud.tuple(scene.instance)]
    cli(cloud, glance, "admin", "image", "unset", *both, scene.other)
    assert cloud.stored(scene.other) is None


def test_a_member_sets_and_unsets_a_property_and_everything_looks_as_on_a_stock_glance(cloud, glance, stock, scene):
    bound = scene.bound[0]
    cli(cloud, glance, "alice", "image", "set", "--property", "team=blue", bound)
    assert cloud.native(bound) == {"team": "blue"}
    cli(cloud, glance, "alice", "image", "unset", "--property", "team", bound)
    assert cloud.native(bound) == {}
    assert cloud.stored(bound) == (cloud.installation, scene.instance)
    for words in (("image", "show", scene.other, "-f", "json"), ("image", "list", "--limit", "4", "-f", "json")):
        assert cli(cloud, glance, "alice", *words) == cli(cloud, stock, "alice", *words)
