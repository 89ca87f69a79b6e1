"""The README's part on the package menu is run, too: what it lays down is taken, and can be taken out again."""

from __future__ import annotations

import inspect
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from keystonemiddleware.auth_token import _path_matches

from glance_related import healthcheck
from glance_related.cmd.check.nova import check_vendordata
from glance_related.cmd.enc.conf import load as load_enc
from glance_related.cmd.manage import main as manage
from glance_related.cmd.nova_conf import NovaConf
from glance_related.package_menu import page
from glance_related.package_menu.books import open_drivers
from glance_related.package_menu.options import DRIVER_GROUP, DRIVER_OPTS
from glance_related.package_menu.package_menu_filter import PackageMenuMiddleware
from glance_related.riders.mark import KEY_MIN
from glance_related.settings.keys import Keys, describe
from glance_related.settings.options import DEFAULT_FILE, load
from tests.filters.conftest import ADMIN
from tests.filters.menu_side import make as make_menu
from tests.project.nova_paste_files import (
    ALL,
    DOOR,
    INSTALLED,
    MENU,
    META,
    NOVAS,
    WHOLE_NOVA,
    assert_is_novas_with_our_words,
    built_by_nova,
)
from tests.project.paste_files import read
from tests.project.source import PROJECT, lines_of
from tests.project.test_readme import A_UUID, NOVAS_OWN, OPENSTACKS, README, block_with

WITHOUT_MENU = "/etc/nova/api-paste.ini.without-menu"
TAKING_OUT = "disable --now glance-related-worker"
PART = README.partition("### The package menu\n")[2].partition("\n### Customers")[0]


def typed(words: str, paste: Path) -> None:
    """Run the lines of a block that change Nova's paste file on this one instead."""
    block = block_with("sh", words)
    lines = re.findall(r"(?ms)^(?:cp|sed) .*?[^\\]$|^cat .*?^END$", block)
    assert lines
    there = "\n".join(lines).replace("/etc/nova/api-paste.ini", str(paste))
    subprocess.run(["sh", "-eu", "-c", there], check=True, capture_output=True)


@pytest.fixture
def paste(tmp_path: Path) -> Path:
    path = tmp_path / "api-paste.ini"
    path.write_text(NOVAS)
    return path


def test_its_lines_put_the_menu_beside_the_other_systems_and_take_it_out_again(paste: Path) -> None:
    typed(NOVAS_OWN, paste)
    without = paste.read_text()
    typed(WITHOUT_MENU, paste)
    assert_is_novas_with_our_words(paste.read_text(), NOVAS, (*ALL, META, DOOR))
    assert paste.with_name("api-paste.ini.without-menu").read_text() == without
    typed(TAKING_OUT, paste)
    assert paste.read_text().rstrip() == without.rstrip()


def test_its_lines_put_the_menu_into_a_nova_that_has_nothing_else_of_ours_and_take_it_out_again(paste: Path) -> None:
    typed(WITHOUT_MENU, paste)
    assert_is_novas_with_our_words(paste.read_text(), NOVAS, MENU)
    typed(TAKING_OUT, paste)
    assert paste.read_text().rstrip() == NOVAS.rstrip()


@pytest.mark.real
@pytest.mark.skipif(not INSTALLED.exists(), reason="no Nova is installed beside the tests")
def test_a_real_nova_starts_with_its_lines(paste: Path) -> None:
    paste.write_text(INSTALLED.read_text())
    typed(NOVAS_OWN, paste)
    typed(WITHOUT_MENU, paste)
    assert built_by_nova(paste.read_text()) == WHOLE_NOVA


def test_its_configuration_is_taken_beside_the_rest(tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    blocks = ("[database]", "nova_installation_uuid", "[props_override]", "[package_menu]")
    text = "".join(block_with("ini", words) for words in blocks)
    conf.write_text(text.replace("UUID_OF_THIS_NOVA", A_UUID).replace("MARK_KEY", "k" * KEY_MIN))
    settings = load(str(conf))
    assert list(open_drivers(settings)) == ["guest"]
    assert settings.package_menu.page.auth_url == "https://KEYSTONE:5000/v3"
    assert Path(settings.keys_folder or "").parent == Path(DEFAULT_FILE).parent
    assert f"install -d -m 0750 -g nova {settings.keys_folder}" in PART


def test_its_table_has_every_driver_that_comes_with_the_suite() -> None:
    told = re.findall(r"(?m)^\| `(\w+)` \|", PART)
    assert sorted(told) == sorted(DRIVER_OPTS)
    group = "glance_related.package_management_drivers"
    assert sorted(line.partition(" = ")[0] for line in lines_of("options.entry_points", group)) == sorted(told)
    for name in told:
        assert f"[{DRIVER_GROUP}{name}]" in PART
    # and its options are those that are there
    for group, option in re.findall(rf"`\[{DRIVER_GROUP}(\w+)\] (\w+)`", PART):
        assert option in {one.dest for one in DRIVER_OPTS[group]}


def test_every_option_that_it_names_is_there() -> None:
    sample = re.split(r"(?m)^\[(\w+)\]$", (PROJECT / "etc" / "glance-related.conf.sample").read_text())[1:]
    options = dict(zip(sample[::2], sample[1::2], strict=True))
    named = re.findall(r"`\[(\w+)\] (\w+)`", README)
    assert ("guest", "former_vendordata_url") in named
    for group, option in named:
        if group in options:
            assert re.search(rf"(?m)^#{option} =", options[group]), f"[{group}] {option}"


def test_the_keys_are_made_in_a_folder_that_is_there_and_belong_to_whom_it_belongs(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    conf = tmp_path / "glance-related.conf"
    conf.write_text(f"[database]\nconnection = sqlite://\n[keys]\nfolder = {keys}\n")
    first, second = block_with("sh", "keys setup").splitlines()
    subprocess.run(["sh", "-euc", first.replace("-g nova /etc/glance-related/keys", str(keys))], check=True)
    words = shlex.split(second)
    assert words[:2] == ["glance-related-manage", "keys"]
    assert manage(["--config-file", str(conf), *words[1:]]) == 0
    assert [key.role for key in describe(keys)] == ["primary"]
    assert (keys / "1").stat().st_mode & 0o777 == 0o440
    assert Keys(str(keys)).open(Keys(str(keys)).seal("hush")) == "hush"


def test_every_picture_is_shown_and_told_of() -> None:
    pictures = {path.name for path in (PROJECT / "docs").glob("*.png")}
    assert pictures
    assert set(re.findall(r"\]\(docs/([\w.-]+)\)", README)) == pictures
    assert re.search(r"(?m)^!\[.+\]\(docs/package-menu-server\.png\)$", README), "one is seen without a click"
    assert set(re.findall(r"``(?:docs/)?(package-menu-[\w.-]+)``", inspect.getdoc(page) or "")) == pictures


# -- nova.conf, and Puppet


def test_its_nova_conf_is_what_the_vendordata_needs(tmp_path: Path) -> None:
    conf = tmp_path / "nova.conf"
    text = block_with("ini", "[vendordata_dynamic_auth]")
    conf.write_text(text)
    nova = NovaConf([str(conf)])
    assert list(check_vendordata(nova)) == []
    assert [name for name, _ in nova.vendordata_targets] == ["cloud-init"]
    assert nova.asks_for_vendordata
    assert read(text)["keystone_authtoken"]["service_type"] == "compute"
    for needed in ("vendordata_providers", "auth_type"):
        conf.write_text(re.sub(rf"(?m)^{needed} = .*\n", "", text))
        assert len(list(check_vendordata(NovaConf([str(conf)])))) == 1


def test_puppets_program_is_told_where_to_ask(tmp_path: Path) -> None:
    _, enc, _, puppet = re.split(r"(?m)^# (?:\S*enc\.conf.*|puppet\.conf)\n|\n(?=# puppet)", block_with("ini", "[enc]"))
    conf = tmp_path / "enc.conf"
    conf.write_text(enc)
    assert load_enc(str(conf)).auth_url == "https://KEYSTONE:5000/v3"
    program = Path(read(puppet)["server"]["external_nodes"]).name
    assert program in {line.partition(" = ")[0] for line in lines_of("options.entry_points", "console_scripts")}
    assert read(puppet)["server"]["node_terminus"] == "exec"


def test_its_access_rule_lets_puppets_program_ask_what_it_asks_and_nothing_else() -> None:
    (line,) = [line for line in OPENSTACKS if line.startswith("application credential create")]
    words = shlex.split(line)
    (rule,) = json.loads(words[words.index("--access-rules") + 1])
    assert (rule["service"], rule["method"]) == ("compute", "GET")
    ours = {route.path for route in PackageMenuMiddleware.routes if route.method == "GET"}
    allowed = {path for path in ours if _path_matches(f"/v2.1{path}", rule["path"])}
    assert allowed == {"/package-menu/nodes/{certname}"}


# What tells a receiver's version, as the tests have it.
_RECEIVERS = {
    "cloud-init": ["sh", "-c", f"ls {PROJECT}/var/debs/cloud-init_*.deb"],
    "Puppet": ["puppet", "--version"],
    "OpenLDAP": ["/usr/sbin/slapd", "-VV"],
    "apt": ["apt-get", "--version"],
    "dnf": ["dnf", "--version"],
    "zypper": ["zypper", "--version"],
}


@pytest.mark.real
@pytest.mark.parametrize("name", _RECEIVERS)
def test_the_receivers_that_it_claims_are_those_that_tests_hand_over_to(name: str) -> None:
    (line,) = re.findall(r"(?m)^\| Receivers \| (.*) \|$", README)
    claimed = dict(one.removeprefix("in guests ").rsplit(" ", 1) for one in line.split(", "))
    assert set(claimed) == set(_RECEIVERS)
    try:
        done = subprocess.run(_RECEIVERS[name], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"{name} is not here")
    told = re.search(r"(?:^|[_ ])(\d+\.\d+)", done.stdout + done.stderr, re.MULTILINE)
    if told is None:
        pytest.skip(f"{name} is not here")
    assert f"{told[1]}.".startswith(f"{claimed[name]}.")


def test_the_figures_that_it_says_to_watch_are_those_of_the_healthcheck() -> None:
    (told,) = re.findall(r"The healthcheck's detail has the same in figures: (.*?), which", README, re.DOTALL)
    assert {*re.findall(r"`(\w+)`", told)} <= {*re.findall(r"(?m)^(\w+) {2,}\S", inspect.getdoc(healthcheck) or "")}
    assert "open_boots" in told


# -- taking it out


def test_an_empty_menu_tells_every_receiver_that_its_servers_have_nothing(tmp_path: Path) -> None:
    (first,) = re.findall(r"(?m)^echo '(.*)' >nothing\.yaml$", block_with("sh", TAKING_OUT))
    assert "package menu import --remove-others nothing.yaml" in OPENSTACKS
    side = make_menu(tmp_path)
    side.publish({"name": "web", "kind": "package", "on_by_default": True}, {"name": "db", "kind": "package"})
    side.offer("db")
    server_id = side.booted(packages=["db"])
    side.deliver()
    assert set(side.delivered(server_id)["packages"]) == {"web", "db"}
    said = side.ask("POST", "/package-menu", {"entries": json.loads(first), "remove_others": True}, who=ADMIN)
    assert said.json["removed"] == ["db", "web"]
    side.deliver()
    assert side.delivered(server_id)["packages"] == {}
    assert {(one.driver, one.state) for one in side.deliveries.depths()} == {("file", "delivered")}
