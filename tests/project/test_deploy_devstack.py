"""The devstack plugin, run as stack.sh runs it on stock files of Glance's and Nova's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from glance_related.db.database import Database
from glance_related.instance_aware.store import Store
from glance_related.package_menu.books import open_drivers
from glance_related.settings.keys import describe
from glance_related.settings.options import load
from tests.project.nova_paste_files import ALL, META, NOVAS
from tests.project.paste_files import SHAPES, WORDS, read
from tests.project.source import PROJECT
from tests.project.test_deploy import DEPLOY, assert_is_stock_with_our_words
from tests.project.test_deploy_nova import assert_asks_for_vendordata, assert_is_whole

#: Too slow for the inner loop: a real Glance is built of what comes out.
pytestmark = pytest.mark.real

# devstack's own functions, as far as the plugin uses them: iniset sets one option of one section of a file.
_DEVSTACK = """
function sudo { "$@"; }
function is_service_enabled { [[ " $SERVICES " = *" $1 "* ]]; }
function openstack { echo "openstack $*" >>"$STEPS"; echo id-of-nova; }
function database_connection_url { echo "sqlite:///$GLANCE_CONF_DIR/suite.sqlite"; }
function create_service_user { echo "create_service_user $*" >>"$STEPS"; }
function setup_develop { echo "setup_develop $*" >>"$STEPS"; }
function enable_service { echo "enable_service $*" >>"$STEPS"; }
function run_process { echo "run_process $*" >>"$STEPS"; }
function stop_process { echo "stop_process $*" >>"$STEPS"; }
function configure_keystoneauth {
    iniset "$1" "$3" auth_type password
    iniset "$1" "$3" username "$2"
}
function iniget {
    [ ! -e "$1" ] || sed -n "/^\\\\[$2\\\\]/,/^\\\\[/ s/^$3 = //p" "$1"
}
function iniset {
    [ -e "$1" ] || : >"$1"
    grep -q "^\\\\[$2\\\\]" "$1" || printf '\\n[%s]\\n' "$2" >>"$1"
    if sed -n "/^\\\\[$2\\\\]/,/^\\\\[/p" "$1" | grep -q "^$3 ="; then
        sed -i "/^\\\\[$2\\\\]/,/^\\\\[/ s|^$3 =.*|$3 = $4|" "$1"
    else
        sed -i "/^\\\\[$2\\\\]/ a\\\\$3 = $4" "$1"
    fi
}
"""


def _stacked(tmp_path: Path, services: str, novas: str = NOVAS, glances: str = SHAPES["lines"]) -> Path:
    """A machine on which stack.sh has run the plugin, twice, on these paste files."""
    (tmp_path / "api-paste.ini").write_text(novas)
    (tmp_path / "glance-api-paste.ini").write_text(glances)
    (tmp_path / "glance-api.conf").write_text("[DEFAULT]\n")
    (tmp_path / "nova.conf").write_text("[DEFAULT]\n")
    phases = ("stack install", "stack post-config", "stack extra") * 2 + ("unstack",)
    script = _DEVSTACK + f". {DEPLOY}/devstack/settings\n"
    script += "".join(f"\nset -- {phase} ''\n. {DEPLOY}/devstack/plugin.sh" for phase in phases)
    environment = {
        **os.environ, "STEPS": str(tmp_path / "steps"), "DEST": "/opt/stack", "STACK_USER": str(os.getuid()),
        "GLANCE_CONF_DIR": str(tmp_path), "GLANCE_API_PASTE_INI": str(tmp_path / "glance-api-paste.ini"),
        "NOVA_API_PASTE_INI": str(tmp_path / "api-paste.ini"), "SERVICES": services,
        "GLANCE_API_CONF": str(tmp_path / "glance-api.conf"), "GLANCE_BIN_DIR": str(Path(sys.executable).parent),
        "GLANCE_RELATED_CONF_DIR": str(tmp_path / "etc"), "KEYSTONE_SERVICE_URI": "http://127.0.0.1/identity",
        "SERVICE_PASSWORD": "secret", "SERVICE_PROJECT_NAME": "service", "SERVICE_DOMAIN_NAME": "Default",
        "REGION_NAME": "RegionOne", "NOVA_CONF": str(tmp_path / "nova.conf"), "SERVICE_PROTOCOL": "http",
        "NOVA_SERVICE_PROTOCOL": "http", "NOVA_SERVICE_HOST": "127.0.0.1",
    }  # fmt: skip
    done = subprocess.run(["bash", "-eu", "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tmp_path


@pytest.fixture(scope="module")
def stacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One with Glance and Nova."""
    return _stacked(tmp_path_factory.mktemp("devstack"), "g-api n-api n-api-meta n-cpu")


def assert_configured(paste: Path, words: Sequence[str]) -> None:
    sections = read(paste.read_text())
    named = {sections[f"filter:{word}"]["config_file"] for word in words}
    assert named == {f"{paste.parent}/etc/glance-related.conf"}


def test_devstacks_plugin_changes_every_pipeline_once(stacked: Path) -> None:
    paste = stacked / "glance-api-paste.ini"
    assert_configured(paste, WORDS)
    assert_is_stock_with_our_words(paste, "lines")


def test_devstacks_plugin_leaves_a_configuration_that_is_taken_and_tables(stacked: Path) -> None:
    settings = load(str(stacked / "etc" / "glance-related.conf"))
    assert settings.conf.account.auth_type == "password"
    assert (stacked / "suite.sqlite").stat().st_size > 0
    glance = read((stacked / "glance-api.conf").read_text())
    assert glance["keystone_authtoken"]["service_token_roles_required"] == "True"
    assert (stacked / "steps").read_text().splitlines()[:3] == [
        "enable_service glance-related-worker",
        "setup_develop /opt/stack/glance_related",
        "create_service_user glance-related admin",
    ]


def test_devstacks_plugin_puts_the_filters_into_both_ways_into_nova_once(stacked: Path) -> None:
    paste = stacked / "api-paste.ini"
    assert_is_whole(paste.read_text())
    assert_configured(paste, (*ALL, META))


def test_devstacks_nova_asks_for_vendordata(stacked: Path, tmp_path: Path) -> None:
    text = (stacked / "nova.conf").read_text()
    assert_asks_for_vendordata(text, tmp_path)
    assert read(text)["keystone_authtoken"]["service_type"] == "compute"
    assert read(text)["vendordata_dynamic_auth"]["username"] == "nova"


def test_a_compute_host_of_devstacks_asks_for_vendordata_too(tmp_path: Path) -> None:
    alone = _stacked(tmp_path, "n-cpu")
    assert_asks_for_vendordata((alone / "nova.conf").read_text(), tmp_path)
    assert (alone / "api-paste.ini").read_text() == NOVAS


def test_devstacks_worker_runs_while_the_cloud_does_with_keys_that_were_made_once(stacked: Path) -> None:
    steps = (stacked / "steps").read_text().splitlines()
    conf = stacked / "etc" / "glance-related.conf"
    (command,) = {step for step in steps if step.startswith("run_process")}
    assert re.fullmatch(rf"run_process glance-related-worker /\S+/glance-related-worker --config-file {conf}", command)
    assert steps[-1] == "stop_process glance-related-worker"
    settings = load(str(conf))
    assert [key.role for key in describe(Path(settings.keys_folder or ""))] == ["primary"]
    assert list(open_drivers(settings)) == ["guest"]
    page = settings.package_menu.page
    assert (page.auth_url, page.insecure_cookie) == ("http://127.0.0.1/identity/v3", True)


def test_devstacks_plugin_adds_what_an_older_one_has_not_put_in(tmp_path: Path) -> None:
    novas = NOVAS.replace(" keystonecontext ", " instance_aware_nova keystonecontext ")
    glances = re.sub(r"(?m)^(keystone.* context)", r"\1 instance_aware", SHAPES["lines"])
    assert novas != NOVAS
    assert glances != SHAPES["lines"]
    stacked = _stacked(tmp_path, "g-api n-api", novas, glances)
    assert_is_whole((stacked / "api-paste.ini").read_text())
    assert_is_stock_with_our_words(stacked / "glance-api-paste.ini", "lines")


def test_devstacks_plugin_registers_its_nova_under_one_uuid_however_often_it_runs(stacked: Path) -> None:
    settings = load(str(stacked / "etc" / "glance-related.conf"))
    (nova,) = Store(Database(settings.database)).installations()
    assert (nova.name, nova.service_users) == ("devstack", ("id-of-nova",))
    assert settings.instance_aware.nova_installation_uuid == nova.nova_installation_uuid
    assert len(settings.riders.mark_keys) == 1
    assert "openstack user show nova --domain Default -f value -c id" in (stacked / "steps").read_text()


def test_devstacks_plugin_leaves_nova_alone_where_there_is_none(tmp_path: Path) -> None:
    alone = _stacked(tmp_path, "g-api")
    assert (alone / "api-paste.ini").read_text() == NOVAS
    settings = load(str(alone / "etc" / "glance-related.conf"))
    assert settings.instance_aware.nova_installation_uuid is None
    assert Store(Database(settings.database)).installations() == []


def test_devstack_finds_the_plugin_where_it_looks_for_plugins() -> None:
    assert (PROJECT / "devstack" / "plugin.sh").samefile(DEPLOY / "devstack" / "plugin.sh")
    subprocess.run(["bash", "-n", PROJECT / "devstack" / "plugin.sh"], check=True)
