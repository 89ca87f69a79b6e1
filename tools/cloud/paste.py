"""Our words in a host's paste file: which there are, and the sections that they need."""

from __future__ import annotations

from pathlib import Path

#: In front of Glance and of Nova, each in the order in which they stand.
IN_GLANCE = ("instance_aware", "props_override")
IN_NOVA = ("glance_related", "instance_aware_nova", "props_override_nova", "package_menu")

#: In front of Nova's metadata service.
IN_METADATA = ("guest_meta",)

#: Where the page is, beside Nova's API.
PAGE = "/package-menu-ui"

_PAGE = """
[composite:package_menu_ui]
use = egg:glance_related#package_menu_ui
api = openstack_compute_api_v21
config_file = {conf}
"""


def sections(words: str, conf: Path | None) -> str:
    """The sections of those words of a pipeline that are ours.

    :param conf: the suite's configuration file
    """
    ours = [word for word in words.split() if word in (*IN_GLANCE, *IN_NOVA, *IN_METADATA)]
    return "".join(f"\n[filter:{word}]\nuse = egg:glance_related#{word}\nconfig_file = {conf}\n" for word in ours)


def with_page(text: str, conf: Path | None) -> str:
    """Nova's paste file with a door for the page; `conf` as above."""
    head = "[composite:osapi_compute]\nuse = call:nova.api.openstack.urlmap:urlmap_factory\n"
    if head not in text:
        raise ValueError(f"no such lines: {head}")
    return text.replace(head, f"{head}{PAGE}: package_menu_ui\n") + _PAGE.format(conf=conf)
