"""A guest, on each Python, and a metadata service that it can talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.guest.machine import PYTHONS, Machine, MetadataService, metadata_service


@pytest.fixture(params=PYTHONS)
def machine(tmp_path: Path, request: pytest.FixtureRequest) -> Machine:
    return Machine(tmp_path, request.param)


@pytest.fixture
def service() -> Iterator[MetadataService]:
    with metadata_service() as made:
        yield made
