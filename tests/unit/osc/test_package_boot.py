"""``openstack server boot`` with packages: what is sent to Nova, and what is printed."""

from __future__ import annotations

import json

import pytest

from tests.unit.osc.conftest import IMAGE, NOVA, SERVER

ENTRIES = (
    {"name": "apache", "kind": "package"},
    {"name": "port", "kind": "variable", "type": "integer", "default": 80, "packages": ["apache"]},
    {"name": "hosts", "kind": "variable", "type": "list"},
    {"name": "password", "kind": "variable", "type": "secret"},
)
BOOT = ("server", "boot", "--image", IMAGE, "--flavor", "1", "--no-network", "-f", "json", "web-1")
APACHE = ("--package", "apache")
NOT_HERE = "This cloud has no package menu: nothing in front of its Nova knows it.\n"


@pytest.fixture
def published(side, menu):
    side.publish(*ENTRIES)
    side.offer(*(entry["name"] for entry in ENTRIES))
    menu.sent.clear()
    return side


def booted(menu):
    return [one.json["server"] for one in menu.asked("POST", "/servers")]


def test_a_server_is_made_with_packages_and_variables_of_their_types(alice, menu, published):
    words = (*APACHE, "--package-variable", "port=8080", "--package-variable", "hosts=a,b")
    told = alice(*BOOT, *words, "--package", "apache")
    assert (told.code, told.err) == (0, "")
    (sent,) = booted(menu)
    assert sent["packages"] == ["apache"]
    assert sent["package_variables"] == {"port": 8080, "hosts": ["a", "b"]}
    assert "image_props_override" not in sent
    assert told.json["packages"] == ["apache"]
    assert told.json["package_variables"] == {"port": 8080, "hosts": ["a", "b"]}
    assert told.json["name"] == "web-1"
    assert published.settings(told.json["id"])["chosen"]["package_variables"] == {"hosts": ["a", "b"], "port": 8080}


def test_only_what_is_given_is_sent(alice, menu, published):
    assert alice(*BOOT, *APACHE).code == 0
    assert alice(*BOOT, "--package-variable", "hosts=a").code == 0
    first, second = booted(menu)
    assert first["packages"] == ["apache"]
    assert "package_variables" not in first
    assert second["package_variables"] == {"hosts": ["a"]}
    assert "packages" not in second


def test_without_any_it_is_server_create(alice, menu, published):
    told = alice(*BOOT)
    assert told.code == 0
    assert not {"packages", "package_variables"} & (set(told.json) | set(booted(menu)[0]))
    assert menu.asked("GET", "/projects/alice-project") == []


def test_a_secret_is_read_from_elsewhere_and_not_shown(alice, menu, published, tmp_path):
    (tmp_path / "word").write_text("not told\n")
    told = alice(*BOOT, *APACHE, "--package-variable", "password=@word")
    assert told.code == 0
    assert booted(menu)[0]["package_variables"] == {"password": "not told"}
    assert "not told" not in told.out + told.err
    assert told.json["package_variables"] == {"password": None, "port": 80}


def test_a_secret_is_not_in_what_debug_tells_either(alice, menu, published, tmp_path):
    (tmp_path / "word").write_text("not told\n")
    for words in ((*BOOT, *APACHE, "--package-variable", "password=@word"),
                  ("server", "package", "add", "web-1", "password=@word")):  # fmt: skip
        told = alice("--debug", *words)
        assert told.code == 0
        assert "curl -g -i -X GET" in told.err, "all else is told"
        assert "not told" not in told.out + told.err
    assert "PUT /servers/" in told.err


def test_all_that_is_wrong_has_a_line_of_its_own_and_no_server_is_made(alice, menu, published):
    told = alice(*BOOT, *APACHE, "--package", "nothing", "--package-variable", "port=many")
    assert (told.code, told.out) == (1, "")
    first, *lines = told.err.splitlines()
    assert first == "No server was made: it cannot have these packages and variables."
    assert sorted(lines) == [
        "nothing: it is not on the menu of this project",
        "port: it must be a whole number",
    ]
    assert published.nova.servers == {}


def test_on_a_cloud_without_a_menu_no_server_is_made(alice, menu):
    menu.has_menu = False
    told = alice(*BOOT, *APACHE)
    assert (told.code, told.out, told.err) == (1, "", NOT_HERE)
    assert booted(menu) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--package-variable", "port"], "argument --package-variable: expected name=value, not 'port'"),
        (["--package-variable", "=1"], "argument --package-variable: expected name=value, not '=1'"),
        (["--package-variable", "a=1", "--package-variable", "a=2"], "argument --package-variable: a is given twice"),
    ],
)
def test_a_wrong_word_on_the_command_line_is_refused_before_anybody_is_asked(alice, menu, words, why):
    told = alice(*BOOT, *words)
    assert told.code == 2
    assert why in told.err
    assert menu.sent == []


# -- against answers that the filter does not give today

MENU = f"{NOVA}/package-menu/projects/none"


@pytest.mark.parametrize("shown", [{}, {"packages": []}, {"packages": ["nginx"]}])
def test_a_server_that_does_not_show_its_packages_is_not_taken_for_one_that_has_them(openstack, cloud, shown):
    cloud.answers("GET", MENU, json={"project_packages": []})
    cloud.makes_server(**shown)
    told = openstack(*BOOT, *APACHE)
    assert (told.code, told.out) == (1, "")
    assert f"Server {SERVER} was made, but Nova does not show that it has apache" in told.err


@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found"])
def test_who_may_not_look_at_the_menu_may_boot(openstack, cloud, status):
    fault = {"forbidden": {"code": 403, "message": "no"}}
    headers = {"X-Glance-Related-Code": "package_menu.not_shown"}
    cloud.answers("GET", MENU, status=status, json=fault, headers=headers)
    cloud.makes_server(packages=["apache"], package_variables={"port": 80})
    told = openstack(*BOOT, *APACHE, "--package-variable", "port=80")
    assert told.code == 0
    assert cloud.booted[0]["package_variables"] == {"port": "80"}


def test_a_menu_that_cannot_be_asked_makes_no_server(openstack, cloud):
    fault = {"serviceUnavailable": {"code": 503, "message": "The database does not answer."}}
    headers = {"X-Glance-Related-Code": "glance_related.database_down"}
    cloud.answers("GET", MENU, status="503 Service Unavailable", json=fault, headers=headers)
    told = openstack(*BOOT, *APACHE)
    assert (told.code, told.out, told.err) == (1, "", "The database does not answer.\n")
    assert cloud.booted == []


def test_one_nova_of_several_without_a_menu_is_told_by_the_same_sentence(openstack, cloud):
    cloud.answers("GET", MENU, json={"project_packages": []})
    message = "Value: {}. Additional properties are not allowed ('packages' was unexpected)"
    fault = {"badRequest": {"code": 400, "message": message}}
    cloud.answers("POST", f"{NOVA}/servers", status="400 Bad Request", json=fault)
    told = openstack(*BOOT, *APACHE)
    assert (told.code, told.err) == (1, NOT_HERE)


def test_packages_and_image_properties_go_together(openstack, cloud):
    cloud.has_overrides()
    cloud.answers("GET", MENU, json={"project_packages": []})
    cloud.makes_server(packages=["apache"], package_variables={}, image_props_override={"hw_video_model": "vga"})
    told = openstack(*BOOT, *APACHE, "--image-prop-override", "hw_video_model=vga")
    assert told.code == 0
    (sent,) = cloud.booted
    assert (sent["packages"], sent["image_props_override"]) == (["apache"], {"hw_video_model": "vga"})
    assert json.loads(told.out)["image_props_override"] == {"hw_video_model": "vga"}
