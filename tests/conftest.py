"""What holds for every test."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import hypothesis
import pytest

# A test machine may be slow and busy: what is checked here is truth, never time.
hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _loud_again() -> Iterator[None]:
    """The command line quietens the suite's loggers for its process, which in a test is everybody's."""
    logger = logging.getLogger("glance_related")
    level = logger.level
    yield
    logger.setLevel(level)
