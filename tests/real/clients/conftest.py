"""What every client is shown: a server's images, and one that is bound to nothing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.real.cloud_of_tests import Cloud

if TYPE_CHECKING:
    from cloud.glance import Glance


@dataclass(frozen=True)
class Scene:
    """Three images of one instance, the newest first, and one of none; all of them alice's."""

    instance: str
    bound: list[str]
    other: str


@pytest.fixture
def scene(cloud: Cloud, stock: Glance) -> Scene:
    instance = f"i-{uuid.uuid4()}"
    ours = cloud.glance("gunicorn")
    bound = [cloud.bound(ours, "alice", instance, name=f"backup {number}") for number in range(3)]
    other = cloud.image(stock, "alice", name="without an instance", os_distro="debian")
    return Scene(instance, bound[::-1], other)
