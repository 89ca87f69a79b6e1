"""``config check`` reads paste files of every shape, and knows where a filter must stand."""

from __future__ import annotations

import pytest

OURS = """
[filter:instance_aware]
use = egg:glance_related#instance_aware
"""
HOSTS = """
[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory
[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory
[filter:unauthenticated-context]
paste.filter_factory = glance.api.middleware.context:UnauthenticatedContextMiddleware.factory
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
delay_auth_decision = true
[filter:cache]
paste.filter_factory = glance.api.middleware.cache:CacheFilter.factory
[filter:cachemanage]
paste.filter_factory = glance.api.middleware.cache_manage:CacheManageFilter.factory
"""
KEYSTONE = "cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context {} rootapp"
CACHE = "cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context {} cache cachemanage rootapp"
NO_AUTH = "cors http_proxy_to_wsgi versionnegotiation osprofiler unauthenticated-context {} rootapp"


def lines(pipelines):
    """Glance's paste file of today: a urlmap for each flavor, and one section whose lines are pipelines."""
    text = OURS + HOSTS + "[composite:api]\npaste.composite_factory = glance.api:pipeline_factory\n"
    text += "".join(f"{flavor or 'default'} = {words}\n" for flavor, words in pipelines.items())
    for flavor in pipelines:
        name = f"glance-api-{flavor}" if flavor else "glance-api"
        text += f"[composite:{name}]\npaste.composite_factory = glance.api:root_app_factory\n/: api\n"
    return text


def sections(pipelines):
    """The older one: a section for each flavor."""
    text = OURS + HOSTS
    for flavor, words in pipelines.items():
        name = f"glance-api-{flavor}" if flavor else "glance-api"
        text += f"[pipeline:{name}]\npipeline = {words}\n"
    return text


@pytest.fixture(params=[lines, sections], ids=["composite", "pipelines"])
def shape(request):
    return request.param


@pytest.fixture
def check(operator):
    def check_paste(text, *words):
        return operator.check("--paste", operator.write(text, "paste.ini"), *words)

    return check_paste


def of_paste(done):
    return [code for code in done.codes() if code.startswith("paste.")]


def test_a_filter_right_after_context_is_right(check, shape):
    text = shape(
        {"keystone": KEYSTONE.format("instance_aware"), "keystone+cachemanagement": CACHE.format("instance_aware")}
    )
    done = check(text, "--flavor", "keystone")
    assert of_paste(done) == []
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("instance_aware versionnegotiation authtoken context cache rootapp", "paste.before_versionnegotiation"),
        ("versionnegotiation instance_aware authtoken context cache rootapp", "paste.before_authtoken"),
        ("versionnegotiation authtoken instance_aware context cache rootapp", "paste.before_context"),
        ("versionnegotiation authtoken context cache instance_aware rootapp", "paste.after_cache"),
        ("versionnegotiation authtoken context cachemanage instance_aware rootapp", "paste.after_cachemanage"),
        ("versionnegotiation authtoken context instance_aware instance_aware rootapp", "paste.twice"),
        ("versionnegotiation authtoken instance_aware rootapp", "paste.no_context"),
    ],
)
def test_a_filter_in_the_wrong_place_is_an_error_that_says_where_it_belongs(check, shape, words, code):
    done = check(shape({"keystone": words}), "--flavor", "keystone")
    assert code in done.codes("error")
    assert "instance_aware" in done.text(code)
    assert done.code == 1


def test_a_filter_at_the_head_is_told_all_that_it_stands_before(check, shape):
    done = check(shape({"keystone": "instance_aware versionnegotiation authtoken context rootapp"}))
    assert of_paste(done) == ["paste.before_versionnegotiation", "paste.before_authtoken", "paste.before_context"]


def test_a_host_filter_is_known_by_its_factory_whatever_its_name(check, shape):
    text = shape({"keystone": "versionnegotiation authtoken context who rootapp"}).replace(
        "[filter:context]", "[filter:who]"
    )
    text = text.replace("context who rootapp", "instance_aware who rootapp")
    assert of_paste(check(text)) == ["paste.before_context"]


def test_our_filter_is_known_by_its_factory_whatever_its_name(check, shape):
    text = shape({"keystone": "versionnegotiation mine authtoken context rootapp"})
    text += "[filter:mine]\npaste.filter_factory = glance_related.instance_aware.instance_aware_filter:filter_factory\n"
    assert "paste.before_authtoken" in of_paste(check(text))


def test_the_order_of_our_own_filters_matters(check, shape):
    text = shape({"keystone": KEYSTONE.format("props_override instance_aware")})
    done = check(text + "[filter:props_override]\nuse = egg:glance_related#props_override\n")
    assert "instance_aware props_override" in done.text("paste.order")


def test_a_flavor_that_lacks_the_filter_is_a_warning_until_it_is_in_force(check, shape):
    text = shape({"keystone": KEYSTONE.format("instance_aware"), "keystone+caching": CACHE.format("")})
    in_force = check(text, "--flavor", "keystone")
    assert (of_paste(in_force), in_force.code) == (["paste.missing_from_flavor"], 0)
    assert "keystone+caching" in in_force.text("paste.missing_from_flavor")
    missing = check(text, "--flavor", "keystone+caching")
    assert (of_paste(missing), missing.code) == (["paste.not_in_force"], 1)


def test_a_flavor_that_is_not_there_is_an_error(check, shape):
    done = check(shape({"keystone": KEYSTONE.format("instance_aware")}), "--flavor", "keystne")
    assert "keystne" in done.text("paste.no_such_flavor")
    assert done.code == 1


def test_a_section_in_no_pipeline_is_an_error(check, shape):
    done = check(shape({"keystone": KEYSTONE.format("")}), "--flavor", "keystone")
    assert set(of_paste(done)) == {"paste.section_unused", "paste.not_in_force"}
    assert done.code == 1


def test_a_word_without_its_section_is_an_error(check, shape):
    done = check(shape({"keystone": KEYSTONE.format("instance_aware")}).replace(OURS, ""))
    assert set(of_paste(done)) == {"paste.no_section", "paste.word_without_section"}
    assert done.code == 1


def test_a_misspelt_entry_point_is_an_error_that_says_which_was_meant(check, shape):
    text = shape({"keystone": KEYSTONE.format("instance_aware")}).replace("#instance_aware", "#instnace_aware")
    assert "did you mean instance_aware?" in check(text).text("paste.no_such_filter")


def test_a_pipeline_without_callers_is_an_error_where_it_is_in_force(check, shape, operator):
    text = shape({"": NO_AUTH.format("instance_aware"), "keystone": KEYSTONE.format("instance_aware")})
    assert check(text, "--flavor", "").codes("error") == ["paste.no_authtoken"]
    assert "paste.no_authtoken" in check(text, "--flavor", "keystone").codes("warning")
    operator.write(operator.conf.read_text() + "[instance_aware]\nallow_no_auth = true\n")
    assert of_paste(check(text, "--flavor", "")) == []


def test_a_filter_with_another_configuration_is_found(check, shape, operator):
    text = shape({"keystone": KEYSTONE.format("instance_aware")})
    other = operator.write("", "other.conf")
    same = check(text.replace(OURS, f"{OURS}config_file = {operator.conf}\n"))
    assert of_paste(same) == []
    assert "paste.other_config_file" in check(text.replace(OURS, f"{OURS}config_file = {other}\n")).codes("warning")
    assert "paste.no_config_file" in check(text.replace(OURS, f"{OURS}config_file = /nowhere\n")).codes("error")


@pytest.mark.parametrize("text", ["no ini", "[filter:a]\nx = 1\n[filter:a]\nx = 2\n"])
def test_what_is_no_paste_file_is_one_sentence(check, text):
    done = check(text)
    assert "cannot be parsed" in done.text("paste.unreadable")
    assert done.code == 1


def test_a_paste_file_that_is_not_there_is_one_sentence(operator):
    assert "No such file" in operator.check("--paste", "/nowhere.ini").text("paste.unreadable")


def test_glances_own_file_is_read_whole(check):
    import sys
    from pathlib import Path

    stock = (Path(sys.prefix) / "etc" / "glance" / "glance-api-paste.ini").read_text()
    ours = stock.replace(" context rootapp", " context instance_aware rootapp").replace(
        " context cache ", " context instance_aware cache "
    )
    done = check(ours + OURS, "--flavor", "keystone+cachemanagement")
    assert (of_paste(done), done.code) == ([], 0)
