"""The shipped suites of the store and of what awaits its proof, on every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from glance_related.db.database import Database
from glance_related.instance_aware.store import Store
from glance_related.testing.adoption_suite import AdoptionSuite
from glance_related.testing.store_suite import StoreSuite


class TestStore(StoreSuite):
    """Every test of the suite; the stores are those of ``conftest``."""

    @pytest.fixture
    def stores(self, stores: Sequence[Store]) -> Sequence[Store]:
        return stores


class TestAdoptions(AdoptionSuite):
    """Every test of the suite; the databases are those of ``conftest``."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases
