"""etc/*.sample are what tools/sample-config makes of the code today, and the suite takes them as they are."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from glance_related.settings import options, policy
from glance_related.settings.options import ConfigError, load
from tests.project.source import PROJECT

SAMPLES = ("glance-related.conf.sample", "policy.yaml.sample")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("etc")
    argv = [sys.executable, PROJECT / "tools" / "sample-config", "--output", output]
    subprocess.run(argv, check=True, capture_output=True)
    return output


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_the_code_says(fresh: Path, name: str) -> None:
    assert (PROJECT / "etc" / name).read_text() == (fresh / name).read_text(), "run tools/sample-config"


def test_the_sample_has_every_option_once() -> None:
    sections = re.split(r"(?m)^\[(\w+)\]$", (PROJECT / "etc" / SAMPLES[0]).read_text())[1:]
    text = dict(zip(sections[::2], sections[1::2], strict=True))
    for group, opts in options.list_opts():
        shown = re.findall(r"(?m)^#(\w+) =", text[group])
        assert sorted(shown) == sorted(option.dest for option in opts)
    assert "#policy_file = policy.yaml" in text["oslo_policy"]


def test_the_sample_alone_is_refused_for_the_one_thing_that_has_no_default(tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    sample = (PROJECT / "etc" / SAMPLES[0]).read_text()
    conf.write_text(sample)
    with pytest.raises(ConfigError, match=r"\[database\] connection is not set"):
        load(str(conf))
    conf.write_text(sample.replace("#connection = <None>", "connection = sqlite://"))
    settings = load(str(conf))
    assert settings.database.connection == "sqlite://"


def test_every_line_of_the_sample_may_be_used_as_it_stands(tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    sample = (PROJECT / "etc" / SAMPLES[0]).read_text().replace("#connection = <None>", "connection = sqlite://")
    lines = [line[1:] if re.match(r"#\w+ = (?!<None>)", line) else line for line in sample.splitlines() if line != "# "]
    conf.write_text("\n".join(lines))
    used, bare = load(str(conf)), tmp_path / "bare.conf"
    bare.write_text("[database]\nconnection = sqlite://\n")
    assert used.instance_aware == load(str(bare)).instance_aware
    assert used.database == load(str(bare)).database


def test_the_sample_has_every_policy_with_its_default() -> None:
    commented = (PROJECT / "etc" / SAMPLES[1]).read_text()
    shown = yaml.safe_load("\n".join(re.findall(r'(?m)^#(".*)$', commented)))
    assert shown == {rule.name: rule.check_str for rule in policy.list_rules()}
