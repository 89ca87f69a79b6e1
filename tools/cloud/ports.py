"""Which port is whose: the usual numbers, or all in one row behind --port-base."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Name, what a person calls it, and the usual port. Where others may have a MariaDB or a RabbitMQ of their
# own, ours is elsewhere.
_TABLE = (
    ("keystone", "Keystone", 5000),
    ("glance", "Glance", 9292),
    ("placement", "Placement", 8778),
    ("nova", "Nova", 8774),
    ("nova_metadata", "Nova's metadata service", 8775),
    ("network", "the network service", 9696),
    ("mariadb", "MariaDB", 13306),
    ("rabbitmq", "RabbitMQ", 13672),
    ("rabbitmq_dist", "RabbitMQ's own traffic", 13673),
    ("epmd", "Erlang's epmd", 13369),
    ("placement2", "the second Placement", 18778),
    ("nova2", "the second Nova", 18774),
    ("nova2_metadata", "the second Nova's metadata service", 18775),
)

#: How many ports behind --port-base are ours.
COUNT = len(_TABLE)

_WITHOUT_NOVA = 2
_WITH_ONE_NOVA = 10


@dataclass(frozen=True)
class Ports:
    """A number for each."""

    keystone: int
    glance: int
    placement: int
    nova: int
    nova_metadata: int
    network: int
    mariadb: int
    rabbitmq: int
    rabbitmq_dist: int
    epmd: int
    placement2: int
    nova2: int
    nova2_metadata: int

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Ports:
        return cls(*numbers)

    @classmethod
    def behind(cls, base: int | None) -> Ports:
        """base+1, base+2, ...; without a base the usual ones."""
        return cls.of(usual if base is None else base + place for place, (_, _, usual) in enumerate(_TABLE, 1))

    def used(self, novas: int) -> Iterator[tuple[int, str]]:
        """The ports that a cloud with so many Novas listens on, and whose they are."""
        count = (_WITHOUT_NOVA, _WITH_ONE_NOVA, COUNT)[novas]
        for name, whose, _ in _TABLE[:count]:
            yield getattr(self, name), whose


def explained() -> str:
    """The table, for a help text."""
    lines = ["ports, all on 127.0.0.1 (with --port-base N, else the usual ones):"]
    for place, (_, whose, usual) in enumerate(_TABLE, 1):
        lines.append(f"  N+{place:<4}{usual:<7}{whose}")
    lines.append(f"  (from N+{_WITHOUT_NOVA + 1} with --cloud, from N+{_WITH_ONE_NOVA + 1} with --with-second-nova)")
    return "\n".join(lines)
