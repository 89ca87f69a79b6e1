"""``config check`` reads Nova's paste file: our filter between authtoken and keystonecontext, on every way in."""

from __future__ import annotations

import pytest

NOVA = """
[composite:openstack_compute_api_v21]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors compute_req_id faultwrap sizelimit {} osapi_compute_app_v21
[composite:openstack_compute_api_v21_legacy_v2_compatible]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors compute_req_id faultwrap sizelimit {} legacy_v2_compatible osapi_compute_app_v21
[pipeline:meta]
pipeline = cors http_proxy_to_wsgi metaapp
[filter:compute_req_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory
[filter:keystonecontext]
paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""
OURS = """
[filter:instance_aware_nova]
use = egg:glance_related#instance_aware_nova
"""
RIGHT = "authtoken instance_aware_nova keystonecontext"


def nova(words, legacy=None, ours=OURS):
    return NOVA.format(words, words if legacy is None else legacy) + ours


@pytest.fixture
def check(operator):
    """The codes of what is found in Nova's paste file, and the whole of it."""

    def check_paste(text, *words):
        done = operator.check("--nova-paste", operator.write(text, "api-paste.ini"), *words)
        return [code for code in done.codes() if code.startswith("nova_paste.")], done

    return check_paste


def test_a_filter_between_authtoken_and_keystonecontext_is_right(check):
    assert check(nova(RIGHT))[0] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("authtoken keystonecontext instance_aware_nova", "nova_paste.after_keystonecontext"),
        ("instance_aware_nova authtoken keystonecontext", "nova_paste.before_authtoken"),
        ("instance_aware_nova keystonecontext", "nova_paste.no_authtoken"),
        ("authtoken instance_aware_nova", "nova_paste.no_keystonecontext"),
        ("authtoken instance_aware_nova instance_aware_nova keystonecontext", "nova_paste.twice"),
    ],
)
def test_a_filter_in_the_wrong_place_is_an_error_in_each_pipeline(check, words, code):
    codes, done = check(nova(words))
    assert codes == [code, code]
    texts = [row["text"] for row in done.json() if row["code"] == code]
    assert "[composite:openstack_compute_api_v21] keystone" in texts[0]
    assert "legacy_v2_compatible" in texts[1]
    assert done.code == 1


def test_a_filter_before_novas_own_request_id_is_an_error(check):
    text = nova(RIGHT).replace("cors compute_req_id", "cors").replace("faultwrap sizelimit", "faultwrap")
    assert check(text)[0] == ["nova_paste.no_compute_req_id"] * 2
    text = nova("authtoken instance_aware_nova compute_req_id keystonecontext").replace("cors compute_req_id", "cors")
    assert check(text)[0] == ["nova_paste.before_compute_req_id"] * 2


@pytest.mark.parametrize(
    ("words", "legacy"), [(RIGHT, "authtoken keystonecontext"), ("authtoken keystonecontext", RIGHT)]
)
def test_a_filter_in_one_of_the_two_pipelines_only_is_an_error_that_names_the_other(check, words, legacy):
    codes, done = check(nova(words, legacy))
    assert codes == ["nova_paste.missing"]
    assert ("legacy_v2_compatible" in done.text("nova_paste.missing")) is (words == RIGHT)
    assert done.code == 1


def test_a_nova_without_the_legacy_pipeline_needs_none(check):
    text = nova(RIGHT)
    start, end = text.index("[composite:openstack_compute_api_v21_legacy"), text.index("[pipeline:meta]")
    assert check(text[:start] + text[end:])[0] == []


def test_a_nova_without_any_filter_of_ours_is_a_warning_because_reconcile_binds_its_images(check):
    codes, done = check(nova("authtoken keystonecontext", ours=""))
    assert codes == ["nova_paste.no_section"]
    assert "bound by reconcile" in done.text("nova_paste.no_section")
    assert done.code == 0


def test_a_section_in_no_pipeline_is_an_error(check):
    codes, done = check(nova("authtoken keystonecontext"))
    assert codes == ["nova_paste.section_unused"]
    assert "between authtoken and keystonecontext" in done.text("nova_paste.section_unused")
    assert done.code == 1


def test_a_word_without_its_section_is_an_error(check):
    codes, done = check(nova(RIGHT, ours=""))
    assert "nova_paste.word_without_section" in codes
    assert "Nova does not start" in done.text("nova_paste.word_without_section")


def test_a_misspelt_entry_point_is_an_error_that_says_which_was_meant(check):
    _, done = check(nova(RIGHT).replace("#instance_aware_nova", "#instance_aware_nvoa"))
    assert "did you mean instance_aware_nova?" in done.text("nova_paste.no_such_filter")


def test_a_filter_with_another_configuration_is_found(check, operator):
    assert check(nova(RIGHT) + f"config_file = {operator.conf}\n")[0] == []
    assert check(nova(RIGHT) + "config_file = /nowhere\n")[0] == ["nova_paste.no_config_file"]


def test_a_host_filter_is_known_by_its_factory_whatever_its_name(check):
    text = nova("who instance_aware_nova context").replace("[filter:authtoken]", "[filter:who]")
    assert check(text.replace("[filter:keystonecontext]", "[filter:context]"))[0] == []


def test_glances_filter_in_novas_pipeline_is_an_error(check):
    glances = "[filter:instance_aware]\nuse = egg:glance_related#instance_aware\n"
    words = RIGHT.replace("instance_aware_nova", "instance_aware_nova instance_aware")
    codes, done = check(nova(words, RIGHT) + glances)
    assert codes == ["nova_paste.glances_filter"]
    assert done.code == 1


def test_a_nova_paste_file_that_is_not_there_is_one_sentence(operator):
    assert operator.check("--nova-paste", "/nowhere").codes("error") == ["nova_paste.unreadable"]
