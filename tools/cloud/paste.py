"""Our filters in a host's paste file: which there are, and the sections that they need."""

from __future__ import annotations

from pathlib import Path

#: In front of Glance and of Nova, each in the order in which they stand.
IN_GLANCE = ("instance_aware", "props_override")
IN_NOVA = ("instance_aware_nova", "props_override_nova", "package_menu")


def sections(words: str, conf: Path | None) -> str:
    """The sections of those words of a pipeline that are ours.

    :param conf: the suite's configuration file
    """
    ours = [word for word in words.split() if word in (*IN_GLANCE, *IN_NOVA)]
    return "".join(f"\n[filter:{word}]\nuse = egg:glance_related#{word}\nconfig_file = {conf}\n" for word in ours)
