"""What these tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.real.nova.failures.basis import Basis
from tests.real.nova.failures.sides import Outages
from tests.real.nova.failures.site import Site

if TYPE_CHECKING:
    from tests.real.nova.nova_cloud import NovaCloud


@pytest.fixture(scope="package")
def basis(nova_cloud: NovaCloud) -> Iterator[Basis]:
    """The Glance that nobody kills, and a database of ours in which nobody else's tests look."""
    made = Basis(nova_cloud)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="package")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nova-failures")


@pytest.fixture(scope="package")
def ours(basis: Basis, folder: Path) -> Iterator[Site]:
    """With our filters in front of Nova and of Glance."""
    yield from _running(Site(folder, "failing", basis))


@pytest.fixture(scope="package")
def stock(basis: Basis, folder: Path) -> Iterator[Site]:
    """The same, and nothing of ours."""
    yield from _running(Site(folder, "failing-stock", basis, ours=False))


@pytest.fixture(scope="package")
def outages(basis: Basis, folder: Path) -> Iterator[Outages]:
    """With our filters, each side with a way of its own to our database."""
    made = Outages.started(basis, folder)
    yield made
    made.stop()


def _running(site: Site) -> Iterator[Site]:
    try:
        site.start()
        yield site
    finally:
        site.stop()
