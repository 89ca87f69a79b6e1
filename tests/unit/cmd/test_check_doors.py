"""``config check`` on the page of the package menu: a door beside Nova's API, and what it needs to open."""

from __future__ import annotations

import sys

import pytest

from tests.unit.cmd.test_check_nova_paste import NOVA

MENU = "[filter:package_menu]\nuse = egg:glance_related#package_menu\n"
MOUNT = """
[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/: oscomputeversions
/v2.1/+: openstack_compute_api_v21
/package-menu-ui: package_menu_ui
[app:oscomputeversions]
paste.app_factory = nova.api.openstack.compute.versions:Versions.factory
"""
DOOR = "[composite:package_menu_ui]\nuse = egg:glance_related#package_menu_ui\napi = openstack_compute_api_v21\n"
WORDS = "authtoken package_menu keystonecontext"
PAGE = "[package_menu_ui]\nauth_url = http://controller:5000/v3\n"


def paste(words=WORDS, mount=MOUNT, door=DOOR):
    menu = MENU if "package_menu" in words else ""
    return NOVA.format(words, words) + menu + mount + door


@pytest.fixture
def check(operator):
    """What is found in the paste file and of the page, and the whole of it."""
    plain = operator.conf.read_text()

    def check_both(text, options=PAGE):
        operator.write(plain + options)
        done = operator.check("--nova-paste", operator.write(text, "api-paste.ini"))
        return [code for code in done.codes() if code.startswith(("nova_paste.", "page."))], done

    return check_both


def test_a_page_beside_novas_api_is_right(check):
    assert check(paste())[0] == []


def test_a_nova_without_a_page_needs_nothing_of_it(check):
    assert check(NOVA.format(WORDS, WORDS) + MENU, "")[0] == []


def test_a_page_without_keystones_url_is_an_error_that_names_the_option(check):
    codes, done = check(paste(), "")
    assert codes == ["page.no_auth_url"]
    assert "[package_menu_ui] auth_url is not set" in done.text("page.no_auth_url")
    assert "http://controller:5000/v3" in done.text("page.no_auth_url")
    assert done.code == 1


def test_a_page_without_its_extra_is_an_error_that_names_it(check, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    codes, done = check(paste())
    assert codes == ["page.no_extra"]
    assert "glance_related[page]" in done.text("page.no_extra")
    assert done.code == 1


def test_a_cookie_without_tls_is_a_warning(check):
    codes, done = check(paste(), f"{PAGE}insecure_cookie = true\n")
    assert codes == ["page.insecure_cookie"]
    assert "page.insecure_cookie" in done.codes("warning")


def test_a_page_that_no_path_leads_to_is_an_error_that_says_the_line(check):
    codes, done = check(paste(mount=MOUNT.replace("/package-menu-ui: package_menu_ui\n", "")))
    assert codes == ["nova_paste.door_unused"]
    assert "/package-menu-ui: package_menu_ui" in done.text("nova_paste.door_unused")
    assert "[composite:osapi_compute]" in done.text("nova_paste.door_unused")


def test_a_path_that_leads_to_no_section_is_an_error(check):
    codes, done = check(paste(door=""))
    assert codes == ["nova_paste.path_without_door"]
    assert "[composite:osapi_compute] /package-menu-ui leads to" in done.text("nova_paste.path_without_door")
    assert "add the section" in done.text("nova_paste.path_without_door")


@pytest.mark.parametrize("api", ["", "api = openstack_compute_api_v22\n"])
def test_a_page_that_does_not_say_whom_it_asks_is_an_error(check, api):
    codes, done = check(paste(door=DOOR.replace("api = openstack_compute_api_v21\n", api)))
    assert codes == ["nova_paste.door_without_api"]
    assert "api = openstack_compute_api_v21" in done.text("nova_paste.door_without_api")
    assert "does not start" in done.text("nova_paste.door_without_api")


def test_a_page_that_asks_a_nova_without_the_menu_is_an_error(check):
    words = "authtoken instance_aware_nova keystonecontext"
    ours = "[filter:instance_aware_nova]\nuse = egg:glance_related#instance_aware_nova\n"
    codes, done = check(paste(words) + ours)
    assert codes == ["nova_paste.door_without_menu"]
    assert "asks openstack_compute_api_v21, in which package_menu does not stand" in done.text(codes[0])


@pytest.mark.parametrize("made", ["paste.composite_factory = ", "use = call:"])
def test_a_page_may_have_any_name_and_any_path(check, made):
    factory = f"{made}glance_related.package_menu.page.door:composite_factory"
    door = DOOR.replace("use = egg:glance_related#package_menu_ui", factory).replace(":package_menu_ui]", ":page]")
    text = paste(mount=MOUNT.replace("/package-menu-ui: package_menu_ui", "/menu: page"), door=door)
    assert check(text)[0] == []
    assert check(text, "")[0] == ["page.no_auth_url"]


def test_a_misspelt_page_is_an_error_that_says_which_was_meant(check):
    codes, done = check(paste(door=DOOR.replace("#package_menu_ui", "#package_menu_iu")))
    assert codes == ["nova_paste.no_such_door"]
    assert "did you mean package_menu_ui?" in done.text("nova_paste.no_such_door")


def test_a_page_with_another_configuration_is_found(check, operator):
    assert check(paste() + f"config_file = {operator.conf}\n")[0] == []
    codes, done = check(paste() + "config_file = /nowhere\n")
    assert codes == ["nova_paste.no_config_file"]
    assert "[composite:package_menu_ui] config_file is /nowhere" in done.text(codes[0])


def test_a_page_needs_keys(check):
    _, done = check(paste())
    assert "there is a page, which needs it" in done.text("keys.not_set")
    assert "keys.not_set" in done.codes("error")
