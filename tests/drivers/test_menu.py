"""The shipped suite of the package menu's stores, on every database."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from glance_related.db.database import Database
from glance_related.testing.instance_suite import InstanceSuite
from glance_related.testing.menu_suite import MenuSuite
from glance_related.testing.secret_suite import SecretSuite


class TestMenu(MenuSuite):
    """Every test of the suite; the databases are those of ``conftest``."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases


class TestInstances(InstanceSuite):
    """Every test of the suite; the databases are those of ``conftest``."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases


class TestSecrets(SecretSuite):
    """Every test of the suite; the databases are those of ``conftest``."""

    @pytest.fixture
    def databases(self, databases: Sequence[Database]) -> Sequence[Database]:
        return databases
