"""What is wrong with our doors in Nova's paste file: the page that stands beside ``/v2.1``, and asks Nova's API."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterator

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.check.pipelines import check_config_file
from glance_related.cmd.paste import Door, PasteFile, our_doors
from glance_related.package_menu.options import PAGE_GROUP
from glance_related.settings.options import Settings

#: The page of the package menu.
PAGE = "package_menu_ui"
#: What it is made with, of the extra ``page``.
_TEMPLATES = "jinja2"
#: The filter whose API it asks.
_MENU = "package_menu"

_PLACE = "into [composite:osapi_compute], beside /v2.1"


def check_doors(paste: PasteFile, *, config_file: str) -> Iterator[Finding]:
    """Whether each door leads somewhere, and somebody comes to it.

    :param config_file: the suite's configuration that the other checks look at
    """
    for door in paste.doors:
        if door.system not in our_doors():
            close = difflib.get_close_matches(door.system, sorted(our_doors()), n=1, cutoff=0)
            yield error(
                "nova_paste.no_such_door",
                f"[composite:{door.name}]: the suite has no application {door.system}; did you mean {close[0]}?",
            )
            continue
        if not any(mount.application == door.name for mount in paste.mounts):
            yield error(
                "nova_paste.door_unused",
                f"[composite:{door.name}] is reached by no path; put '/package-menu-ui: {door.name}' {_PLACE}.",
            )
        yield from _api(paste, door)
        yield from check_config_file(f"composite:{door.name}", door.config_file, config_file, "nova_paste")
    for mount in paste.mounts:
        if mount.application in our_doors() and not paste.has_application(mount.application):
            yield error(
                "nova_paste.path_without_door",
                f"[{mount.section}] {mount.path} leads to {mount.application}, and there is no "
                f"[composite:{mount.application}]; Nova does not start: add the section.",
            )


def _api(paste: PasteFile, door: Door) -> Iterator[Finding]:
    """Whether it asks Nova's API, with the filter of the menu in it."""
    example = "api = openstack_compute_api_v21"
    if door.api is None:
        yield error(
            "nova_paste.door_without_api",
            f"[composite:{door.name}] does not say where Nova's API is, and Nova does not start; add '{example}'.",
        )
    elif not paste.has_application(door.api):
        yield error(
            "nova_paste.door_without_api",
            f"[composite:{door.name}] api is {door.api}, of which there is no section, and Nova does not start; "
            f"put it right, as '{example}'.",
        )
    elif not any(_MENU in pipeline.systems() for pipeline in paste.pipelines_of(door.api)):
        yield error(
            "nova_paste.door_without_menu",
            f"[composite:{door.name}] asks {door.api}, in which {_MENU} does not stand, so the page finds no menu; put "
            f"{_MENU} between authtoken and keystonecontext there.",
        )


def check_page(settings: Settings) -> Iterator[Finding]:
    """Whether the page starts, and keeps its cookie to itself."""
    page = settings.package_menu.page
    if not page.auth_url:
        yield error(
            "page.no_auth_url",
            f"[{PAGE_GROUP}] auth_url is not set in {settings.config_file}, and with the page in its paste file Nova's "
            "API does not start; set it to Keystone's URL, as http://controller:5000/v3.",
        )
    if importlib.util.find_spec(_TEMPLATES) is None:
        yield error(
            "page.no_extra",
            "the page needs Jinja2, which is not installed here, and with the page in its paste file Nova's API does "
            "not start; install glance_related[page], or take the page out of it.",
        )
    if page.insecure_cookie:
        yield warning(
            "page.insecure_cookie",
            f"[{PAGE_GROUP}] insecure_cookie is true in {settings.config_file}, so whoever listens to a connection "
            "without TLS can take a session over; take it out where anybody but you uses the page.",
        )
