"""What is wrong at Nova: its service token, which installation it is, and whether its users are registered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.nova_conf import NovaConf, NovaUser
from glance_related.hosts.account import GlanceAccount, Unreachable
from glance_related.instance_aware.register import Installation
from glance_related.settings.options import ConfigError, Settings

_OUR_TARGET = re.compile(r"/v2(\.1)?(/[^/]+)?/vendordata/?$")


def check_nova_conf(conf: NovaConf) -> Iterator[Finding]:
    """Whether Nova says at Glance that it is Nova."""
    if not conf.sends_service_token:
        yield error(
            "nova.service_token_not_sent",
            f"[service_user] send_service_user_token is not true in {conf.files[-1]}, so nova-compute and "
            "nova-conductor ask Glance in the customer's name alone, and what is shown to customers gets into servers; "
            "set it to true, and name Nova's user there.",
        )
    elif not any(user.section == "service_user" for user in conf.users()):
        yield error(
            "nova.no_service_user",
            f"[service_user] send_service_user_token is true in {conf.files[-1]}, and no user is named there; "
            "set auth_type, username and the rest of [keystone_authtoken] there too.",
        )


def our_targets(conf: NovaConf) -> list[str]:
    """Under which names Nova asks the suite for vendordata."""
    return [name for name, url in conf.vendordata_targets if _OUR_TARGET.search(url)]


def check_vendordata(conf: NovaConf) -> Iterator[Finding]:
    """Whether what the suite has for a guest's first boot reaches it."""
    ours = our_targets(conf)
    where = f"in {conf.files[-1]}, as of nova-metadata and of every nova-compute,"
    for name in ours:
        if name != "cloud-init":
            yield error(
                "nova.vendordata_name",
                f"[api] vendordata_dynamic_targets {where} calls the suite's target {name}, of which cloud-init takes "
                "no notice; call it cloud-init.",
            )
    if ours and not conf.asks_for_vendordata:
        yield error(
            "nova.vendordata_not_asked",
            f"[api] vendordata_providers {where} does not have DynamicJSON, so nobody asks the suite's target; add it.",
        )
    if ours and not conf.has_vendordata_user:
        yield error(
            "nova.vendordata_without_user",
            f"[vendordata_dynamic_auth] {where} names no user, so the suite's target refuses Nova and guests get "
            "nothing at their first boot; set auth_type and the rest of [keystone_authtoken] there too.",
        )


def check_installation(settings: Settings, registered: list[Installation] | None) -> Iterator[Finding]:
    """Whether the filter in front of Nova knows which Nova it is.

    :param registered: None where the suite's database cannot be asked
    """
    uuid = settings.instance_aware.nova_installation_uuid
    if uuid is None:
        yield error(
            "nova.no_installation",
            f"[instance_aware] nova_installation_uuid is not set in {settings.config_file}, and nova-api does not "
            "start; set it to the UUID that 'glance-related-manage generate-installation-uuid --register NAME' prints.",
        )
    elif registered is not None and uuid not in [one.nova_installation_uuid for one in registered]:
        yield error(
            "nova.unknown_installation",
            f"[instance_aware] nova_installation_uuid is {uuid}, which nobody registered, so no image is bound; run "
            f"'glance-related-manage installation add {uuid} --name NAME --service-user ID'.",
        )


def check_users(conf: NovaConf, settings: Settings, registered: list[Installation]) -> Iterator[Finding]:
    """Whether those who ask Glance for this Nova are registered as its users."""
    if not registered:
        return  # said already
    users: dict[tuple[str | None, ...], list[NovaUser]] = {}
    for user in conf.users():
        users.setdefault((user.user_id, user.username, user.domain_id, user.domain_name), []).append(user)
    keystone = _Keystone(settings)
    for same in users.values():
        where = f"[{'] and ['.join(user.section for user in same)}] in {conf.files[-1]}"
        user_id, why = keystone.id_of(same[0])
        if user_id is None:
            yield warning("nova.user_unchecked", f"whether the user of {where} is registered was not checked: {why}.")
        elif not user_id:
            yield error("nova.no_such_user", f"{where} names {same[0].username}, whom Keystone does not know.")
        else:
            yield from _registered(user_id, where, settings.instance_aware.nova_installation_uuid, registered)


def _registered(user_id: str, where: str, uuid: str | None, registered: list[Installation]) -> Iterator[Finding]:
    """Whether a user is a service user of the installation, or of any where none is named."""
    ours = [one for one in registered if uuid in (None, one.nova_installation_uuid)]
    if not ours or any(user_id in one.service_users for one in ours):
        return  # an installation that is not registered is said already
    named = ours[0] if len(ours) == 1 else None
    whose = f"installation '{named.name}'" if named else "any installation"
    known_as, name = (named.nova_installation_uuid, named.name) if named else ("UUID", "NAME")
    other = [f"a service user of '{one.name}'" for one in registered if user_id in one.service_users]
    other += [f"a trusted program of '{one.name}'" for one in registered if user_id in one.trusted_programs]
    known = f" (it is {' and '.join(other)})" if other else ""
    yield error(
        "nova.user_not_registered",
        f"user {user_id} of {where} is no service user of {whose}{known}, so what it makes is not bound; run "
        f"'glance-related-manage installation add {known_as} --name {name} --service-user {user_id}'.",
    )


class _Keystone:
    """Keystone, asked as the suite's own user for the ids of names.

    :param settings: ``[account]`` may be missing
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._account: GlanceAccount | None = None

    def id_of(self, user: NovaUser) -> tuple[str | None, str]:
        """A user's id, empty where there is no such user; or None, and why that is not known."""
        if user.user_id:
            return user.user_id, ""
        if not user.username:
            return None, "neither username nor user_id is set there"
        if not self._settings.conf.account.auth_type:
            return None, f"[account] is not set in {self._settings.config_file}, so Keystone cannot be asked"
        try:
            self._account = self._account or GlanceAccount(self._settings)
            found = self._account.user_ids(user.username, user.domain_id, user.domain_name)
        except (ConfigError, Unreachable) as problem:
            return None, " ".join(str(problem).split()).rstrip(".")
        if found is None:
            return None, "Keystone does not tell the suite's account"
        if len(found) > 1:
            return None, f"there are {len(found)} users of that name, and no domain is named"
        return (found[0] if found else ""), ""
