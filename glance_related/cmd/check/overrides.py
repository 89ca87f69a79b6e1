"""What is wrong with system 2: one side without the other, other property protections, protections that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glance_related.cmd.check.findings import Finding, error, note, warning
from glance_related.db.database import Database
from glance_related.instance_aware.register import Installation
from glance_related.props_override.rights import Rights
from glance_related.props_override.started import NONE, UNREAD, AtNova, recorded_at_glance, recorded_at_nova
from glance_related.settings.options import ConfigError, Settings


def check_protections(settings: Settings) -> Iterator[Finding]:
    """Whether the filter in front of this host's Nova starts."""
    try:
        Rights(settings.props_override, settings.config_file)
    except ConfigError as problem:
        yield error("overrides.bad_protections", str(problem))


def check_sides(
    registered: Sequence[Installation], own: str | None, database: Database, *, is_here: bool
) -> Iterator[Finding]:
    """Whether what the filters in front of Glance and of each Nova have started with fits.

    :param own: which Nova this host is of
    :param is_here: whether the filter stands in front of it
    :raises DatabaseDown:
    """
    at_glance = recorded_at_glance(database)
    novas = {one.name: recorded_at_nova(database, one.nova_installation_uuid) for one in registered}
    if at_glance is None and (is_here or any(novas.values())):
        yield error(
            "overrides.glance_unseen",
            "the filter props_override has not started in front of Glance with this database, so every boot with "
            "image_props_override is refused; put the word props_override behind context there, and restart "
            "glance-api.",
        )
    for name, at_nova in novas.items():
        if at_nova is not None:
            yield note(
                "overrides.properties", f"in front of Nova '{name}' image properties are judged as by {at_nova.source}."
            )
            yield from _same_protections(name, at_nova, at_glance)
    if is_here and own in [one.nova_installation_uuid for one in registered]:
        (name,) = [one.name for one in registered if one.nova_installation_uuid == own]
        if novas[name] is None:
            yield warning(
                "overrides.nova_unseen",
                f"the filter props_override_nova has not started in front of Nova '{name}' yet; restart nova-api.",
            )


def _same_protections(name: str, at_nova: AtNova, at_glance: str | None) -> Iterator[Finding]:
    if at_glance is None or at_nova.protections == at_glance:
        return
    if at_glance == UNREAD:
        yield warning(
            "overrides.protections_unread",
            "Glance's own property_protection_file could not be read where its filter started, so whether Nova's side "
            "has a copy of it was not checked.",
        )
        return
    glances = "Glance has none" if at_glance == NONE else "Glance has its own"
    novas = "has none" if at_nova.protections == NONE else "goes by others"
    yield error(
        "overrides.other_protections",
        f"{glances}, and what stands in front of Nova '{name}' {novas}: property protections must be the same; copy "
        "Glance's property_protection_file there, name it in [props_override] property_protection_file, and restart "
        "nova-api, and glance-api where its file is newer than its start.",
    )
