"""etc/paste.ini and the snippets of etc/deploy for Nova's side, laid over Nova's own file."""

from __future__ import annotations

import io
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from glance_related.cmd.check.nova import check_vendordata
from glance_related.cmd.nova_conf import NovaConf
from glance_related.deliveries import worker as deliveries
from glance_related.package_menu.books import open_drivers
from glance_related.settings.options import load
from tests.project.nova_paste_files import (
    ALL,
    DOOR,
    INSTALLED,
    META,
    NOVAS,
    WHOLE_NOVA,
    assert_is_novas_with_our_words,
    built_by_nova,
    novas_words,
)
from tests.project.paste_files import read
from tests.project.source import PROJECT, lines_of
from tests.project.test_deploy import A_KEY, DEPLOY, rendered, rendered_tree

A_UUID = "11111111-2222-3333-4444-555555555555"
KEYS = "/etc/glance-related/keys"


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
    assert list(open_drivers(settings)) == ["guest"]
    assert settings.keys_folder == KEYS
    assert settings.package_menu.page.auth_url


def assert_is_whole(made: str, stock: str = NOVAS) -> None:
    """Every word of ours is in a paste file of Nova's, and a real Nova starts with it."""
    assert_is_novas_with_our_words(made, stock, (*ALL, META, DOOR))
    if INSTALLED.exists() and stock == NOVAS:
        assert built_by_nova(made) == WHOLE_NOVA


def assert_asks_for_vendordata(text: str, folder: Path) -> None:
    """A nova.conf by which guests get what is theirs, and no other target of cloud-init's."""
    conf = folder / "nova.conf"
    conf.write_text(text)
    nova = NovaConf([str(conf)])
    ((name, url),) = nova.vendordata_targets
    assert name == "cloud-init"
    assert url.startswith("http")
    assert list(check_vendordata(nova)) == []


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
    assert_is_whole(done.stdout)


def test_kolla_mounts_the_configuration_and_the_paste_file_where_nova_looks() -> None:
    globals_ = yaml.safe_load((DEPLOY / "kolla-ansible" / "globals.yml").read_text())
    volumes = yaml.safe_load(rendered(globals_["nova_api_extra_volumes"], nova_extra_volumes=["one:two"]))
    metadatas = rendered(globals_["nova_metadata_extra_volumes"], nova_api_extra_volumes=volumes)
    assert yaml.safe_load(metadatas) == volumes
    assert volumes[0] == "one:two"
    mounted = {volume.split(":")[1]: volume.split(":")[0] for volume in volumes[1:]}
    assert all(volume.endswith(":ro") for volume in volumes[1:])
    # nova-api under uWSGI reads that file, whatever [wsgi] api_paste_config says
    folder = mounted["/etc/glance-related"]
    assert mounted == {"/etc/glance-related": folder, "/etc/nova/api-paste.ini": f"{folder}/api-paste.ini"}


def test_kollas_nova_asks_for_vendordata_with_kollas_own_words(tmp_path: Path) -> None:
    text = (DEPLOY / "kolla-ansible" / "nova.conf").read_text()
    names = set(re.findall(r"\{\{ (\w+) \}\}", text))
    filled = rendered(text, **dict.fromkeys(names, "http://10.0.0.1:8774"))
    assert_asks_for_vendordata(filled, tmp_path)
    assert names == {
        "nova_internal_base_endpoint", "keystone_internal_url", "nova_keystone_user", "nova_keystone_password",
        "default_user_domain_id", "default_project_domain_id", "openstack_cacert",
    }  # fmt: skip


def test_kollas_worker_is_told_to_stop_before_it_is_killed_and_reads_what_glances_container_reads() -> None:
    unit = (DEPLOY / "kolla-ansible" / "glance-related-worker.service").read_text()
    (command,) = re.findall(r"(?m)^ExecStart=(.*)$", unit)
    words = shlex.split(command)
    globals_ = yaml.safe_load((DEPLOY / "kolla-ansible" / "globals.yml").read_text())
    (volume,) = yaml.safe_load(rendered(globals_["glance_api_extra_volumes"], glance_extra_volumes=[]))
    assert words[words.index("--volume") + 1] == volume
    assert words[words.index("--entrypoint") + 1] == "glance-related-worker"
    name = words[words.index("--name") + 1]
    (seconds,) = re.findall(rf"(?m)^ExecStop=\S+ stop --time (\d+) {name}$", unit)
    (last,) = re.findall(r"(?m)^TimeoutStopSec=(\d+)$", unit)
    assert 2 * deliveries._LAST_WAIT < int(seconds) < int(last)


def test_openstack_ansible_overrides_both_ways_into_nova(tmp_path: Path) -> None:
    variables = _openstack_ansible()
    assert variables["nova_user_pip_packages"] == ["glance_related"]
    assert_is_whole(laid_over(NOVAS, variables["nova_api_paste_ini_overrides"]))
    conf = rendered_tree(variables["nova_nova_conf_overrides"], {"nova_service_internaluri": "http://10.0.0.1:8774"})
    assert conf.pop("service_user") == {"send_service_user_token": True}
    assert_asks_for_vendordata(laid_over("", conf), tmp_path)


def test_openstack_ansibles_worker_is_of_the_package_that_glances_venv_has() -> None:
    (play,) = yaml.safe_load((DEPLOY / "openstack-ansible" / "worker.yml").read_text())
    (role,) = play["roles"]
    (service,) = role["systemd_services"]
    program = Path(rendered(service["execstarts"], venv_tag="30.0.0"))
    assert program.name in {line.partition(" = ")[0] for line in lines_of("options.entry_points", "console_scripts")}
    assert program.parent == Path("/openstack/venvs/glance-30.0.0/bin")
    assert (role["role"], service["state"], service["enabled"]) == ("systemd_service", "started", True)


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
    for group in ("database", "riders", "package_menu", "keys"):
        assert novas[group] == glances[group]


def _openstack_ansible() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "openstack-ansible" / "user_variables.yml").read_text())
    return loaded


def test_openstack_helm_overrides_the_charts_pipelines(tmp_path: Path) -> None:
    values = yaml.safe_load((DEPLOY / "openstack-helm" / "nova-values.yaml").read_text())
    # the chart's own pipelines have an audit filter before keystonecontext, and fewer others
    chart = NOVAS.replace("authtoken keystonecontext", "authtoken audit keystonecontext")
    chart = chart.replace("faultwrap request_log sizelimit osprofiler", "faultwrap sizelimit")
    chart = chart.replace("cors http_proxy_to_wsgi metaapp", "cors metaapp")
    assert_is_whole(laid_over(chart, values["conf"]["paste"]), chart)
    conf = values["conf"]["nova"]
    assert conf.pop("service_user") == {"send_service_user_token": True}
    assert_asks_for_vendordata(laid_over("", conf), tmp_path)


def test_openstack_helm_mounts_the_configuration_where_the_filter_looks() -> None:
    text = (DEPLOY / "openstack-helm" / "nova-values.yaml").read_text()
    mounts = yaml.safe_load(text)["pod"]["mounts"]
    for name in ("nova_api_osapi", "nova_api_metadata"):
        pod = mounts[name][name]
        assert [mount["name"] for mount in pod["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
        conf, keys = (mount["mountPath"] for mount in pod["volumeMounts"])
        assert conf == "/etc/glance-related"
        assert f"#   folder = {keys}\n" in text


def test_openstack_helms_worker_has_glances_configuration_and_novas_keys() -> None:
    (worker,) = yaml.safe_load_all((DEPLOY / "openstack-helm" / "worker.yaml").read_text())
    glance, nova = (yaml.safe_load((DEPLOY / "openstack-helm" / name).read_text()) for name in _VALUES)
    spec = worker["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert container["image"] == glance["images"]["tags"]["glance_api"]
    assert container["command"] == ["glance-related-worker"]
    theirs = {**_mounted(glance["pod"]["mounts"], "glance_api"), **_mounted(nova["pod"]["mounts"], "nova_api_osapi")}
    own = _mounted({"worker": {"worker": {**container, **spec}}}, "worker")
    assert own == {"glance-related-etc": "/etc/glance-related", "glance-related-keys": theirs["glance-related-keys"]}
    assert own["glance-related-etc"] == theirs["glance-related-etc"]
    assert spec["terminationGracePeriodSeconds"] > 2 * deliveries._LAST_WAIT
    labels = worker["spec"]["template"]["metadata"]["labels"]
    assert worker["spec"]["selector"]["matchLabels"] == labels


_VALUES = ("values.yaml", "nova-values.yaml")


def _mounted(mounts: Mapping[str, Any], name: str) -> dict[str, str]:
    """Secrets of a pod, and where each is."""
    pod = mounts[name][name]
    secrets = {volume["name"]: volume["secret"]["secretName"] for volume in pod["volumes"]}
    return {secrets[mount["name"]]: mount["mountPath"] for mount in pod["volumeMounts"]}


def test_puppet_declares_both_ways_into_nova() -> None:
    settings = re.findall(r"nova_api_paste_ini \{ '([^'/]+)/([^']+)':\s+value => '([^']+)',\s+\}", _puppet())
    sections: dict[str, dict[str, str]] = {}
    for section, name, value in settings:
        sections.setdefault(section, {})[name] = value
    assert _puppet().count("nova_api_paste_ini {") == len(settings)
    assert_is_whole(laid_over(NOVAS, sections))


def test_puppets_configuration_is_taken(tmp_path: Path) -> None:
    ((text, margin),) = re.findall(r'@\("END"\),\n(.*?)\n( *)\| END', _puppet(), re.DOTALL)
    values = {
        "database_connection": "mysql+pymysql://x:x@x/x", "mark_key": A_KEY, "nova_installation_uuid": A_UUID,
        "auth_url": "https://x:5000",
    }  # fmt: skip
    lines = [line.removeprefix(margin) for line in text.splitlines()]
    filled = read(re.sub(r"\$\{(\w+)\}", lambda found: values[found[1]], "\n".join(lines)))
    assert_is_taken({section: dict(filled[section]) for section in filled.sections()}, tmp_path)


def test_puppet_lays_the_keys_where_the_configuration_names_them_for_whom_it_is() -> None:
    for name, group in (("glance_related_nova", "nova"), ("glance_related_worker", "glance")):
        (keys,) = re.findall(rf"(?s)file \{{ '{KEYS}':(.*?)\n  \}}", _puppet(name))
        assert re.search(rf"(?m)^    group +=> '{group}',$", keys)
        assert re.search(r"(?m)^    mode +=> '0640',$", keys)


def test_puppets_worker_is_this_projects_unit() -> None:
    (unit,) = re.findall(r"file \{ '/etc/systemd/system/(.*)':", _puppet("glance_related_worker"))
    assert (PROJECT / "etc" / unit).exists()
    assert f"service {{ '{unit.removesuffix('.service')}':" in _puppet("glance_related_worker")


def test_puppets_nova_asks_for_vendordata(tmp_path: Path) -> None:
    manifest = _puppet("glance_related_vendordata")
    said = dict(re.findall(r"(?m)^    (\w+) +=> (.*),$", manifest))
    values = {"$password": "x", "$auth_url": "https://x:5000"}
    of_auth = {
        name.removeprefix("vendordata_dynamic_auth_"): values.get(value, value.strip("'"))
        for name, value in said.items()
        if name.startswith("vendordata_dynamic_auth_")
    }
    of_api = {name: ",".join(re.findall(r"['\"](.*?)['\"]", value)) for name, value in said.items()}
    target = of_api["vendordata_dynamic_targets"].replace("${nova_url}", "https://nova:8774")
    conf = {
        "api": {"vendordata_providers": of_api["vendordata_providers"], "vendordata_dynamic_targets": target},
        "vendordata_dynamic_auth": of_auth,
    }
    assert_asks_for_vendordata(laid_over("", conf), tmp_path)
    assert (of_auth["username"], of_auth["password"]) == ("nova", "x")


def _puppet(name: str = "glance_related_nova") -> str:
    return (DEPLOY / "puppet" / f"{name}.pp").read_text()
