"""What the filters of a process share, and what stops a start-up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oslo_config import cfg
from paste.deploy import loadapp, loadfilter

from glance_related.db import migration
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware, filter_factory
from glance_related.settings.options import ConfigError
from glance_related.suite import open_suite
from glance_related.testing.fake_glance import FakeGlance


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "glance-related.conf"
    path.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/ours.sqlite\n")
    return path


@pytest.fixture
def flavor() -> Any:
    """Glance's own option, as its process has it."""
    opt = cfg.StrOpt("flavor")
    ours = "paste_deploy" not in cfg.CONF or "flavor" not in cfg.CONF.paste_deploy
    if ours:  # else a Glance lives in this process already
        cfg.CONF.register_opt(opt, group="paste_deploy")
    yield lambda value: cfg.CONF.set_override("flavor", value, group="paste_deploy")
    cfg.CONF.clear_override("flavor", group="paste_deploy")
    if ours:
        cfg.CONF.unregister_opt(opt, group="paste_deploy")


@pytest.fixture(autouse=True)
def a_pipeline_with_keystone(flavor: Any) -> None:
    """A Glance that an earlier test has left in this process says nothing of how it is authenticated."""
    flavor("keystone")


def test_two_filters_of_a_process_share_one_suite(config: Path) -> None:
    assert open_suite(str(config)) is open_suite(str(config))


def test_tables_that_are_missing_stop_the_start_with_the_command_that_makes_them(config: Path) -> None:
    with pytest.raises(ConfigError, match=f"run 'glance-related-manage --config-file {config} db upgrade'"):
        filter_factory({}, config_file=str(config))


def test_tables_of_a_newer_release_do_not_stop_the_start(config: Path) -> None:
    suite = open_suite(str(config))
    migration.upgrade(suite.database.engine)
    with suite.database.engine.connect() as connection:
        connection.exec_driver_sql(f"update {migration.VERSION_TABLE} set version_num = 'ffff'")
        connection.commit()
    assert callable(filter_factory({}, config_file=str(config)))


def test_a_database_that_is_down_does_not_stop_the_start(tmp_path: Path) -> None:
    config = tmp_path / "glance-related.conf"
    config.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/no/such/folder/ours.sqlite\n")
    assert callable(filter_factory({}, config_file=str(config)))


@pytest.mark.parametrize("name", ["", "caching", "cachemanagement"])
def test_a_stock_pipeline_without_authentication_stops_the_start(config: Path, flavor: Any, name: str) -> None:
    flavor(name)
    with pytest.raises(ConfigError, match=r"set it to keystone, or set \[instance_aware\] allow_no_auth = true"):
        filter_factory({}, config_file=str(config))


@pytest.mark.parametrize("name", ["keystone", "keystone+cachemanagement", "my-own"])
def test_other_pipelines_start(config: Path, flavor: Any, name: str) -> None:
    migration.upgrade(open_suite(str(config)).database.engine)
    flavor(name)
    assert callable(filter_factory({}, config_file=str(config)))


def test_a_stock_pipeline_without_authentication_starts_where_the_operator_says_so(tmp_path: Path, flavor: Any) -> None:
    config = tmp_path / "open.conf"
    config.write_text(
        f"[database]\nconnection = sqlite:///{tmp_path}/o.sqlite\n[instance_aware]\nallow_no_auth = true\n"
    )
    migration.upgrade(open_suite(str(config)).database.engine)
    flavor("")
    assert callable(filter_factory({}, config_file=str(config)))


def test_the_filter_is_loaded_by_its_paste_name(config: Path, tmp_path: Path) -> None:
    migration.upgrade(open_suite(str(config)).database.engine)
    paste = tmp_path / "paste.ini"
    paste.write_text(f"[filter:main]\nuse = egg:glance_related#instance_aware\nconfig_file = {config}\n")
    middleware = loadfilter(f"config:{paste}")(FakeGlance())
    assert isinstance(middleware, InstanceAwareMiddleware)


def test_a_mistake_in_the_configuration_stops_paste(tmp_path: Path) -> None:
    paste = tmp_path / "paste.ini"
    paste.write_text(
        f"[pipeline:main]\npipeline = ours app\n[filter:ours]\nuse = egg:glance_related#instance_aware\n"
        f"config_file = {tmp_path}/nowhere.conf\n[app:app]\nuse = egg:glance_related#reference_registry\n"
    )
    with pytest.raises(ConfigError, match="does not exist"):
        loadapp(f"config:{paste}")
