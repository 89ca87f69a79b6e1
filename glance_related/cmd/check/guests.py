"""What is wrong with how guests come by what is theirs, where the driver ``guest`` is to hand it over."""

from __future__ import annotations

from collections.abc import Iterator

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.check.nova import our_targets
from glance_related.cmd.check.nova_pipelines import IN_METADATA, METADATAS_PLACE, stands_in_nova
from glance_related.cmd.nova_conf import NovaConf
from glance_related.cmd.paste import PasteFile, Pipeline
from glance_related.settings.options import Settings

#: The driver that hands settings to guests.
GUEST = "guest"
#: The filter that is Nova's vendordata target, and that of the menu.
_VENDORDATA, _MENU = "glance_related", "package_menu"

_DRIVERS = "[package_menu] package_management_driver"


def check_guests(settings: Settings, paste: PasteFile | None, conf: NovaConf | None) -> Iterator[Finding]:
    """Whether guests are served on both ways: at their first boot, and from the metadata service.

    :param paste: Nova's, where there is one
    :param conf: the same
    """
    if GUEST not in settings.package_menu.package_management_driver:
        yield from _served_nothing(settings, paste, conf)
        return
    if paste is not None:
        for pipeline in _of_metadata(paste):
            if IN_METADATA not in pipeline.systems():
                yield warning(
                    "nova_paste.no_guest_meta",
                    f"{pipeline.title} does not contain {IN_METADATA}, and {_DRIVERS} names {GUEST}: where this host "
                    f"serves metadata, guests that ask for what is theirs are answered 404; put the word {IN_METADATA} "
                    f"{METADATAS_PLACE}, and add [filter:{IN_METADATA}] with 'use = egg:glance_related#{IN_METADATA}'.",
                )
        if stands_in_nova(paste, _MENU) and not stands_in_nova(paste, _VENDORDATA):
            yield error(
                "nova_paste.no_vendordata",
                f"{paste.path} has no filter {_VENDORDATA}, which hands guests what is theirs at their first boot, and "
                f"{_DRIVERS} names {GUEST}; put the word {_VENDORDATA} right behind authtoken, and add "
                f"[filter:{_VENDORDATA}] with 'use = egg:glance_related#{_VENDORDATA}'.",
            )
    if conf is not None and not our_targets(conf):
        also = "" if conf.asks_for_vendordata else ", and DynamicJSON to [api] vendordata_providers"
        yield warning(
            "nova.vendordata_no_target",
            f"[api] vendordata_dynamic_targets in {conf.files[-1]}, as of nova-metadata and of every nova-compute, "
            f"does not name the suite, and {_DRIVERS} names {GUEST}: guests get nothing at their first boot, and no "
            f"program that asks later; add cloud-init@http://CONTROLLER:8774/v2.1/vendordata{also}.",
        )


def _of_metadata(paste: PasteFile) -> Iterator[Pipeline]:
    for pipeline in paste.pipelines:
        if pipeline.words and (pipeline.name == "meta" or pipeline.words[-1].name == "metaapp"):
            yield pipeline


def _served_nothing(settings: Settings, paste: PasteFile | None, conf: NovaConf | None) -> Iterator[Finding]:
    """What stands there for guests, and has nothing for them."""
    standing = [word for word in (IN_METADATA, _VENDORDATA) if paste is not None and stands_in_nova(paste, word)]
    standing += ["the target in [api] vendordata_dynamic_targets"] if conf is not None and our_targets(conf) else []
    if standing:
        names = " and ".join([", ".join(standing[:-1]), standing[-1]] if len(standing) > 1 else standing)
        yield warning(
            "package_menu.guest_not_named",
            f"{names} {'is' if len(standing) == 1 else 'are'} there for guests, and {_DRIVERS} in "
            f"{settings.config_file} does not name {GUEST}, so they get nothing; add it.",
        )
