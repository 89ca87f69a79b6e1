"""tools/bench says what it measures, and measures: here what needs no server."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

#: Too slow for the inner loop: real packages, and a real Glance that is built of them.
pytestmark = pytest.mark.real

BENCH = Path(__file__).parents[2] / "tools" / "bench"


def bench(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, BENCH, *words], capture_output=True, text=True, check=False, timeout=120)


def test_the_list_names_every_figure_with_its_goal() -> None:
    done = bench("--list")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    groups = {"passing", "listing", "plain", "creating", "snapshots", "rotation", "lookups", "memory"}
    assert {line.split()[0] for line in lines} == groups
    assert all("<=" in line or ">=" in line for line in lines)


def test_a_figure_is_told_with_its_goal_and_with_what_it_was_measured_on(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    words = ("--only", "passing", "--rounds", "5", "--json", str(file))
    done = bench("--venv", sys.prefix, *words)
    assert done.returncode == 0, done.stderr
    figures = json.loads(file.read_text())
    assert [figure["name"].split(" that is")[0] for figure in figures] == ["request to Glance", "request to Nova"]
    for figure in figures:
        assert figure["goal"] == "<= 0.15 x"
        assert figure["met"] is (figure["value"] <= 0.15)
        assert figure["value"] > 0
        assert figure["name"] in done.stdout
        # what a figure is worth nothing without
        assert figure["run"]["machine"]["processors"] > 0
        assert figure["run"]["date"].startswith("20")
        assert {"commit", "images", "rows"} <= set(figure["run"])


def test_a_size_that_is_too_small_is_refused_before_anything_starts() -> None:
    done = bench("--venv", sys.prefix, "--scale-rows", "1199")
    assert done.returncode == 2
    assert "--scale-rows: at least 1200" in done.stderr
    assert done.stdout == ""
