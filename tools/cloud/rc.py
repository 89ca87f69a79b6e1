"""The files that a shell reads to become somebody: `. var/rc-alice`."""

from __future__ import annotations

import shlex
from pathlib import Path

from cloud.keystone import REGION, Keystone
from cloud.secret import write_private


def write(path: Path, keystone: Keystone, user: str, project: str, **more: str) -> None:
    """One file; it holds a password, so nobody else may read it."""
    variables = {
        "OS_AUTH_URL": keystone.url,
        "OS_IDENTITY_API_VERSION": "3",
        "OS_IMAGE_API_VERSION": "2",
        "OS_INTERFACE": "public",
        "OS_REGION_NAME": REGION,
        "OS_USERNAME": user,
        "OS_PASSWORD": keystone.passwords[user],
        "OS_USER_DOMAIN_NAME": "Default",
        "OS_PROJECT_NAME": project,
        "OS_PROJECT_DOMAIN_NAME": "Default",
        **more,
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
    write_private(path, "".join(lines))


def read(path: Path) -> dict[str, str]:
    """What a shell would know after reading it."""
    known = {}
    for line in path.read_text().splitlines():
        for word in shlex.split(line)[1:]:
            name, _, value = word.partition("=")
            known[name] = value
    return known
