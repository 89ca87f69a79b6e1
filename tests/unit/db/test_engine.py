"""What the engine makes of an operator's URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance_related.db.engine import open_engine
from glance_related.settings.options import ConfigError, load


@pytest.mark.parametrize("scheme", ["mysql+pymysql", "mariadb+pymysql"])
def test_mariadb_under_either_name_waits_no_longer_than_it_may(scheme: str) -> None:
    url = open_engine(f"{scheme}://app:secret@db/app?charset=utf8&read_timeout=600", 2.5).url
    assert url.get_backend_name() == "mysql"
    assert url.query == {"charset": "utf8mb4", "connect_timeout": "3", "read_timeout": "3", "write_timeout": "3"}


def test_an_upgrade_may_take_its_time() -> None:
    assert open_engine("mysql+pymysql://app:secret@db/app", None).url.query == {"charset": "utf8mb4"}
    assert open_engine("postgresql+psycopg2://app:secret@db/app", None).url.query == {}


def test_libpq_is_told_two_seconds_where_it_would_take_one_for_two() -> None:
    assert open_engine("postgresql+psycopg2://db/app", 1.0).url.query == {"connect_timeout": "2"}


@pytest.mark.parametrize(
    "connection",
    [
        "mysql+pymysql://app:secret@part:secret@db/app",
        "postgresql+psycopg2://app@db:secret/app",
        "app:secret@db/app",
        "nothing+secret://db/app",
    ],
)
def test_a_url_that_is_none_is_refused_without_a_part_of_it(connection: str, tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    conf.write_text(f"[database]\nconnection = {connection}\n")
    with pytest.raises(ConfigError) as refused:
        load(str(conf))
    assert "[database] connection" in str(refused.value)
    assert "secret@" not in str(refused.value)
    assert "'secret'" not in str(refused.value)
