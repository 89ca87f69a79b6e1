"""What tools/serve --cloud says at the end: three commands of a customer's, each with the answer it just got."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from cloud import Trouble, paste, web
from cloud.compute import FLAVOR
from cloud.images import IMAGE
from cloud.stack import Stack
from cloud.telling import indented, shown

_SERVER = "my-server"
_IMAGE = "image-of-my-server"

# Of an image, what the story is about.
_GREP = '"(instance_id|nova_installation_uuid)": ?"[^"]*"'

_STORY = """
What to type next, from {here} (each answer is from a moment ago):

  # Alice, a customer, makes a server, as ever.
  . {var}/rc-alice
  SERVER=$({var}/bin/openstack server create --flavor {flavor} --image {tiny} --nic none --wait -f value -c id \\
    {server}); echo $SERVER
{made}

  # She has an image made of it, as ever: Nova and she say nothing of an installation.
  IMAGE=$({var}/bin/openstack server image create --wait --name {image} -f value -c id $SERVER); echo $IMAGE
{snapped}

  # The image knows which server it is of, and of which Nova.
  {var}/bin/openstack image show -f json -c properties $IMAGE | grep -oE '{grep}' | sort
{tuple}

So do openstack server backup create and openstack server shelve.{second}
The whole story: tools/demo{option}
The package menu in a browser: {page} (alice, of project alice; her password is in {var}/rc-alice).
rc files: {rc_files}; logs: {var}/log; Ctrl-C stops everything.
"""

_SECOND = " The second Nova: . {var}/rc-alice-region-two"


def welcome_nova(stack: Stack) -> str:
    """Do what the three commands do, and tell it with their answers."""
    story = _Story(stack)
    story.make_room()
    server_id = story.boot()
    image_id = story.snapshot(server_id)
    image = story.image(image_id)
    tuple_ = {name: image[name] for name in ("instance_id", "nova_installation_uuid") if name in image}
    if tuple_ != {"instance_id": server_id, "nova_installation_uuid": stack.installation}:
        raise Trouble(f"image {image_id} does not know that it is of server {server_id}: {tuple_}")
    var = shown(stack.var)
    return _STORY.format(
        here=Path.cwd(), var=var, flavor=FLAVOR, tiny=IMAGE, server=_SERVER, image=_IMAGE, grep=_GREP,
        made=indented(server_id), snapped=indented(image_id),
        tuple=indented("\n".join(f'"{name}": "{value}"' for name, value in tuple_.items())),
        second=_SECOND.format(var=var) if len(stack.sites) > 1 else "",
        page=f"{stack.sites[0].nova.url}{paste.PAGE}", option="" if var == "var" else f" --var {var}",
        rc_files=" ".join(shown(path) for path in sorted(stack.var.glob("rc-*"))),
    )  # fmt: skip


class _Story:
    """Alice's requests, at the first Nova and at Glance."""

    def __init__(self, stack: Stack) -> None:
        self._nova = stack.sites[0].nova
        self._glance = stack.glance.url
        self._token = stack.keystone.token("alice")

    def make_room(self) -> None:
        """What an earlier start has shown goes, so that each start shows one server and one image."""
        for server in self._ask("GET", f"/servers?name=^{_SERVER}$")["servers"]:
            self._ask("DELETE", f"/servers/{server['id']}")
        for image in self._images(f"?name={_IMAGE}"):
            web.request("DELETE", f"{self._glance}/v2/images/{image['id']}", token=self._token)

    def boot(self) -> str:
        (flavor,) = [one["id"] for one in self._ask("GET", "/flavors")["flavors"] if one["name"] == FLAVOR]
        (image, *_) = self._images(f"?name={IMAGE}&visibility=public")
        about = {"name": _SERVER, "flavorRef": flavor, "imageRef": image["id"], "networks": "none"}
        server_id = str(self._ask("POST", "/servers", {"server": about})["server"]["id"])
        self._wait(lambda: self._ask("GET", f"/servers/{server_id}")["server"]["status"], "ACTIVE", server_id)
        return server_id

    def snapshot(self, server_id: str) -> str:
        body = {"createImage": {"name": _IMAGE}}
        image_id = str(self._ask("POST", f"/servers/{server_id}/action", body)["image_id"])
        self._wait(lambda: self.image(image_id)["status"], "active", image_id)
        return image_id

    def image(self, image_id: str) -> Any:
        return web.request("GET", f"{self._glance}/v2/images/{image_id}", token=self._token).json()

    def _images(self, query: str) -> Any:
        return web.request("GET", f"{self._glance}/v2/images{query}", token=self._token).json()["images"]

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        reply = self._nova.call(method, path, body, user="alice")
        if reply.status >= 300:
            raise Trouble(f"{self._nova.name} answers {reply.status} to {method} {path}: {reply.text}")
        return reply.json() if reply.body else None

    def _wait(self, status: Any, wanted: str, what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while (seen := status()) != wanted:
            if seen.lower() == "error" or time.monotonic() > deadline:
                raise Trouble(f"{what} is {seen} and not {wanted} (logs: {self._nova.logs})")
            time.sleep(0.2)
