"""What is wrong at the services: Glance's configuration and schema, the account, what Glance's tables hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.check.roles import RolesAccount, check_roles
from glance_related.cmd.glance_conf import GlanceConf
from glance_related.db.glance_tables import GlanceTables
from glance_related.hosts.account import GlanceAccount, Unreachable
from glance_related.instance_aware import rules
from glance_related.instance_aware.reconcile import Refused, prove
from glance_related.instance_aware.store import Store
from glance_related.instance_aware.strangers import Kind, count_strangers
from glance_related.settings.options import ConfigError, Settings
from glance_related.wsgi.caller import SERVICE_ROLE


def check_glance_conf(conf: GlanceConf) -> Iterator[Finding]:
    """Whom Glance takes for a service, and what its schema demands."""
    if not conf.service_token_roles_required:
        yield error(
            "glance.service_tokens_not_required",
            "[keystone_authtoken] service_token_roles_required is not true in Glance's configuration, so a customer's "
            "own token passes there as a service's; set it to true.",
        )
    if SERVICE_ROLE not in [role.lower() for role in conf.service_token_roles]:
        yield error(
            "glance.service_role",
            f"[keystone_authtoken] service_token_roles does not contain '{SERVICE_ROLE}' in Glance's configuration, so "
            "Nova's service tokens count for nothing; add it, and give Nova's user that role.",
        )
    path = conf.find_file("schema-image.json")
    if path is not None:
        yield from _schema(Path(path))


def _schema(path: Path) -> Iterator[Finding]:
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        yield error(
            "glance.schema_unreadable", f"{path} cannot be read as JSON, and Glance fails over it; put it right."
        )
        return
    required = schema.get("required") if isinstance(schema, dict) and "properties" in schema else None
    for name in rules.NAMES:
        if isinstance(required, list) and name in required:
            yield error(
                "glance.schema_required",
                f"{path} makes {name} required, but it never reaches Glance, which then refuses every image; take it "
                "out of 'required'.",
            )


def check_account(settings: Settings, store: Store | None) -> Iterator[Finding]:
    """Whether ``reconcile`` can work, and the registered users are there.

    :param store: None where the suite's database cannot be asked
    """
    if not settings.conf.account.auth_type:
        yield warning(
            "account.missing",
            f"[account] is not set in {settings.config_file}, so reconcile cannot ask Glance; name a user there who is "
            "admin in Glance.",
        )
        return
    try:
        account = RolesAccount(settings)
        account.endpoint()
        if store is not None:
            yield from _judge_glance(account, store)
            yield from _users(account, store)
    except ConfigError as problem:
        yield error("account.wrong", str(problem))
    except Unreachable as problem:
        yield warning("account.unreachable", f"{problem} What it would say was not checked.".replace("\n", " "))


def _judge_glance(account: GlanceAccount, store: Store) -> Iterator[Finding]:
    try:
        account.get("/")
    except Unreachable as problem:
        yield warning("account.unreachable", str(problem))
        return
    try:
        prove(account, store)
    except Refused as refused:
        yield error("account.not_believed", f"reconcile would refuse to work: {refused}")


def _users(account: RolesAccount, store: Store) -> Iterator[Finding]:
    services = []
    for installation in store.installations():
        for user in (*installation.service_users, *installation.trusted_programs):
            if account.user_exists(user) is False:
                yield warning(
                    "installation.no_such_user",
                    f"installation '{installation.name}' names user {user}, whom Keystone does not know; register the "
                    "user's id, not its name.",
                )
            elif user in installation.service_users:
                services.append((installation.name, user))
    yield from check_roles(account, services)


def check_strangers(tables: GlanceTables, store: Store, progress: Callable[[int, int], None]) -> Iterator[Finding]:
    """Native properties of our names, which are neither shown nor matched."""
    counted = count_strangers(tables, store, progress)
    importable = counted.pop(Kind.IMPORTABLE, 0)
    if importable:
        yield warning(
            "strangers.importable",
            f"{importable} images carry a native tuple of a registered installation, which is neither shown nor "
            "matched; run 'reconcile --import --dry-run', then without --dry-run, to take them over.",
        )
    others: dict[str, Any] = {kind.name.lower(): number for kind, number in counted.items()}
    if others:
        said = ", ".join(f"{name}: {number}" for name, number in sorted(others.items()))
        yield warning(
            "strangers.others",
            f"{sum(others.values())} images carry native properties of our names that cannot be taken over ({said}); "
            "they are neither shown nor matched, and may stay.",
        )
