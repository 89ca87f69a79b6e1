"""``openstack server image prop show`` and ``openstack image prop override list``."""

from __future__ import annotations

import pytest

from glance_related.hosts.nova.image_properties import shipped
from tests.unit.osc.conftest import COMMANDS, NOVA, OFFER, SERVER

SHOW = ("server", "image", "prop", "show", SERVER, "-f", "json")
LIST = ("image", "prop", "override", "list", "-f", "json")
NOT_HERE = "This cloud has no image property overrides: nothing in front of its Nova knows them.\n"

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "os_type": {"type": "string", "enum": ["linux", "windows"], "readOnly": True},
        "hw_boot_menu": {"type": "string", "enum": ["true", "yes", "1", "false", "no", "0"]},
        "hw_numa_nodes": {"type": "string", "pattern": "^-?[0-9]{1,10}$"},
        "img_owner": {"type": "string", "format": "uuid", "readOnly": True},
        "os_command_line": {"type": "string", "description": "of the kernel"},
    },
    "patternProperties": {
        "^hw_numa_cpus\\.[0-9]+$": {"type": "string", "pattern": "^[0-9,^-]+$"},
        "^trait:[A-Z0-9_]+$": {"type": "string", "title": "trait:NAME", "enum": ["required", "forbidden"]},
    },
    "additionalProperties": False,
}


# -- of a server


def test_what_is_overridden_for_a_server_is_shown_by_name(openstack, cloud):
    cloud.has_server(image_props_override={"os_type": "linux", "hw_video_model": "virtio"})
    told = openstack(*SHOW)
    assert (told.code, told.err) == (0, "")
    assert told.json == [
        {"Property": "hw_video_model", "Value": "virtio"},
        {"Property": "os_type", "Value": "linux"},
    ]


def test_a_server_is_found_by_its_name(openstack, cloud):
    cloud.has_server(image_props_override={"os_type": "linux"})
    cloud.answers("GET", f"{NOVA}/servers/detail", json={"servers": [{"id": SERVER, "name": "node-1"}]})
    told = openstack("server", "image", "prop", "show", "node-1", "-f", "value")
    assert (told.code, told.out) == (0, "os_type linux\n")


@pytest.mark.parametrize("shown", [{}, {"image_props_override": {}}])
def test_a_server_without_overrides_has_no_rows(openstack, cloud, shown):
    cloud.has_server(**shown)
    told = openstack(*SHOW)
    assert (told.code, told.json, told.err) == (0, [], "")


def test_a_server_that_is_not_there_is_told(openstack, cloud):
    cloud.answers("GET", f"{NOVA}/servers/detail", json={"servers": []})
    told = openstack("server", "image", "prop", "show", "node-2")
    assert (told.code, told.out) == (1, "")
    assert "node-2" in told.err


# -- of the cloud


def test_every_property_is_listed_with_what_it_takes_and_whether_it_may_be_overridden(openstack, cloud):
    cloud.has_overrides(schema=SCHEMA)
    told = openstack(*LIST)
    assert (told.code, told.err) == (0, "")
    assert [tuple(row.values()) for row in told.json] == [
        ("^hw_numa_cpus\\.[0-9]+$", "text", [], True),
        ("hw_boot_menu", "boolean", ["true", "false"], True),
        ("hw_numa_nodes", "integer", [], True),
        ("img_owner", "uuid", [], False),
        ("os_command_line", "text", [], True),
        ("os_type", "choice", ["linux", "windows"], False),
        ("trait:NAME", "choice", ["required", "forbidden"], True),
    ]
    assert list(told.json[0]) == ["Property", "Type", "Values", "Allowed"]
    (asked,) = cloud.asked("GET", OFFER)
    assert asked.query == "all=true"


def test_those_that_the_caller_may_override_are_what_the_cloud_says_without_all(openstack, cloud):
    cloud.has_overrides(schema={"type": "object", "properties": {"os_type": {"type": "string"}}})
    told = openstack(*LIST, "--allowed")
    assert told.json == [{"Property": "os_type", "Type": "text", "Values": [], "Allowed": True}]
    (asked,) = cloud.asked("GET", OFFER)
    assert asked.query == ""


def test_values_are_readable_in_a_table(openstack, cloud):
    cloud.has_overrides(schema=SCHEMA)
    assert "| os_type" in (out := openstack("image", "prop", "override", "list").out)
    assert "linux, windows" in out


@pytest.mark.parametrize(
    ("pattern", "type_"),
    [
        ("^[0-9]+$", "integer"),
        ("^-?[0-9]{1,9}$", "integer"),
        ("^[1-9][0-9]{0,8}$", "integer"),
        ("^[1-9][0-9]*$", "integer"),
        ("^[0-9]+(,[0-9]+)*$", "text"),
        ("^[0-9a-f]+$", "text"),
        (r"^\d+\.\d+$", "text"),
        ("^.*$", "text"),
        ("", "text"),
    ],
)
def test_an_expression_of_digits_is_a_whole_number(openstack, cloud, pattern, type_):
    cloud.has_overrides(schema={"properties": {"a": {"type": "string", "pattern": pattern}}})
    assert openstack(*LIST).json[0]["Type"] == type_


def test_what_the_filter_itself_answers_is_understood(openstack, cloud):
    def is_allowed(names):
        return names[0] != "os_type"

    cloud.has_overrides(schema=shipped().schema(is_allowed, everything=True))
    listed = {row["Property"]: (row["Type"], row["Allowed"]) for row in openstack(*LIST).json}
    assert listed["os_type"] == ("choice", False)
    expected = {"hw_boot_menu": "boolean", "hw_numa_nodes": "integer", "hw_numa_mem.N": "integer", "os_distro": "text"}
    expected |= {"img_signature_certificate_uuid": "uuid", "trait:NAME": "choice", "hw_numa_cpus.N": "text"}
    assert {name: listed[name] for name in expected} == {name: (type_, True) for name, type_ in expected.items()}
    assert len(listed) > 80


def test_where_nobody_knows_overrides_there_is_a_sentence_and_no_list(openstack):
    told = openstack(*LIST)
    assert (told.code, told.out, told.err) == (1, "", NOT_HERE)


def test_who_may_not_look_at_the_list_is_told_so(openstack, cloud):
    fault = {"forbidden": {"code": 403, "message": "props_override:list is not for you."}}
    cloud.answers("GET", OFFER, status="403 Forbidden", json=fault)
    told = openstack(*LIST)
    assert (told.code, told.out) == (1, "")
    assert "props_override:list is not for you." in told.err


# -- of all of them


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("server boot", ["--flavor", "--image-prop-override <name=value>", "--image-props-file <file>"]),
        ("server image prop show", ["<server>", "Server (name or ID)"]),
        ("image prop override list", ["--allowed"]),
    ],
)
def test_help_names_what_a_command_takes(openstack, command, words):
    told = openstack(*command.split(), "--help")
    assert told.code == 0
    assert told.out.startswith(f"usage: openstack {command} [-h]")
    assert COMMANDS[command]._description.split(",")[0] in told.out
    assert [word for word in words if word not in told.out] == []


def test_the_list_of_commands_has_them(openstack):
    listed = [line.strip() for line in openstack("help", "server").out.splitlines()]
    assert {"server boot", "server create", "server image prop show"}.issubset(listed)
