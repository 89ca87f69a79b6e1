"""``glance-related-enc``: tells Puppet what a server is to have, as its ``external_nodes``.

It asks ``GET /package-menu/nodes/{certname}`` of the compute API, with an application credential that is good for
nothing else, and prints the classes, parameters and environment. It needs no database, and none of the suite's own
configuration. In ``puppet.conf`` of the Puppet server::

    [server]
    node_terminus = exec
    external_nodes = /usr/bin/glance-related-enc

The credential is made once. For the servers of one project, by a user who is a reader there; secrets are not told, and
of a server that has any its customer is not told that Puppet has asked::

    openstack application credential create --role reader --access-rules \\
      '[{"service": "compute", "method": "GET", "path": "/v2.1/package-menu/nodes/*"}]' puppet

For all servers, and their secrets, ``--role admin`` by an administrator: the access rule still lets it ask nothing
else. Where the catalog's compute endpoint has the project in it, the path is ``/v2.1/*/package-menu/nodes/*``; in
``nova.conf`` ``[keystone_authtoken] service_type = compute`` makes Nova look at access rules at all. Then
``/etc/glance-related/enc.conf``, for Puppet's user to read and nobody else::

    [enc]
    auth_url = https://controller:5000/v3
    application_credential_id = 5d0c...
    application_credential_secret = ...

``region_name``
    which of several compute endpoints
``interfaces`` (internal, public)
    of the catalog, the preferred one first
``ca_file``
    the certificates by which Keystone's and Nova's are judged; not set: those that Python trusts
``timeout_seconds`` (10)
    how long each answer is waited for, and three times as long for all of it
``cache_folder`` (/var/cache/glance-related-enc)
    where the last good answer for each name is kept, with its secrets, for Puppet's user alone (mode 0600)

Where Keystone or the API cannot be reached, or fails, the last good answer is printed, and on stderr and to syslog
(Puppet throws stderr away) it is said how old it is. With ``GLANCE_RELATED_FRESH`` in the environment nothing old is
printed. An answer that has not changed is not sent again (ETag).

Exit codes: 0 printed; 1 there is no such server, or the API refuses; 2 the command line is wrong; 75 the API cannot be
reached, and nothing is kept.

=======  ===================================================
`conf`   ``enc.conf``
`api`    the question
`cache`  the last good answers
`text`   how an answer is printed
=======  ===================================================
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import re
import sys
import syslog
import time
from collections.abc import Sequence

from glance_related.cmd.enc.api import Answered, Missing, NotReached, Refused, ask
from glance_related.cmd.enc.cache import Cache, Cached
from glance_related.cmd.enc.conf import DEFAULT_FILE, Conf, ConfError, load
from glance_related.cmd.enc.text import age, as_yaml
from glance_related.package_menu.drivers.enc import FRESH, NOT_REACHED

PROGRAM = "glance-related-enc"
_CERTNAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog=PROGRAM, description="Tell Puppet what a server is to have.")
    made.add_argument("certname", help="the name by which Puppet knows the server")
    made.add_argument(
        "--config-file", default=DEFAULT_FILE, metavar="FILE", help=f"its configuration (default: {DEFAULT_FILE})"
    )
    made.add_argument("--version", action="version", version=importlib.metadata.version("glance_related"))
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point ``console_scripts``, name ``glance-related-enc``."""
    args = parser().parse_args(argv)
    if not _CERTNAME.fullmatch(args.certname):
        return _fail(f"{args.certname!r:.300} is no name of a node.")
    try:
        conf = load(args.config_file)
    except ConfError as error:
        return _fail(str(error))
    return _answer(conf, args.certname.lower())


def _answer(conf: Conf, certname: str) -> int:
    cache = Cache(conf)
    kept = cache.get(certname)
    try:
        answer = ask(conf, certname, kept.etag if kept is not None else None)
    except Missing as words:
        cache.remove(certname)
        return _fail(str(words))
    except Refused as words:
        return _fail(str(words))
    except NotReached as words:
        if kept is None or os.environ.get(FRESH):
            return _fail(str(words), NOT_REACHED)
        _say(f"{words} What {certname} is to have is told as it was {age(time.time() - kept.at)} ago.")
        return _print(kept)
    if isinstance(answer, Answered):
        kept = Cached(answer.document, answer.etag, time.time())
    elif kept is not None:  # it has not changed
        kept = Cached(kept.document, kept.etag, time.time())
    assert kept is not None  # only what is kept can be unchanged
    trouble = cache.put(certname, kept)
    if trouble is not None:
        _say(trouble)
    return _print(kept)


def _print(kept: Cached) -> int:
    # whatever the locale is: Puppet runs us in C
    sys.stdout.buffer.write(as_yaml(kept.document).encode())
    sys.stdout.buffer.flush()
    return 0


def _say(sentence: str) -> None:
    print(f"{PROGRAM}: {sentence}", file=sys.stderr)
    syslog.openlog(PROGRAM, syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_WARNING, sentence)


def _fail(sentence: str, code: int = 1) -> int:
    _say(sentence)
    return code
