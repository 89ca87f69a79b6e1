"""The shipped suite of the store, on every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from glance_related.instance_aware.store import Store
from glance_related.testing.store_suite import StoreSuite


class TestStore(StoreSuite):
    """Every test of the suite; the stores are those of ``conftest``."""

    @pytest.fixture
    def stores(self, stores: Sequence[Store]) -> Sequence[Store]:
        return stores
