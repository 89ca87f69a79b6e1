"""Guests of a real Nova's metadata service, in a process of its own: what each of them is answered, as JSON.

The real handler judges the signatures, writes the documents and asks our filter in front of its API for dynamic
vendordata, over HTTP.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import webtest

from glance_related.guest.meta_filter import filter_factory
from tests.filters import guest_side
from tests.filters.acting_nova import OWN_ID
from tests.filters.guest_side import SECRET, SERVICE, SETTINGS, GuestSide, signed, unpacked
from tests.filters.novas_metadata import Servers, metadata_service
from tests.filters.serving import serving

TOKEN = "novas-token"
LOGS = {"name": "logs", "kind": "package", "on_by_default": True}
WEB = {"name": "web", "kind": "package"}


class AuthToken:
    """Where Nova's ``authtoken`` stands: whoever has the token is Nova's user, everybody else is refused."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if environ.get("HTTP_X_AUTH_TOKEN") != TOKEN:
            start_response("401 Unauthorized", [("Content-Length", "0")])
            return []
        environ |= {"HTTP_" + name.upper().replace("-", "_"): value for name, value in SERVICE.items()}
        environ |= {"HTTP_X_IDENTITY_STATUS": "Confirmed", "keystone.token_auth": object(), OWN_ID: "req-1"}
        return self._app(environ, start_response)  # type: ignore[no-any-return]


def of_nova(side: GuestSide, folder: Path, api_url: str, user_data: Callable[[str], str | None]) -> Any:
    """Our filter in front of the real metadata service, for the servers of a side.

    :param api_url: of our filter in front of the API
    :param user_data: of a server, in base64
    """

    def told(server_id: str) -> Any:
        server = side.menu.nova.servers.get(server_id)
        return server and {"project_id": server.tenant_id, "user_data": user_data(server_id)}

    service = metadata_service(Servers(told), folder / "nova.conf", SECRET.decode(), f"{api_url}/vendordata", TOKEN)
    return filter_factory({}, config_file=side.menu.suite.settings.config_file)(service)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        side = guest_side.make(folder)
        side.menu.publish(LOGS, WEB)
        side.menu.offer("web")
        with serving(AuthToken(side.app.app)) as url:
            side.meta = webtest.TestApp(of_nova(side, folder, url, lambda _: None))
            print(json.dumps(_answers(side)))


def _answers(side: GuestSide) -> dict[str, Any]:
    mine, other = side.menu.booted(packages=["web"]), side.menu.booted()
    settings = side.pull(mine).json
    vendordata = [_vendordata(side, mine, version) for version in ("2016-10-06", "2020-10-14", "latest")]
    generation = settings["parts"]["package_menu"]["generation"]
    told = {"part": "package_menu", "generation": generation, "ok": True, "packages": {"web": "web"}, "message": ""}
    reported = side.report(mine, told).status_int
    return {
        "settings": settings,
        "vendordata": [unpacked(one["cloud-init"][0])["settings"] for one in vendordata],
        "is the same": len({json.dumps(one["cloud-init"]) for one in vendordata}) == 1,
        "reported": reported,
        "state": side.delivery(mine)["state"],
        "others state": side.delivery(other)["state"],
        "forged": {how: _tried(side, headers) for how, headers in _forged(side, mine, other).items()},
    }


def _vendordata(side: GuestSide, server: str, version: str) -> Any:
    return side.meta.get(f"/openstack/{version}/vendor_data2.json", headers=side.guest(server)).json


def _forged(side: GuestSide, mine: str, other: str) -> dict[str, dict[str, str]]:
    good = side.guest(mine)
    return {
        "no headers": {},
        "no signature": {name: value for name, value in good.items() if name != "X-Instance-ID-Signature"},
        "no project": {name: value for name, value in good.items() if name != "X-Tenant-ID"},
        "a made-up signature": good | {"X-Instance-ID-Signature": "0" * 64},
        "another's signature": good | {"X-Instance-ID-Signature": signed(other)},
        "in capitals": good | {"X-Instance-ID-Signature": signed(mine).upper()},
        "another project": good | {"X-Tenant-ID": "bob-project"},
        "two ids": good | {"X-Instance-ID": f"{mine},{other}"},
        "another's id, own signature": good | {"X-Instance-ID": other},
        "a load balancer's headers": {"X-Metadata-Provider": "x", "X-Instance-ID": mine},
    }


def _tried(side: GuestSide, headers: dict[str, str]) -> Any:
    ours = side.meta.get(SETTINGS, headers=headers, status="*")
    novas = side.meta.get("/openstack/latest/meta_data.json", headers=headers, status="*")
    return [ours.status_int, ours.body == novas.body, "web" in ours.text]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable()
    main()
    sys.stdout.flush()
