"""Glance's paste file in both of its shapes, and a real Glance's opinion of what was made of it."""

from __future__ import annotations

import configparser
import functools
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from glance_related.cmd.check.pipelines import check_glance
from glance_related.cmd.paste import PasteFile
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.riders.mark import KEY_MIN
from glance_related.settings.options import DEFAULT_FILE

#: Our words of Glance's pipelines, in their order.
WORDS = ("instance_aware", "props_override")

_STOCK = (Path(sys.prefix) / "etc" / "glance" / "glance-api-paste.ini").read_text()

# As older releases and some deployment tools have it, doubled spaces and an audit filter included; without
# healthcheck, which today's oslo.middleware serves as an application only.
_SECTIONS = """\
[pipeline:glance-api]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler unauthenticated-context rootapp

[pipeline:glance-api-caching]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler unauthenticated-context cache rootapp

[pipeline:glance-api-keystone]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context  rootapp

[pipeline:glance-api-keystone+caching]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken audit context cache rootapp

[pipeline:glance-api-keystone+cachemanagement]
pipeline = cors http_proxy_to_wsgi versionnegotiation osprofiler authtoken context cache cachemanage rootapp

[filter:audit]
paste.filter_factory = keystonemiddleware.audit:filter_factory

"""

#: The file of the installed Glance, and the same Glance's filters in the older shape.
SHAPES = {
    "lines": _STOCK,
    "sections": _SECTIONS + _STOCK[_STOCK.index("[composite:rootapp]") :],
}

_GLANCE_CONF = """\
[DEFAULT]
log_file = {folder}/glance.log
[paste_deploy]
flavor = {flavor}
config_file = {paste}
"""
# As Glance's own start does it, without the threads that tidy up its stores. Printed: our filters, each before what it
# wraps.
_BUILD = """
import gc, os, sys
from glance.common import config, wsgi_app
config.set_config_defaults()
config.CONF([], project="glance", prog="glance-api", default_config_files=sys.argv[1:])
application = config.load_paste_app("glance-api")
from glance_related.wsgi.filter import Filter
ours = [one for one in gc.get_objects() if isinstance(one, Filter)]
(outermost,) = [one for one in ours if one not in [other.app for other in ours]]
chain = [outermost]
while isinstance(chain[-1], Filter):
    chain.append(chain[-1].app)
print(*[type(one).__name__ for one in chain], sep=" before ")
"""


def read(text: str) -> configparser.ConfigParser:
    """A paste file as PasteDeploy reads it: a name may hold a colon only in ``/path: app``."""
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


def words_of(text: str) -> dict[str, list[str]]:
    """Every pipeline of a paste file: its name and its words, whichever shape it has."""
    parser = read(text)
    found = {}
    for section in parser.sections():
        if section == "composite:api":
            found |= {key: value.split() for key, value in parser[section].items() if not key.startswith("paste.")}
        elif section.startswith("pipeline:"):
            found[section.removeprefix("pipeline:glance-api-")] = parser[section]["pipeline"].split()
    return found


def without_ours(words: list[str]) -> list[str]:
    """A pipeline without our filters."""
    return [word for word in words if word not in WORDS]


def assert_filters_are_where_they_belong(text: str, ours: Sequence[str] = WORDS) -> None:
    """Right after ``context`` in every pipeline that asks Keystone, and nowhere else; ``config check`` finds nothing.

    :param text: a paste file
    :param ours: those of our filters that were put in
    """
    for words in words_of(text).values():
        wanted = list(ours) if "authtoken" in words else []
        assert [word for word in words if word in WORDS] == wanted
        if wanted:
            behind = words.index("context") + 1
            assert words[behind : behind + len(wanted)] == wanted
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "glance-api-paste.ini"
        path.write_text(text)
        paste = PasteFile(path)
        assert [section.system for section in paste.filters] == list(ours)
        (named,) = {section.config_file for section in paste.filters}
        assert list(check_glance(paste, "keystone", allow_no_auth=False, config_file=named or DEFAULT_FILE)) == []


def built_by_glance(paste: Path, flavor: str = "keystone") -> str:
    """What a real Glance builds of this file; our sections are given a configuration that is there.

    :returns: our filters from the outermost on, each ``before`` what it wraps
    """
    sections = read(paste.read_text())
    for word in WORDS:
        if f"filter:{word}" in sections:
            sections[f"filter:{word}"]["config_file"] = "{folder}/glance-related.conf"
    return _built(tuple((name, tuple(sorted(sections[name].items()))) for name in sorted(sections.sections())), flavor)


# A start of Glance takes seconds, and most of the files that are tried come out the same.
@functools.cache
def _built(sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], flavor: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder}/suite.sqlite"
        key = "k" * KEY_MIN
        (folder / "glance-related.conf").write_text(
            f"[database]\nconnection = {database}\n[riders]\nmark_keys = {key}\n"
        )
        migration.upgrade(Database(DatabaseSettings(database)).engine)
        text = "".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in options) for section, options in sections
        )
        (folder / "paste.ini").write_text(text.replace("{folder}", name))
        conf = folder / "glance-api.conf"
        conf.write_text(_GLANCE_CONF.format(folder=folder, paste=folder / "paste.ini", flavor=flavor))
        argv = [sys.executable, "-W", "ignore", "-c", _BUILD, str(conf)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=folder)
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip()
