"""What tools/serve says at the end: what to type next, each command with the answer that it just got."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from cloud import Trouble, web
from cloud.stack import Stack
from cloud.telling import indented, shown
from cloud.welcome_nova import welcome_nova

_SERVER = "server-1"
_NAME = "backup-of-server-1"

# As `grep -oE` with the same words does it: of an image, what the story is about.
_GREP = '"(name|id|nova_installation_uuid|instance_id)": ?"[^"]*"'

_STORY = """
What to type next, from {here} (each answer is from a moment ago):

  # The backup scheduler, a trusted program, makes an image and says which server it is of.
  . {var}/rc-scheduler
  TOKEN=$({var}/bin/openstack token issue -f value -c id)
  curl -s -H "X-Auth-Token: $TOKEN" -H "Content-Type: application/json" {url}/v2/images -d '{{"name": "{name}",
    "nova_installation_uuid": "'$NOVA_INSTALLATION_UUID'", "instance_id": "{server}"}}' |
    grep -oE '{grep}'
{created}

  # It asks for the images of that server of that Nova, and gets exactly those.
  curl -s -H "X-Auth-Token: $TOKEN" \\
    "{url}/v2/images?nova_installation_uuid=$NOVA_INSTALLATION_UUID&instance_id={server}" |
    grep -oE '{grep}'
{listed}

  # Alice, a customer, asks the same: the image is another project's, so she is shown none.
  . {var}/rc-alice
  curl -s -H "X-Auth-Token: $({var}/bin/openstack token issue -f value -c id)" \\
    "{url}/v2/images?nova_installation_uuid=$NOVA_INSTALLATION_UUID&instance_id={server}"
{hers}

The clients do it too: {var}/bin/openstack image create --property nova_installation_uuid=$NOVA_INSTALLATION_UUID
--property instance_id={server} NAME, and image show, set, unset. The whole story: tools/demo instance_aware{option}
rc files: {rc_files}; logs: {var}/log; Ctrl-C stops everything.
"""


def welcome(stack: Stack) -> str:
    """Run the three commands, and tell them with their answers."""
    if stack.sites:
        return welcome_nova(stack)
    url = stack.glance.url
    scheduler = stack.keystone.token("scheduler", "service")
    ours = f"{url}/v2/images?nova_installation_uuid={stack.installation}&instance_id={_SERVER}"
    # What an earlier start has shown makes room, so that each start shows one image.
    for image in _ask("GET", ours, scheduler).json()["images"]:
        if image["name"] == _NAME:
            _ask("DELETE", f"{url}/v2/images/{image['id']}", scheduler)
    tuple_ = {"nova_installation_uuid": stack.installation, "instance_id": _SERVER}
    created = _ask("POST", f"{url}/v2/images", scheduler, {"name": _NAME, **tuple_})
    listed = _ask("GET", ours, scheduler)
    hers = _ask("GET", ours, stack.keystone.token("alice"))
    if created.json()["id"] not in [image["id"] for image in listed.json()["images"]] or hers.json()["images"]:
        raise Trouble(f"Glance does not list images by instance as it should: {listed.text} {hers.text}")
    var = shown(stack.var)
    return _STORY.format(
        here=Path.cwd(), var=var, url=url, name=_NAME, server=_SERVER, grep=_GREP,
        created=indented(_grep(created.text)), listed=indented(_grep(listed.text)), hers=indented(hers.text),
        option="" if var == "var" else f" --var {var}",
        rc_files=" ".join(shown(path) for path in sorted(stack.var.glob("rc-*"))),
    )  # fmt: skip


def _ask(method: str, url: str, token: str, body: Any = None) -> web.Reply:
    reply = web.request(method, url, token=token, json_body=body)
    if reply.status >= 300:
        raise Trouble(f"{method} {url} {json.dumps(body or '')} is answered {reply.status}: {reply.text}")
    return reply


def _grep(text: str) -> str:
    return "\n".join(match[0] for match in re.finditer(_GREP, text))
