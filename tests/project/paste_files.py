"""Glance's paste file in both of its shapes, and a real Glance's opinion of what was made of it."""

from __future__ import annotations

import configparser
import functools
import subprocess
import sys
import tempfile
from pathlib import Path

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings

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
# As Glance's own start does it, without the threads that tidy up its stores. Printed: what our filter wraps.
_BUILD = """
import gc, os, sys
from glance.common import config, wsgi_app
config.set_config_defaults()
config.CONF([], project="glance", prog="glance-api", default_config_files=sys.argv[1:])
application = config.load_paste_app("glance-api")
from glance_related.wsgi.filter import Filter
ours = [one for one in gc.get_objects() if isinstance(one, Filter)]
print(*[type(one).__name__ + " before " + type(one.app).__name__ for one in ours])
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


def has_filter_where_it_belongs(words: list[str]) -> bool:
    """Right after ``context``, or nowhere where nobody asks Keystone."""
    if "authtoken" not in words:
        return "instance_aware" not in words
    return words.count("instance_aware") == 1 and words[words.index("context") + 1] == "instance_aware"


def built_by_glance(paste: Path, flavor: str = "keystone") -> str:
    """What a real Glance builds of this file; our section is given a configuration that is there.

    :returns: ``InstanceAwareMiddleware before`` what it wraps
    """
    sections = read(paste.read_text())
    sections["filter:instance_aware"]["config_file"] = "{folder}/glance-related.conf"
    return _built(tuple((name, tuple(sorted(sections[name].items()))) for name in sorted(sections.sections())), flavor)


# A start of Glance takes seconds, and most of the files that are tried come out the same.
@functools.cache
def _built(sections: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], flavor: str) -> str:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = f"sqlite:///{folder}/suite.sqlite"
        (folder / "glance-related.conf").write_text(f"[database]\nconnection = {database}\n")
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
