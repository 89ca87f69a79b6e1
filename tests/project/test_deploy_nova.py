"""etc/paste.ini and the snippets of etc/deploy for Nova's side, laid over Nova's own file."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from glance_related.settings.options import load
from tests.project.nova_paste_files import (
    ALL,
    DOOR,
    INSTALLED,
    META,
    NOVAS,
    WHOLE_NOVA,
    WORDS,
    assert_is_novas_with_our_words,
    built_by_nova,
    novas_words,
)
from tests.project.paste_files import read
from tests.project.source import PROJECT
from tests.project.test_deploy import A_KEY, DEPLOY, rendered, rendered_tree

A_UUID = "11111111-2222-3333-4444-555555555555"


def laid_over(text: str, sections: Mapping[str, Mapping[str, str]]) -> str:
    """A paste file with some of its options set, as the tools' own modules do it."""
    parser = read(text)
    for section, options in sections.items():
        if section not in parser:
            parser.add_section(section)
        for name, value in options.items():
            parser[section][name] = value
    out = io.StringIO()
    parser.write(out)
    return out.getvalue()


def assert_is_taken(sections: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    """A configuration with which the filter in front of Nova starts, and no account in it."""
    parser = read("")
    parser.read_dict(sections)
    conf = folder / "glance-related.conf"
    with conf.open("w") as file:
        parser.write(file)
    settings = load(str(conf))
    assert settings.database.connection.startswith("mysql+pymysql://")
    assert settings.riders.mark_keys == (A_KEY,)
    assert settings.instance_aware.nova_installation_uuid == A_UUID
    assert settings.conf.account.auth_type is None


def test_etc_paste_ini_is_novas_own_file_with_our_words_and_sections() -> None:
    ours = read((PROJECT / "etc" / "paste.ini").read_text())
    changed = [*novas_words(NOVAS), "composite:osapi_compute", "pipeline:meta"]
    added = [f"filter:{word}" for word in (*ALL, META)] + [f"composite:{DOOR}"]
    made = laid_over(NOVAS, {section: dict(ours[section]) for section in (*changed, *added)})
    assert_is_novas_with_our_words(made, NOVAS, (*ALL, META, DOOR))


@pytest.mark.real
@pytest.mark.skipif(not INSTALLED.exists(), reason="no Nova is installed beside the tests")
def test_a_real_nova_starts_with_etc_paste_ini() -> None:
    ours = read((PROJECT / "etc" / "paste.ini").read_text())
    novas = {name: dict(ours[name]) for name in ours.sections() if name not in ("composite:api", "app:healthcheck")}
    assert built_by_nova(laid_over(NOVAS, novas)) == WHOLE_NOVA


@pytest.mark.real
@pytest.mark.skipif(not INSTALLED.exists(), reason="no Nova is installed beside the tests")
def test_the_lines_that_these_tests_take_for_novas_are_the_installed_novas() -> None:
    installed, taken = read(INSTALLED.read_text()), read(NOVAS)
    assert {name: dict(taken[name]) for name in taken.sections()} == {
        name: dict(installed[name]) for name in taken.sections()
    }


def test_kollas_paste_file_is_made_from_the_images_own() -> None:
    globals_ = (DEPLOY / "kolla-ansible" / "globals.yml").read_text()
    (line,) = re.findall(r"nova/api-paste.ini \| (sh nova-paste-file.sh) >", globals_)
    done = subprocess.run(
        line.split(), input=NOVAS, cwd=DEPLOY / "kolla-ansible", capture_output=True, text=True, check=True
    )
    assert_is_novas_with_our_words(done.stdout, NOVAS)


def test_kolla_mounts_the_configuration_and_the_paste_file_where_nova_looks() -> None:
    template = yaml.safe_load((DEPLOY / "kolla-ansible" / "globals.yml").read_text())["nova_api_extra_volumes"]
    volumes = yaml.safe_load(rendered(template, nova_extra_volumes=["one:two"]))
    assert volumes[0] == "one:two"
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in volumes[1:]}
    assert all(volume.endswith(":ro") for volume in volumes[1:])
    # nova-api under uWSGI reads that file, whatever [wsgi] api_paste_config says
    folder = mounted["/etc/glance-related"]
    assert mounted == {"/etc/glance-related": folder, "/etc/nova/api-paste.ini": f"{folder}/api-paste.ini"}


def test_openstack_ansible_overrides_both_ways_into_nova() -> None:
    variables = _openstack_ansible()
    assert variables["nova_user_pip_packages"] == ["glance_related"]
    assert_is_novas_with_our_words(laid_over(NOVAS, variables["nova_api_paste_ini_overrides"]), NOVAS)
    assert variables["nova_nova_conf_overrides"] == {"service_user": {"send_service_user_token": True}}


def test_openstack_ansible_writes_novas_configuration_over_the_database_and_with_the_key_of_glances(
    tmp_path: Path,
) -> None:
    variables = _openstack_ansible()
    values = {
        "glance_container_mysql_password": "x", "galera_address": "x", "glance_galera_user": "glance",
        "glance_galera_address": "x", "glance_galera_database": "glance", "glance_related_mark_key": A_KEY,
        "glance_related_nova_installation_uuid": A_UUID, "keystone_service_internalurl": "x",
        "glance_related_service_password": "x", "glance_service_region": "x",
    }  # fmt: skip
    novas = rendered_tree(variables["glance_related_nova_conf"], values)
    glances = rendered_tree(variables["glance_related_conf"], values)
    assert_is_taken(novas, tmp_path)
    assert (novas["database"], novas["riders"]) == (glances["database"], glances["riders"])


def _openstack_ansible() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "openstack-ansible" / "user_variables.yml").read_text())
    return loaded


def test_openstack_helm_overrides_the_charts_pipelines() -> None:
    values = yaml.safe_load((DEPLOY / "openstack-helm" / "nova-values.yaml").read_text())
    # the chart's own pipelines have an audit filter before keystonecontext, and fewer others
    chart = NOVAS.replace("authtoken keystonecontext", "authtoken audit keystonecontext")
    chart = chart.replace("faultwrap request_log sizelimit osprofiler", "faultwrap sizelimit")
    assert_is_novas_with_our_words(laid_over(chart, values["conf"]["paste"]), chart)
    assert values["conf"]["nova"] == {"service_user": {"send_service_user_token": True}}


def test_openstack_helm_mounts_the_configuration_where_the_filter_looks() -> None:
    mounts = yaml.safe_load((DEPLOY / "openstack-helm" / "nova-values.yaml").read_text())["pod"]["mounts"]
    pod = mounts["nova_api_osapi"]["nova_api_osapi"]
    assert [mount["name"] for mount in pod["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    assert pod["volumeMounts"][0]["mountPath"] == "/etc/glance-related"


def test_puppet_declares_both_ways_into_nova() -> None:
    settings = re.findall(r"nova_api_paste_ini \{ '([^'/]+)/([^']+)':\s+value => '([^']+)',\s+\}", _puppet())
    sections: dict[str, dict[str, str]] = {}
    for section, name, value in settings:
        sections.setdefault(section, {})[name] = value
    assert _puppet().count("nova_api_paste_ini {") == len(settings) == len(novas_words(NOVAS)) + len(WORDS)
    assert_is_novas_with_our_words(laid_over(NOVAS, sections), NOVAS)


def test_puppets_configuration_is_taken(tmp_path: Path) -> None:
    ((text, margin),) = re.findall(r'@\("END"\),\n(.*?)\n( *)\| END', _puppet(), re.DOTALL)
    values = {
        "database_connection": "mysql+pymysql://x:x@x/x", "mark_key": A_KEY, "nova_installation_uuid": A_UUID
    }  # fmt: skip
    lines = [line.removeprefix(margin) for line in text.splitlines()]
    filled = read(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], "\n".join(lines)))
    assert_is_taken({section: dict(filled[section]) for section in filled.sections()}, tmp_path)


def _puppet() -> str:
    return (DEPLOY / "puppet" / "glance_related_nova.pp").read_text()
