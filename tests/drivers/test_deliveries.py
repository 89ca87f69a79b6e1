"""The shipped suites of the outbox, on every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from glance_related.db.database import Database
from glance_related.testing.delivery_suite import DeliverySuite
from glance_related.testing.gone_suite import GoneSuite
from glance_related.testing.waiting_suite import WaitingSuite


class TestDeliveries(DeliverySuite):
    """Every test of the suite; the databases are those of ``conftest``."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases


class TestWaiting(WaitingSuite):
    """The same of how much waits, and since when."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases


class TestGone(GoneSuite):
    """The same of servers that go and come back."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases
