"""What is wrong on our own side: configuration file, database, policies, registered installations."""

from __future__ import annotations

import difflib
import logging
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from oslo_config import cfg
from oslo_policy import opts as policy_opts
from oslo_policy import policy

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown
from glance_related.instance_aware.store import Store
from glance_related.settings.options import ACCOUNT_GROUP, POLICY_FILE_DEFAULT, Settings
from glance_related.settings.policy import list_rules


def check_file(settings: Settings) -> Iterator[Finding]:
    """The configuration file itself: it holds passwords, and everyone on the host could read them."""
    url = settings.database.connection
    sections: dict[str, dict[str, list[str]]] = {}
    cfg.ConfigParser(settings.config_file, sections).parse()
    secret = (
        bool(settings.riders.mark_keys)
        or re.match(r"[^:]+://[^@]*:[^@]+@", url) is not None
        or any(word in name for name in sections.get(ACCOUNT_GROUP, {}) for word in ("password", "token", "secret"))
    )
    path = Path(settings.config_file)
    if secret and path.stat().st_mode & 0o007:
        yield error(
            "config.readable_by_others",
            f"{path} contains a password or a key and everyone may read it; run 'chmod o= {path}'.",
        )
    if url.startswith("sqlite"):
        yield warning(
            "database.sqlite",
            "[database] connection is SQLite, which is for one API host only: two would keep two truths; use "
            "PostgreSQL or MariaDB where there are more.",
        )


def check_database(settings: Settings, database: Database) -> Iterator[Finding]:
    """Whether the database answers, and its schema is there and new enough."""
    try:
        revision = database.read(migration.version)
        current = database.read(migration.is_current)
    except DatabaseDown as down:
        yield error(
            "database.down",
            f"the database in [database] connection does not answer ({down}); start it, or put the URL right.",
        )
        return
    upgrade = f"run 'glance-related-manage --config-file {settings.config_file} db upgrade'"
    if revision is None:
        yield error("database.no_tables", f"the database has no tables of ours; {upgrade}.")
    elif not current:
        yield error(
            "database.old",
            f"the tables are at revision {revision}, and this release needs {migration.head()}; {upgrade}.",
        )


def check_installations(store: Store) -> Iterator[Finding]:
    """Whether the Novas that are registered can bind anything."""
    installations = store.installations()
    if not installations:
        yield warning(
            "installation.none",
            "no Nova is registered, so no image can be bound; run 'installation add UUID --name NAME'.",
        )
    users: dict[str, list[str]] = {}
    for installation in installations:
        uuid = installation.nova_installation_uuid
        if not installation.service_users and not installation.trusted_programs:
            yield warning(
                "installation.no_users",
                f"installation '{installation.name}' has no users; run 'installation add {uuid} "
                f"--name {installation.name} --service-user ID', with the user of Nova's own services.",
            )
        for user in installation.service_users:
            users.setdefault(user, []).append(installation.name)
    for user, names in users.items():
        if len(names) > 1:
            yield error(
                "installation.shared_user",
                f"user {user} is the service user of {' and '.join(names)}, so nobody knows whose images it makes; "
                "give each Nova a user of its own.",
            )


def check_policies(settings: Settings) -> Iterator[Finding]:
    """Whether the operator's policy file says what it is meant to say.

    oslo.policy takes a rule that it cannot read for one that refuses everybody, and one that nobody asks
    for it keeps in silence.
    """
    policy_opts.set_defaults(settings.conf, policy_file=POLICY_FILE_DEFAULT)
    named = settings.conf.oslo_policy.policy_file
    path = settings.conf.find_file(named)
    if path is None:
        if named != POLICY_FILE_DEFAULT:
            yield error("policy.no_file", f"[oslo_policy] policy_file is {named}, which is not there; put it right.")
        return
    rules, findings = _read_rules(path)
    yield from findings
    defaults = {rule.name: rule for rule in list_rules()}
    texts = {name: str(rule) for name, rule in rules.items()}
    for name, rule in texts.items():
        if rule.strip() != "!" and str(_parsed(rule)) == "!":
            yield error(
                "policy.bad_rule", f"{path}: the rule of '{name}' cannot be read and refuses everybody; put it right."
            )
        for referred in _references(rule):
            if referred not in texts and referred not in defaults:
                yield error(
                    "policy.no_such_rule", f"{path}: '{name}' refers to rule:{referred}, which is not there; add it."
                )
    helpers = {referred for rule in texts.values() for referred in _references(rule)}
    for name in sorted(set(texts) - set(defaults) - helpers):
        close = difflib.get_close_matches(name, sorted(defaults), n=1)
        hint = f"did you mean '{close[0]}'?" if close else "take it out."
        yield error("policy.unknown_rule", f"{path}: nobody asks for '{name}'; {hint}")


def _read_rules(path: str) -> tuple[Mapping[str, Any], list[Finding]]:
    try:
        rules: Any = policy.parse_file_contents(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        return {}, [error("policy.unreadable", f"{path} cannot be read ({problem.strerror}); mend its owner or mode.")]
    except (ValueError, UnicodeDecodeError):
        return {}, [error("policy.unreadable", f"{path} is no YAML; put it right.")]
    if not isinstance(rules, dict):
        return {}, [error("policy.unreadable", f"{path} must be a list of 'name: rule'; put it right.")]
    return rules, []


def _parsed(rule: str) -> Any:
    logging.getLogger("oslo_policy").setLevel(logging.CRITICAL)  # the finding says it
    return policy.Rules.from_dict({"rule": rule})["rule"]


def _references(rule: str) -> list[str]:
    words = rule.replace("(", " ").replace(")", " ").split()
    return [word.removeprefix("rule:") for word in words if word.startswith("rule:")]
