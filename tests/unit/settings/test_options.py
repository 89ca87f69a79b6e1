"""A wrong or missing setting is one sentence that names the fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance_related.settings.options import ConfigError, Settings, load

GOOD = "[database]\nconnection = sqlite:////tmp/x.sqlite\n"


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "glance-related.conf"
    path.write_text(text)
    return load(str(path))


def test_the_defaults_are_safe(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    assert settings.database.connection == "sqlite:////tmp/x.sqlite"
    assert not settings.instance_aware.allow_unknown_installations
    assert not settings.instance_aware.allow_no_auth
    assert settings.instance_aware.customer_roles == ("member", "reader")


def test_what_the_operator_says_is_read(tmp_path: Path) -> None:
    text = GOOD + "timeout = 2\n[instance_aware]\ncustomer_roles = reader\nmax_body_bytes = 70000\ngrace_seconds = 60\n"
    settings = loaded(tmp_path, text)
    assert settings.database.timeout == 2.0
    assert settings.instance_aware.customer_roles == ("reader",)
    assert (settings.instance_aware.max_body_bytes, settings.instance_aware.grace_seconds) == (70000, 60)


def test_settings_are_frozen(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    with pytest.raises(AttributeError):
        settings.instance_aware.allow_no_auth = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        pytest.param("", "[database] connection is not set; set it to", id="no database"),
        pytest.param("[database]\nconnection =\n", "connection is not set", id="an empty database"),
        pytest.param("[database]\nconnection = nonsense\n", "is no SQLAlchemy URL", id="no URL"),
        pytest.param("[database]\nconnection = nosuch://x\n", "driver", id="an unknown database"),
        pytest.param("[database]\nconnection = mysql+nosuch://x\n", "driver", id="an unknown driver"),
        pytest.param("[database]\nconnection = sqlite+aiosqlite:///x\n", "driver", id="a driver that is not tested"),
        pytest.param("[database]\nconection = sqlite://\n", "did you mean connection?", id="a misspelt option"),
        pytest.param(GOOD + "[instance_awrae]\nx = 1\n", "did you mean instance_aware?", id="a misspelt section"),
        pytest.param(
            GOOD + "[instance_aware]\nallow_no_auht = 1\n", "did you mean allow_no_auth?", id="a misspelt switch"
        ),
        pytest.param(GOOD + "[instance_aware]\nallow_no_auth = maybe\n", "allow_no_auth", id="no boolean"),
        pytest.param(GOOD + "[instance_aware]\nmax_body_bytes = 5\n", "max_body_bytes", id="too small"),
        pytest.param(GOOD + "[instance_aware]\ngrace_seconds = x\n", "grace_seconds", id="no number"),
        pytest.param(GOOD + "not an option\n", "glance-related.conf", id="no ini file"),
    ],
)
def test_a_mistake_is_one_sentence_that_names_the_place(tmp_path: Path, text: str, needle: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    sentence = str(caught.value)
    assert needle in sentence
    assert "glance-related.conf" in sentence
    assert "\n" not in sentence


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"does not exist; create it from etc/glance-related.conf.sample"):
        load(str(tmp_path / "nowhere.conf"))


def test_a_password_in_the_url_is_never_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, "[database]\nconnection = mysql+nosuch://user:hunter2@host/db\n")
    assert "hunter2" not in str(caught.value)


def test_nothing_is_registered_in_the_global_configuration(tmp_path: Path) -> None:
    from oslo_config import cfg

    loaded(tmp_path, GOOD)
    assert "instance_aware" not in cfg.CONF
    assert "account" not in cfg.CONF
