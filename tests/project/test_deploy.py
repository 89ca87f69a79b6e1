"""etc/paste.ini and the snippets of etc/deploy: each is rendered, parsed and laid over a real file of Glance's."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from glance_related.package_menu.books import open_drivers
from glance_related.settings.options import load
from tests.project.paste_files import (
    SHAPES,
    WORDS,
    assert_filters_are_where_they_belong,
    built_by_glance,
    read,
    without_ours,
    words_of,
)
from tests.project.source import PROJECT

#: Too slow for the inner loop: real packages, and a real Glance that is built of them.
pytestmark = pytest.mark.real

DEPLOY = PROJECT / "etc" / "deploy"
A_KEY = "what glance-related-manage generate-mark-key prints"
CACHES = {"keystone", "keystone+caching", "keystone+cachemanagement"}


def laid_over(text: str, sections: Mapping[str, Mapping[str, str]], folder: Path) -> Path:
    """A paste file with some of its options set, as the tools' own modules do it."""
    parser = read(text)
    for section, options in sections.items():
        if section not in parser:
            parser.add_section(section)
        for name, value in options.items():
            parser[section][name] = value
    paste = folder / "glance-api-paste.ini"
    with paste.open("w") as file:
        parser.write(file)
    return paste


def assert_is_stock_with_our_words(paste: Path, shape: str) -> None:
    assert_filters_are_where_they_belong(paste.read_text())
    made, stock = words_of(paste.read_text()), words_of(SHAPES[shape])
    assert {name for name, words in made.items() if set(WORDS) <= set(words)} == CACHES
    assert {name: without_ours(words) for name, words in made.items()} == stock
    assert built_by_glance(paste) == "InstanceAwareMiddleware before PropsOverrideMiddleware before URLMap"


def rendered(text: str, **values: Any) -> str:
    """Jinja as Ansible uses it: a name that nobody defines is an error."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(text).render(**values)


def rendered_tree(node: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(node, dict):
        return {key: rendered_tree(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [rendered_tree(value, values) for value in node]
    return rendered(node, **values) if isinstance(node, str) else node


@pytest.mark.parametrize("path", sorted(DEPLOY.rglob("*.y*ml")), ids=lambda path: path.parent.name)
def test_yaml_is_yaml_without_repeated_keys(path: Path) -> None:
    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
        pairs = loader.construct_pairs(node, deep=True)
        assert len(dict(pairs)) == len(pairs), f"a key twice in {path}"
        return dict(pairs)

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    with path.open() as file:
        assert isinstance(yaml.load(file, Strict), list if path.name == "worker.yml" else dict)


def test_every_tool_of_the_page_is_there_and_no_other() -> None:
    told = set(re.findall(r"\| `([\w-]+)/", (DEPLOY / "README.md").read_text()))
    assert told == {path.name for path in DEPLOY.iterdir() if path.is_dir()}


def test_etc_paste_ini_is_glances_own_file_with_our_words_and_sections(tmp_path: Path) -> None:
    ours = read((PROJECT / "etc" / "paste.ini").read_text())
    glances = ("composite:api", *(f"filter:{word}" for word in WORDS))
    sections = {section: dict(ours[section]) for section in glances}
    assert_is_stock_with_our_words(laid_over(SHAPES["lines"], sections, tmp_path), "lines")


def test_etc_paste_ini_keeps_what_glances_healthcheck_does() -> None:
    etc = read((PROJECT / "etc" / "paste.ini").read_text())
    ours = etc["app:healthcheck"]
    for name, value in read(SHAPES["lines"])["app:healthcheck"].items():
        assert ours[name].startswith(value)
    assert {etc[f"filter:{word}"]["config_file"] for word in WORDS} == {ours["glance_related_config_file"]}


@pytest.mark.parametrize("shape", SHAPES)
def test_kollas_paste_file_is_made_from_the_images_own(shape: str, tmp_path: Path) -> None:
    (line,) = re.findall(r"glance-api-paste.ini \| (sh paste-file.sh) >", _kolla("globals.yml"))
    done = subprocess.run(
        line.split(), input=SHAPES[shape], cwd=DEPLOY / "kolla-ansible", capture_output=True, text=True, check=True
    )
    paste = tmp_path / "glance-api-paste.ini"
    paste.write_text(done.stdout)
    assert_is_stock_with_our_words(paste, shape)


def test_kolla_mounts_the_folder_that_its_configuration_names() -> None:
    globals_ = yaml.safe_load(_kolla("globals.yml"))
    assert set(globals_) == {"glance_api_extra_volumes", "nova_api_extra_volumes", "nova_metadata_extra_volumes"}
    volumes = yaml.safe_load(rendered(globals_["glance_api_extra_volumes"], glance_extra_volumes=["one:two"]))
    assert volumes[0] == "one:two"
    _, mounted, mode = volumes[1].split(":")
    config_file = Path(read(_kolla("glance-api.conf"))["paste_deploy"]["config_file"])
    assert (str(config_file.parent), mode) == (mounted, "ro")
    assert "--config-file" not in _kolla("paste-file.sh")  # the section relies on the default, which is mounted


def test_kollas_images_have_the_package() -> None:
    environment = jinja2.Environment(loader=jinja2.DictLoader({"parent": ""}))
    override = environment.from_string(_kolla("template-override.j2"))
    module = override.make_module({"parent_template": environment.get_template("parent")})
    assert module.glance_base_pip_packages_append == module.nova_base_pip_packages_append == ["glance_related"]


def _kolla(name: str) -> str:
    return (DEPLOY / "kolla-ansible" / name).read_text()


def test_openstack_ansible_overrides_every_pipeline_that_asks_keystone(tmp_path: Path) -> None:
    variables = yaml.safe_load((DEPLOY / "openstack-ansible" / "user_variables.yml").read_text())
    assert variables["glance_user_pip_packages"] == ["glance_related"]
    overrides = variables["glance_glance_api_paste_ini_overrides"]
    assert_is_stock_with_our_words(laid_over(SHAPES["lines"], overrides, tmp_path), "lines")


def test_openstack_ansible_writes_a_configuration_that_is_taken(tmp_path: Path) -> None:
    variables = yaml.safe_load((DEPLOY / "openstack-ansible" / "user_variables.yml").read_text())
    values = dict.fromkeys(
        (
            "glance_galera_user", "glance_container_mysql_password", "glance_galera_address", "glance_galera_database",
            "keystone_service_internalurl", "glance_related_service_password", "glance_service_region",
        ),
        "x",
    )  # fmt: skip
    values["glance_related_mark_key"] = A_KEY
    assert_is_taken(rendered_tree(variables["glance_related_conf"], values), tmp_path)


def assert_is_taken(sections: Mapping[str, Mapping[str, Any]], folder: Path) -> None:
    parser = read("")
    parser.read_dict(sections)
    conf = folder / "glance-related.conf"
    with conf.open("w") as file:
        parser.write(file)
    settings = load(str(conf))
    assert settings.database.connection.startswith("mysql+pymysql://x:x@x/x")
    assert settings.conf.account.auth_type == "password"
    assert settings.riders.mark_keys == (A_KEY,)
    # a worker runs with it, and reconcile
    assert list(open_drivers(settings)) == ["guest"]
    assert settings.keys_folder == "/etc/glance-related/keys"


def test_openstack_helm_overrides_the_charts_pipelines(tmp_path: Path) -> None:
    values = yaml.safe_load((DEPLOY / "openstack-helm" / "values.yaml").read_text())
    overrides = values["conf"]["paste"]
    # the chart's own pipelines have an audit filter before context
    chart = SHAPES["sections"].replace("authtoken context", "authtoken audit context")
    text = laid_over(chart, overrides, tmp_path).read_text()
    assert_filters_are_where_they_belong(text)
    made = words_of(text)
    assert {name for name, words in made.items() if set(WORDS) <= set(words)} == CACHES
    for name, words in words_of(chart).items():
        assert [word for word in without_ours(made[name]) if word != "healthcheck"] == words
    overrides = {
        section: {key: re.sub(r"healthcheck |audit ", "", value) for key, value in options.items()}
        for section, options in overrides.items()
    }
    paste = laid_over(SHAPES["sections"], overrides, tmp_path)
    assert built_by_glance(paste).startswith("InstanceAwareMiddleware before PropsOverrideMiddleware before")


def test_openstack_helm_mounts_the_configuration_where_the_filter_looks() -> None:
    mounts = yaml.safe_load((DEPLOY / "openstack-helm" / "values.yaml").read_text())["pod"]["mounts"]
    pod = mounts["glance_api"]["glance_api"]
    assert [mount["name"] for mount in pod["volumeMounts"]] == [volume["name"] for volume in pod["volumes"]]
    assert pod["volumeMounts"][0]["mountPath"] == "/etc/glance-related"


def test_puppet_declares_a_paste_file_with_every_pipeline(tmp_path: Path) -> None:
    manifest = (DEPLOY / "puppet" / "glance_related.pp").read_text()
    settings = re.findall(r"glance_api_paste_ini \{ '([^'/]+)/([^']+)':\s+value => '([^']+)',\s+\}", manifest)
    sections: dict[str, dict[str, str]] = {}
    for section, name, value in settings:
        sections.setdefault(section, {})[name] = value
    assert manifest.count("glance_api_paste_ini {") == len(settings) == len(CACHES) + len(WORDS)
    assert_is_stock_with_our_words(laid_over(SHAPES["lines"], sections, tmp_path), "lines")


@pytest.mark.parametrize("path", sorted((DEPLOY / "puppet").iterdir()), ids=lambda path: path.stem)
def test_puppets_manifest_is_balanced_and_uses_only_what_it_declares(path: Path) -> None:
    manifest = path.read_text()
    code = re.sub(r"(?m)^\s*#.*$", "", manifest)
    bare = re.sub(r"'[^']*'|\"[^\"]*\"", "", code)
    for opening, closing in ("{}", "()", "[]"):
        assert bare.count(opening) == bare.count(closing)
    declared = set(re.findall(r"String \$(\w+)", code))
    assert set(re.findall(r"\$\{?(\w+)", re.sub(r"String \$\w+", "", code))) == declared
    if shutil.which("puppet"):
        subprocess.run(["puppet", "parser", "validate", path], check=True)


def test_puppets_configuration_is_taken(tmp_path: Path) -> None:
    manifest = (DEPLOY / "puppet" / "glance_related.pp").read_text()
    ((text, margin),) = re.findall(r'@\("END"\),\n(.*?)\n( *)\| END', manifest, re.DOTALL)
    lines = [line.removeprefix(margin) for line in text.splitlines()]
    filled = re.sub(r"\$\{(\w+)\}", lambda found: _PUPPET.get(found[1], "x"), "\n".join(lines))
    assert_is_taken({section: dict(read(filled)[section]) for section in read(filled).sections()}, tmp_path)


_PUPPET = {"database_connection": "mysql+pymysql://x:x@x/x", "mark_key": A_KEY}
