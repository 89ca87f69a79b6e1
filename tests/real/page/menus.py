"""Menus for the page: one that looks like a cloud's, and one of a thousand entries."""

from __future__ import annotations

from typing import Any

from tests.filters.page_side import ALICE, MALLORY, ROOT
from tests.real.page.cloud import Cloud

IMAGE = "0a1b2c3d-1111-4222-8333-444455556666"


def _entry(name: str, title: str, description: str, category: str, **more: Any) -> dict[str, Any]:
    about = {"name": name, "kind": "package", "title": title, "description": description, "category": category}
    return about | more


def _variable(type_: str, package: str, *words: str, **more: Any) -> dict[str, Any]:
    belongs = [package] if package else []
    return _entry(*words, **{"kind": "variable", "type": type_, "packages": belongs, "on_by_default": True, **more})


MENU = [
    _entry("apache", "Apache", "The web server, with TLS and HTTP/2.", "Web"),
    _variable("integer", "apache", "apache_port", "Port", "Where it listens.", "Web", default=80, min=1, max=65535),
    _variable(
        "string", "apache", "apache_docroot", "Document root", "The folder that is served.", "Web",
        default="/var/www/html", pattern="/[a-z/]*",
    ),
    _variable("list", "apache", "apache_modules", "Modules", "Loaded at its start.", "Web", default=["ssl", "http2"]),
    _entry("varnish", "Varnish", "A cache before the web server.", "Web"),
    _entry("postgresql", "PostgreSQL", "The database server.", "Databases"),
    _variable(
        "choice", "postgresql", "postgresql_version", "Version", "", "Databases", enum=["14", "15", "16"], default="15"
    ),
    _variable(
        "secret", "postgresql", "postgresql_password", "Administrator's password", "Of the user postgres.", "Databases",
        required=True,
    ),
    _variable(
        "number", "postgresql", "postgresql_memory", "Share of the memory", "Of what the server has.", "Databases",
        default=0.25, min=0.05, max=0.8,
    ),
    _entry("redis", "Redis", "A store of keys and values, in memory.", "Databases"),
    _entry("node_exporter", "Node exporter", "Figures for Prometheus.", "Monitoring", on_by_default=True),
    _entry("filebeat", "Filebeat", "Ships logs.", "Monitoring"),
    _variable(
        "text", "", "motd", "Message of the day", "Shown to whoever logs in.", "System",
        default="This server is managed.\nAsk the operations team.",
    ),
    _variable("list", "", "ntp_servers", "Time servers", "", "System", default=["0.debian.pool.ntp.org"]),
    _variable(
        "boolean", "", "unattended_upgrades", "Upgrades without asking", "Security updates, at night.", "System",
        default=True,
    ),
    _entry(
        "lamp", "Web shop", "Apache and PostgreSQL, made for each other.", "Bundles", kind="bundle",
        contents={"packages": ["apache", "postgresql"], "variables": {"apache_port": 8080}},
    ),
]  # fmt: skip

_TYPES = ("integer", "string", "boolean", "list")
THOUSAND = [
    _entry(
        f"package_{number:04}", f"Package {number}", f"What package number {number} is good for, in a usual sentence.",
        f"Category {number % 20:02}", on_by_default=True,
    )
    if number % 3
    else _variable(
        _TYPES[number % 4], "", f"variable_{number:04}", f"Variable {number}", f"What number {number} says to it.",
        f"Category {number % 20:02}",
    )
    for number in range(1000)
]  # fmt: skip


def prepare(cloud: Cloud) -> None:
    """The first menu, as a project has it whose manager has chosen something."""
    cloud.publish(ROOT, *MENU)
    for name in ("apache", "varnish", "postgresql", "redis", "filebeat", "lamp"):
        cloud.say(ROOT, ALICE.project_id, name, "available")
    cloud.say(MALLORY, ALICE.project_id, "apache", "default")
    cloud.say(MALLORY, ALICE.project_id, "apache_port", "default", 8000)


def server(cloud: Cloud, name: str, **settings: Any) -> str:
    """A server of alice's; its id."""
    document = {"server": {"name": name, "imageRef": IMAGE, **settings}}
    reply = cloud.ask(ALICE, "POST", "/servers", document)
    assert reply.status_code == 202, reply.text
    return str(reply.json()["server"]["id"])
