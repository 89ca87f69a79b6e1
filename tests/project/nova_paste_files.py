"""Nova's api-paste.ini, and what must have become of it."""

from __future__ import annotations

import configparser
import functools
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from glance_related.cmd.check.nova_pipelines import check_nova, stands_in_nova
from glance_related.cmd.paste import PasteFile
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.riders.mark import KEY_MIN
from glance_related.settings.options import DEFAULT_FILE
from tests.project.paste_files import read

#: Our words of Nova's pipelines, in their order: of the first two systems, and of all.
WORDS = ("instance_aware_nova", "props_override_nova")
ALL = ("glance_related", *WORDS, "package_menu")
#: Our word of its metadata service, and our door beside its API.
META, DOOR = "guest_meta", "package_menu_ui"
#: What the third system has of these.
MENU = (ALL[0], ALL[-1], META, DOOR)

_PATH = "/package-menu-ui"

#: The two ways into Nova and its metadata service, as Nova 34 has them, and what their words are.
NOVAS = """\
[composite:metadata]
use = egg:Paste#urlmap
/: meta

[pipeline:meta]
pipeline = cors http_proxy_to_wsgi metaapp

[app:metaapp]
paste.app_factory = nova.api.metadata.handler:MetadataRequestHandler.factory

[composite:osapi_compute]
use = call:nova.api.openstack.urlmap:urlmap_factory
/: oscomputeversions
/v2: oscomputeversion_legacy_v2
/v2.1: oscomputeversion_v2
/v2/+: openstack_compute_api_v21_legacy_v2_compatible
/v2.1/+: openstack_compute_api_v21

[composite:openstack_compute_api_v21]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken keystonecontext osapi_compute_app_v21

[composite:openstack_compute_api_v21_legacy_v2_compatible]
use = call:nova.api.auth:pipeline_factory_v21
keystone = cors http_proxy_to_wsgi compute_req_id faultwrap request_log sizelimit osprofiler authtoken keystonecontext legacy_v2_compatible osapi_compute_app_v21

[filter:compute_req_id]
paste.filter_factory = nova.api.compute_req_id:ComputeReqIdMiddleware.factory

[pipeline:oscomputeversions]
pipeline = cors faultwrap request_log http_proxy_to_wsgi oscomputeversionapp

[filter:keystonecontext]
paste.filter_factory = nova.api.auth:NovaKeystoneContext.factory

[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
"""  # noqa: E501 (Nova's own lines)

#: The installed Nova's, where there is one.
INSTALLED = Path(sys.prefix) / "etc" / "nova" / "api-paste.ini"


def novas_words(text: str) -> dict[str, list[str]]:
    """The two ways into Nova: the composite's name, and the words of its line for Keystone."""
    parser = read(text)
    return {section: parser[section]["keystone"].split() for section in parser if "keystone" in parser[section]}


def assert_is_novas_with_our_words(made: str, stock: str, ours: Sequence[str] = WORDS) -> None:
    """What is ours is where it belongs, all else is what it was, and ``config check`` finds nothing.

    :param made: a paste file of Nova's
    :param stock: the same as it was before
    :param ours: those of our words that were put in, of `ALL`, `META` and `DOOR`, each kind in its order
    """
    _assert_the_rest_is_what_it_was(made, stock, ours)
    filters = [word for word in ours if word in ALL]
    changed = novas_words(made)
    assert len(changed) == 2
    for words in changed.values():
        assert [word for word in words if word in ALL] == filters
        behind = words.index("keystonecontext")
        assert words[behind - len(filters) : behind] == filters
    parser = read(made)
    meta = parser["pipeline:meta"]["pipeline"].split()
    assert meta[-1] == "metaapp"
    assert (meta[-2] == META) == (META in ours)
    assert parser["composite:osapi_compute"].get(_PATH) == (DOOR if DOOR in ours else None)
    if DOOR in ours:
        door = parser[f"composite:{DOOR}"]
        assert (door["use"], door["api"]) == (f"egg:glance_related#{DOOR}", "openstack_compute_api_v21")
        assert door.get("config_file", DEFAULT_FILE) == parser["filter:package_menu"].get("config_file", DEFAULT_FILE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "api-paste.ini"
        path.write_text(made)
        paste = PasteFile(path)
        assert {section.system for section in paste.filters} == {*ours} - {DOOR}
        assert all(section.name == section.system for section in paste.filters)
        assert all(stands_in_nova(paste, word) for word in filters)
        (named,) = {section.config_file for section in paste.filters}
        assert list(check_nova(paste, config_file=named or DEFAULT_FILE)) == []


def _assert_the_rest_is_what_it_was(made: str, stock: str, ours: Sequence[str]) -> None:
    changed, as_it_was = read(made), read(stock)
    for word in ours:
        assert changed.remove_section(f"{'composite' if word == DOOR else 'filter'}:{word}"), word
    changed["composite:osapi_compute"].pop(_PATH, None)
    assert _pieces(changed, ours) == _pieces(as_it_was, ())


def _pieces(parser: configparser.ConfigParser, ours: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """Every option of every section as the words of its value, without ours."""
    return {
        name: {option: [word for word in value.split() if word not in ours] for option, value in parser[name].items()}
        for name in parser.sections()
    }


# The whole of Nova's API and of its metadata service, as their own starts build them. Printed: what is ours in them.
_BUILD = """
import gc, os, sys
os.environ["OS_NOVA_CONFIG_DIR"] = sys.argv[1]
from nova import config, objects
config.parse_args(["nova-api", "--config-file", f"{sys.argv[1]}/nova.conf"])
from paste.deploy import loadapp
built = [loadapp(f"config:{sys.argv[1]}/api-paste.ini", name=name) for name in ("osapi_compute", "metadata")]
from glance_related.package_menu.page.door import Door
from glance_related.wsgi.filter import Filter
gc.collect()
print(*sorted(type(one).__name__ for one in gc.get_objects() if isinstance(one, (Door, Filter))))
"""
_NOVA_CONF = """\
[DEFAULT]
log_file = {folder}/nova.log
[api_database]
connection = sqlite://
[database]
connection = sqlite://
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:1/v3
username = nova
password = x
project_name = service
user_domain_name = Default
project_domain_name = Default
"""
_SUITE_CONF = """\
[database]
connection = {database}
[riders]
mark_keys = {key}
[instance_aware]
nova_installation_uuid = 11111111-2222-3333-4444-555555555555
[package_menu]
package_management_driver = guest
[package_menu_ui]
auth_url = http://127.0.0.1:1/v3
"""


def built_by_nova(made: str) -> Counter[str]:
    """What a real Nova builds of this file: our filters and our door, and how often each stands there."""
    parser, stock = read(made), read(INSTALLED.read_text())
    for word in (*ALL, META):
        parser[f"filter:{word}"]["config_file"] = "{folder}/glance-related.conf"
    parser[f"composite:{DOOR}"]["config_file"] = "{folder}/glance-related.conf"
    for section in stock.sections():
        if section not in parser:
            parser[section] = stock[section]
    return _built(tuple((name, tuple(sorted(parser[name].items()))) for name in sorted(parser.sections())))


# It takes seconds, and most of the files that are tried come out the same.
@functools.cache
def _built(sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Counter[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder}/suite.sqlite"
        (folder / "glance-related.conf").write_text(_SUITE_CONF.format(database=database, key="k" * KEY_MIN))
        migration.upgrade(Database(DatabaseSettings(database)).engine)
        text = "".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in options) for section, options in sections
        )
        (folder / "api-paste.ini").write_text(text.replace("{folder}", name))
        (folder / "nova.conf").write_text(_NOVA_CONF.format(folder=folder))
        argv = [sys.executable, "-W", "ignore", "-c", _BUILD, name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stderr[-2000:]
        return Counter(done.stdout.split())


#: Of the whole suite: the page enters one of the two ways by itself.
WHOLE_NOVA = Counter(
    {
        "VendordataMiddleware": 3,
        "InstanceAwareNovaMiddleware": 3,
        "PropsOverrideNovaMiddleware": 3,
        "PackageMenuMiddleware": 3,
        "GuestMetaMiddleware": 1,
        "Door": 1,
    }
)
