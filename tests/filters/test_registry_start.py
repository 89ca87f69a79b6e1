"""The registry filter in a paste file: how it starts, and when it does not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import webtest
from paste.deploy import loadapp

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.hosts.registry import errors
from glance_related.instance_aware import instance_aware_registry_filter
from glance_related.instance_aware.instance_aware_registry_filter import (
    InstanceAwareRegistryMiddleware,
    filter_factory,
)
from glance_related.settings.options import ConfigError
from tests.filters.registry_cloud import ADMIN, ALICE, BOB, TUPLE

MANUAL = str(instance_aware_registry_filter.__doc__)


def configured(
    tmp_path: Path, options: str = "[instance_aware]\nallow_no_auth = true\nallow_unknown_installations = on"
) -> Path:
    config = tmp_path / "glance-related.conf"
    config.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/ours.sqlite\n{options}\n")
    return config


def upgraded(tmp_path: Path) -> None:
    migration.upgrade(Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite")).engine)


def of_the_manual(config: Path) -> str:
    """The paste file that the manual shows, with our own configuration file in it."""
    lines = [line[4:] for line in MANUAL.splitlines() if line.startswith("    ") or not line]
    start = lines.index("[pipeline:glance-registry]")
    text = "\n".join(lines[start:])
    return text.replace("/etc/glance-related/glance-related.conf", str(config))


def test_the_manuals_paste_file_serves_images_with_their_instances(tmp_path: Path) -> None:
    ini = tmp_path / "glance-registry-paste.ini"
    ini.write_text(of_the_manual(configured(tmp_path)))
    upgraded(tmp_path)
    app: Any = webtest.TestApp(loadapp(f"config:{ini}", name="glance-registry"), lint=True)
    made = app.post_json("/images", {"image": {"name": "backup", "properties": TUPLE}}, headers=ADMIN).json["image"]
    assert made["properties"] == TUPLE
    found = app.get("/images/detail?property-instance_id=i-1", headers=ADMIN).json["images"]
    assert [image["id"] for image in found] == [made["id"]]
    assert app.get("/images", headers=ALICE).json == {"images": []}


def test_the_reference_registrys_limits_can_be_set_in_the_paste_file(tmp_path: Path) -> None:
    ini = tmp_path / "paste.ini"
    ini.write_text(
        "[app:registry]\nuse = egg:glance_related#reference_registry\nlimit_param_default = 2\napi_limit_max = 3\n"
    )
    app: Any = webtest.TestApp(loadapp(f"config:{ini}", name="registry"), lint=True)
    for _ in range(4):
        app.post_json("/images", {"image": {"is_public": True}}, headers=BOB)
    assert len(app.get("/images").json["images"]) == 2
    assert len(app.get("/images?limit=100").json["images"]) == 3


@pytest.mark.parametrize("options", ["", "[instance_aware]\nallow_no_auth = false"])
def test_it_does_not_start_unless_the_operator_says_that_headers_may_be_believed(tmp_path: Path, options: str) -> None:
    config = configured(tmp_path, options)
    upgraded(tmp_path)
    with pytest.raises(
        ConfigError, match=re.escape(f"set [instance_aware] allow_no_auth = true in {config}.")
    ) as error:
        filter_factory({}, config_file=str(config))
    assert str(error.value).count(". ") == 0  # one sentence


def test_it_does_not_start_over_a_database_without_tables(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="db upgrade"):
        filter_factory({}, config_file=str(configured(tmp_path)))


def routes_of_the_manual() -> set[tuple[str, str]]:
    """The first column of its table of requests, spelt out."""
    found: set[tuple[str, str]] = set()
    table = MANUAL.partition("Requests it changes")[2].partition("Every other path")[0]
    for column in re.findall(r"^((?:GET|POST|PUT|DELETE).*?)  ", table, re.MULTILINE):
        methods: list[str] = []
        for word in re.findall(r"[A-Z]+|[/.][^\s,]*", column.replace("...", "/images/{image_id}")):
            if word.isupper():
                methods.append(word)
            else:
                found |= {(method, word) for method in methods}
                methods = []
    return found


def test_the_manual_names_every_route_and_every_problem() -> None:
    assert routes_of_the_manual() == {(route.method, route.path) for route in InstanceAwareRegistryMiddleware.routes}
    named = re.findall(r"^(registry\.\w+) +(\d+) ", MANUAL, re.MULTILINE)
    assert {(code, int(status)) for code, status in named} == {(kind.code, kind.status) for kind in errors.PROBLEMS}
