"""``config check`` on what guests are handed: the filters in front of Nova's API and of its metadata service."""

from __future__ import annotations

import pytest

from tests.unit.cmd.test_check_nova_paste import OURS, nova

SECTIONS = """
[filter:glance_related]
use = egg:glance_related#glance_related
[filter:guest_meta]
use = egg:glance_related#guest_meta
"""
WORDS = "authtoken glance_related instance_aware_nova keystonecontext"
META = "pipeline = cors http_proxy_to_wsgi guest_meta metaapp"
SERVICE_USER = "[service_user]\nsend_service_user_token = true\nauth_type = password\nuser_id = nova\n"
TARGET = "cloud-init@http://controller:8774/v2.1/vendordata"
AUTH = "[vendordata_dynamic_auth]\nauth_type = password\n"


def paste(words=WORDS, meta=META):
    return nova(words, ours=OURS + SECTIONS).replace("pipeline = cors http_proxy_to_wsgi metaapp", meta)


@pytest.fixture
def check(operator):
    """The codes of what is found, and the whole of it."""

    def check_both(text, conf=None):
        words = ["--nova-paste", operator.write(text, "api-paste.ini")]
        if conf is not None:
            words += ["--nova-conf", operator.write(conf, "nova.conf")]
        done = operator.check(*words)
        return [code for code in done.codes() if code.startswith(("nova_paste.", "nova.vendordata"))], done

    return check_both


def test_both_in_their_places_are_right(check):
    assert check(paste())[0] == []


def test_the_order_of_our_filters_is_told(check):
    codes, done = check(paste("authtoken instance_aware_nova glance_related keystonecontext"))
    assert codes == ["nova_paste.order"] * 2
    assert "glance_related instance_aware_nova props_override_nova package_menu" in str(done.json())


def test_the_filter_of_the_metadata_service_is_none_of_the_apis(check):
    codes, done = check(paste(WORDS.replace("authtoken", "authtoken guest_meta")))
    assert codes == ["nova_paste.metadatas_filter"] * 2
    assert "before metaapp" in str(done.json())


def test_nor_is_the_apis_one_of_the_metadata_service(check):
    codes, _ = check(paste(meta=META.replace("guest_meta", "guest_meta glance_related")))
    assert "nova_paste.no_authtoken" in codes


def test_behind_the_metadata_service_nobody_asks_it(check):
    assert check(paste(meta="pipeline = cors metaapp guest_meta"))[0] == ["nova_paste.after_metaapp"]


def test_a_section_that_is_in_no_pipeline_says_where_it_belongs(check):
    codes, done = check(paste(meta="pipeline = cors http_proxy_to_wsgi metaapp"))
    assert codes == ["nova_paste.section_unused"]
    assert "put the word guest_meta before metaapp" in done.text("nova_paste.section_unused")


def api(target=TARGET, providers="StaticJSON,DynamicJSON"):
    return f"{SERVICE_USER}[api]\nvendordata_providers = {providers}\nvendordata_dynamic_targets = {target}\n"


@pytest.mark.parametrize(
    ("conf", "codes"),
    [
        (api() + AUTH, []),
        (api() + "[vendordata_dynamic_auth]\nauth_section = service_user\n", []),
        (api(), ["nova.vendordata_without_user"]),
        (api(TARGET.replace("cloud-init@", "suite@")) + AUTH, ["nova.vendordata_name"]),
        (api(providers="StaticJSON") + AUTH, ["nova.vendordata_not_asked"]),
        (api(TARGET.replace("/v2.1", "/v2/a-project")), ["nova.vendordata_without_user"]),
        (api("join@http://elsewhere:9999/v1"), []),
        (SERVICE_USER, []),
    ],
)
def test_whether_nova_asks_for_a_first_boot_is_told(check, conf, codes):
    found, done = check(paste(), conf)
    assert found == codes
    assert (done.code == 0) is (not codes) or "error" in {row["severity"] for row in done.json()}


# -- where the driver guest is to hand something over


@pytest.fixture
def served(operator, check):
    """What is found where settings are handed to guests."""
    operator.write(f"{operator.conf.read_text()}[package_menu]\npackage_management_driver = guest\n")
    return check


def test_guests_that_are_served_on_both_ways_are_right(served):
    codes, done = served(paste(), api() + AUTH)
    assert codes == []
    assert "package_menu.guest_not_named" not in done.codes()


def test_a_metadata_service_without_the_filter_is_told_of_though_another_host_may_have_it(served):
    text = paste(meta="pipeline = cors http_proxy_to_wsgi metaapp").replace(
        "[filter:guest_meta]\nuse = egg:glance_related#guest_meta\n", ""
    )
    codes, done = served(text, api() + AUTH)
    assert codes == ["nova_paste.no_guest_meta"]
    assert "[pipeline:meta] does not contain guest_meta" in done.text("nova_paste.no_guest_meta")
    assert "put the word guest_meta before metaapp" in done.text("nova_paste.no_guest_meta")
    assert "nova_paste.no_guest_meta" in done.codes("warning")
    text = text.replace("[pipeline:meta]\npipeline = cors http_proxy_to_wsgi metaapp\n", "")
    assert served(text, api() + AUTH)[0] == [], "metadata is served elsewhere"


def test_guests_without_the_filter_that_is_novas_target_are_an_error(served):
    menu = "[filter:package_menu]\nuse = egg:glance_related#package_menu\n"
    words = "authtoken instance_aware_nova package_menu keystonecontext"
    text = paste(words).replace("[filter:glance_related]\nuse = egg:glance_related#glance_related\n", "") + menu
    codes, done = served(text, api() + AUTH)
    assert codes == ["nova_paste.no_vendordata"]
    assert "egg:glance_related#glance_related" in done.text("nova_paste.no_vendordata")
    elsewhere = text.replace("package_menu keystonecontext", "keystonecontext").replace(menu, "")
    assert served(elsewhere, api() + AUTH)[0] == [], "another Nova's guests"
    assert served(paste(words.replace("authtoken", "authtoken glance_related")) + menu, api() + AUTH)[0] == []


@pytest.mark.parametrize(
    ("conf", "also"),
    [
        (api("join@http://elsewhere:9999/v1"), False),
        (SERVICE_USER, True),
        (api("join@http://elsewhere:9999/v1", "StaticJSON"), True),
    ],
)
def test_guests_whom_nova_asks_nothing_for_are_a_warning_that_names_the_target(served, conf, also):
    codes, done = served(paste(), conf)
    assert codes == ["nova.vendordata_no_target"]
    text = done.text("nova.vendordata_no_target")
    assert "add cloud-init@http://CONTROLLER:8774/v2.1/vendordata" in text
    assert ("DynamicJSON to [api] vendordata_providers" in text) is also
    assert "nova.vendordata_no_target" in done.codes("warning")


def test_what_stands_there_for_guests_and_has_nothing_for_them_is_a_warning(check):
    text = check(paste(), api() + AUTH)[1].text("package_menu.guest_not_named")
    assert text.startswith("guest_meta, glance_related and the target in [api] vendordata_dynamic_targets are there")
    assert "does not name guest" in text
    words = WORDS.replace("glance_related ", "")
    without = check(nova(words, ours=OURS), SERVICE_USER)[1]
    assert "package_menu.guest_not_named" not in without.codes()
