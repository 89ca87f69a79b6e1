"""What a boot says of the servers that it makes, as Nova reads it."""

from __future__ import annotations

from typing import Any

import pytest

from glance_related.hosts.nova.boots import makes_several, most_made


@pytest.mark.parametrize(
    ("server", "most"),
    [
        ({}, 1),
        ({"min_count": 3}, 3),
        ({"max_count": "3"}, 3),
        ({"min_count": 2, "max_count": 2}, 2),
        ({"os-multiple-create:min_count": 2}, 2),
        ({"min_count": 2, "max_count": 3}, None),
        ({"min_count": "9" * 9}, 999_999_999),
        ({"min_count": "9" * 10}, None),
        ({"min_count": "9" * 5000}, None),
        ({"min_count": 10**4000}, None),
        ({"min_count": -1}, None),
        ({"min_count": ""}, None),
        ({"min_count": [1]}, None),
        ({"min_count": None}, None),
        ({"min_count": True}, None),
        ({"min_count": 1.5}, None),
        ({"min_count": "\u00b2"}, None),
    ],
)
def test_how_many_servers_a_boot_makes_is_known_where_nova_would_make_so_many(server: Any, most: int | None) -> None:
    assert most_made(server) == most


@pytest.mark.parametrize("count", ["9" * 5000, 10**4000, [1], {"a": 1}, None, 1.0, "two"])
def test_what_is_not_one_may_be_several(count: Any) -> None:
    assert makes_several({"min_count": count})
    assert makes_several({"max_count": count})
    assert not makes_several({"min_count": 1, "max_count": " 1 "})
