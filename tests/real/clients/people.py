"""How each client becomes somebody."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import openstack
from glanceclient import client as glance_client
from keystoneauth1 import session
from keystoneauth1.identity import v3

from cloud.keystone import REGION
from tests.real.cloud_of_tests import Cloud

if TYPE_CHECKING:
    from cloud.glance import Glance


def _session(cloud: Cloud, who: str) -> session.Session:
    password = v3.Password(
        cloud.keystone.url, username=who, password=cloud.keystone.passwords[who], user_domain_id="default",
        project_id=cloud.project(who),
    )  # fmt: skip
    return session.Session(auth=password)


def glanceclient(cloud: Cloud, server: Glance, who: str) -> Any:
    """python-glanceclient."""
    return glance_client.Client("2", session=_session(cloud, who), endpoint_override=server.url)


def sdk(cloud: Cloud, server: Glance, who: str) -> Any:
    """openstacksdk."""
    return openstack.connection.Connection(
        session=_session(cloud, who), region_name=REGION, image_endpoint_override=server.url
    )


def environment_of(cloud: Cloud, server: Glance, who: str) -> dict[str, str]:
    """What a person's shell says who he is."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OS_")} | {
        "OS_AUTH_URL": cloud.keystone.url,
        "OS_USERNAME": who,
        "OS_PASSWORD": cloud.keystone.passwords[who],
        "OS_PROJECT_ID": cloud.project(who),
        "OS_USER_DOMAIN_ID": "default",
        "OS_REGION_NAME": REGION,
        "OS_IMAGE_ENDPOINT_OVERRIDE": server.url,
        "PYTHONWARNINGS": "ignore",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def cli(cloud: Cloud, server: Glance, who: str, *words: str) -> Any:
    """openstackclient, as a person starts it; what it prints, from JSON where it is asked for it."""
    environment = environment_of(cloud, server, who)
    done = subprocess.run(
        [cloud.venv / "bin" / "openstack", *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"openstack {' '.join(words)}: {done.stderr}"
    return json.loads(done.stdout) if "json" in words else done.stdout


def curl(cloud: Cloud, server: Glance, who: str, path: str, *words: str) -> bytes:
    """curl, with a token and --fail."""
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--globoff", "--noproxy", "*",
         "--header", f"X-Auth-Token: {cloud.token(who)}", *words, f"{server.url}{path}"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
