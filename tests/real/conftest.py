"""A real Keystone and real Glances for the tests of this folder, all of them marked ``real``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

_HERE = Path(__file__).parent
_TOOLS = str(_HERE.parents[1] / "tools")
if _TOOLS not in sys.path:
    sys.path.insert(0, _TOOLS)

from tests.real.cloud_of_tests import SERVERS, Cloud  # noqa: E402 (it needs the path to tools)
from tests.real.failures.report import Reports  # noqa: E402

if TYPE_CHECKING:
    from cloud.glance import Glance

_REPORT = "report"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.real)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One Keystone with its people, the suite with two installations, and Glances on demand."""
    made = Cloud(tmp_path_factory.mktemp("cloud"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(params=SERVERS)
def glance(cloud: Cloud, request: Any) -> Glance:
    """A Glance with our filter in its stock pipeline, once under each WSGI server."""
    return cloud.glance(request.param)


@pytest.fixture
def stock(cloud: Cloud) -> Glance:
    """A Glance without our filter over the same database and store."""
    return cloud.glance("stock")


@pytest.fixture
def stock_alike(cloud: Cloud, glance: Glance) -> Glance:
    """The Glance without our filter under the same WSGI server."""
    return cloud.glance("stock" if glance.server == "gunicorn" else "stock-pyuwsgi")


@pytest.fixture
def reports(request: pytest.FixtureRequest) -> Iterator[Reports]:
    """Where a test leaves what it wants to be read at the end."""
    left: Reports = []
    yield left
    # these come to the process that writes the summary, wherever the test has run
    request.node.user_properties += [(_REPORT, (title, str(file), summary)) for title, file, summary in left]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    ended = [one for some in terminalreporter.stats.values() for one in some if getattr(one, "when", "") == "teardown"]
    for name, value in (said for one in ended for said in one.user_properties):
        if name == _REPORT:
            title, file, summary = value
            terminalreporter.section(title)
            terminalreporter.write_line(f"{summary} ({file})")
            terminalreporter.write_line(Path(file).read_text())
