"""`PackageDriver`: what a driver promises, and the plain data that it is told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from glance_related.deliveries.delivery import Done, Refused
from glance_related.instance_ref import InstanceRef

if TYPE_CHECKING:
    from glance_related.package_menu.drivers.certname import Certnames

#: The group of entry points.
ENTRY_POINTS = "glance_related.package_management_drivers"


@dataclass(frozen=True)
class Instance:
    """A server, as a driver is told of it.

    :param name: the customer's word for it; anything
    :param hostname: by which it may know itself
    :param os_distro: its image's; "" where that does not say
    :param generation: of its settings: a later one is higher
    """

    ref: InstanceRef
    project_id: str
    name: str
    hostname: str
    os_distro: str = ""
    generation: int = 0


@dataclass(frozen=True)
class Package:
    """A package that is on.

    :param name: on the menu
    :param realised: what it is to this driver, for this server's operating system
    """

    name: str
    realised: str


@dataclass(frozen=True)
class Variable:
    """A variable that has a value.

    :param name: on the menu
    :param realised: what it is to this driver
    :param value: a text, a number, true or false, or a list of texts
    :param packages: to this driver, those of its packages that are on; none: it stands for itself
    :param is_secret: its value must be in no message and no log
    """

    name: str
    realised: str
    value: Any = field(repr=False)
    packages: Sequence[str] = ()
    is_secret: bool = False


class PackageDriver(ABC):
    """Hands the settings of servers to somebody.

    Everything may be called twice, by several threads and from several hosts; the same settings again change nothing.
    Names are of letters, digits and ``_ : . -`` (a package's may have ``+``), and begin with a letter, a digit or
    ``_``; values may be anything that their type allows. A driver escapes both in its own way.

    :param settings: what ``[package_menu_NAME]`` says, by option
    :raises ConfigError: of `glance_related.settings.options`, one sentence that names the fix
    """

    #: The options of ``[package_menu_NAME]``; those of drivers that come with the suite are in its own list.
    OPTS: ClassVar[Sequence[Any]] = ()

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    @property
    def is_pulled(self) -> bool:
        """Whether the receiver comes for its settings (`document`): then a worker has nothing to do."""
        return False

    @property
    def certnames(self) -> Certnames | None:
        """By which names receivers come for a server's settings; None: they do not come under a name."""
        return None

    @abstractmethod
    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        """Let a server have exactly these.

        :raises Refused: the receiver will not have them; its own words
        :raises Unavailable: the receiver cannot be reached
        """

    @abstractmethod
    def remove(self, instance: Instance) -> Done:
        """Let the receiver forget a server; of one that it does not know it has forgotten everything.

        :param instance: of which only ``ref`` and ``project_id`` are certain
        :raises Refused:
        :raises Unavailable:
        """

    @abstractmethod
    def check(self) -> list[str]:
        """What an operator should know before anything is handed over, a sentence each; nothing where all is well."""

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        """What the receiver has, in the driver's own shape; None: it has nothing, or cannot be asked."""
        return None

    def document(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Mapping[str, Any]:
        """What a receiver that comes for a server's settings is told.

        :raises Refused: this cannot be told it
        """
        raise Refused("nobody comes for what this driver hands over")


def put_value(values: dict[str, Any], variable: Variable) -> None:
    """Put a variable's value under its name there.

    That several variables have one name there is no mistake of the menu's: they may be of different packages, for
    different operating systems, or have a value in one project only. Where two come together in a server, neither
    may silently take the other's place.

    :raises Refused: another variable of this name has another value
    """
    other = values.setdefault(variable.realised, variable.value)
    if type(other) is not type(variable.value) or other != variable.value:
        raise Refused(
            f"{variable.name} and another variable of the menu are both called {variable.realised} here, and have "
            "different values; take the value of one of them away, or let an administrator give it another name in its "
            "realisations"
        )
