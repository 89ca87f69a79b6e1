"""`PackageDriverSuite`: what every driver of packages promises, as tests.

Inherit it in a test module, and say how the driver is made and how one sees what its receiver has::

    class TestMyDriver(PackageDriverSuite):
        @pytest.fixture
        def driver(self):
            return MyDriver({"url": URL})

        @pytest.fixture
        def received(self):
            def look(instance):
                there = my_receiver.look_up(instance.ref.instance_id)
                return None if there is None else Received(frozenset(there.packages), there.variables)
            return look

        @pytest.fixture
        def unreachable(self):
            return MyDriver({"url": "http://127.0.0.1:1"})

Receivers know fewer names and values than the menu: what a receiver has no place for is refused in words that name the
entry, and changes nothing. `PackageDriverSuite.refused` says of which kinds of `package_values.VALUES` that is so;
everything else must arrive as it is. A driver whose receiver comes for its settings is wrapped in `Fetched`.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from glance_related.deliveries.delivery import Done, Refused, Unavailable
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable
from glance_related.testing.package_values import PACKAGE_NAMES, VALUES, VARIABLE_NAMES
from glance_related.testing.store_suite import at_once

NOVA = "11111111-2222-3333-4444-555555555555"
SECRET = 'p4ss\'w\\ord=$(id) "ü" }'  # noqa: S105  (only the tests')
#: How long a receiver that is away may be waited for, in seconds.
PATIENCE = 15.0


@dataclass(frozen=True)
class Received:
    """What a receiver has of a server.

    :param packages: by what they are to it
    :param variables: by what they are to it, those of packages too
    """

    packages: frozenset[str] = frozenset()
    variables: Mapping[str, Any] = field(default_factory=dict)


class Fetched(PackageDriver):
    """A driver whose receiver comes for its settings, and is told them as the API tells them.

    :param driver: what it is told is made by it
    """

    def __init__(self, driver: PackageDriver) -> None:
        super().__init__(driver.settings)
        self._driver = driver
        #: What it has been told last, by server.
        self.told: dict[InstanceRef, Mapping[str, Any]] = {}

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        self.told[instance.ref] = self._driver.document(instance, packages, variables)
        return Done()

    def remove(self, instance: Instance) -> Done:
        self.told.pop(instance.ref, None)
        return Done()

    def check(self) -> list[str]:
        return self._driver.check()


def server(number: int = 0, **more: Any) -> Instance:
    """A server of its own."""
    known: dict[str, Any] = {"name": f"Server {number}", "hostname": f"server-{number}", "os_distro": "debian"}
    return Instance(InstanceRef(NOVA, str(uuid.uuid4())), "alice-project", **{**known, "generation": 1, **more})


def variable(name: str, value: Any, *packages: str, **more: Any) -> Variable:
    return Variable(name, name, value, packages, **more)


WEB = Package("web", "web")


class PackageDriverSuite:
    """See the module."""

    #: Kinds of `VALUES` that the receiver has no place for.
    refused: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def driver(self) -> PackageDriver:
        """The driver, in front of a receiver that knows no server."""
        raise NotImplementedError("say how the driver is made")

    @pytest.fixture
    def received(self) -> Callable[[Instance], Received | None]:
        """What the receiver has of a server; None: it does not know it."""
        raise NotImplementedError("say how one sees what the receiver has")

    @pytest.fixture
    def unreachable(self) -> PackageDriver | None:
        """The driver, in front of a receiver that is away; None: it is never away."""
        raise NotImplementedError("say what it is like when the receiver is away")

    def arrives_as(self, value: Any) -> Any:
        """What a value is to the receiver, where that has fewer types than the menu."""
        return value

    # -- what is handed over

    def test_a_server_has_what_it_is_to_have(self, driver: PackageDriver, received: Any) -> None:
        one = server()
        assert received(one) is None
        variables = [variable("port", 80, "web"), variable("role", "front")]
        assert isinstance(driver.configure_packages(one, [WEB, Package("db", "db")], variables), Done)
        self._check(received(one), {"web", "db"}, {"port": 80, "role": "front"})

    def test_the_same_again_changes_nothing(self, driver: PackageDriver, received: Any) -> None:
        one, settings = server(), ([WEB], [variable("port", 80, "web"), variable("hosts", ["a", "b"])])
        driver.configure_packages(one, *settings)
        before, read = received(one), driver.read_back(one)
        for _ in range(2):
            driver.configure_packages(one, *settings)
        assert received(one) == before is not None
        assert driver.read_back(one) == read

    def test_what_a_server_is_not_to_have_any_more_it_has_not(self, driver: PackageDriver, received: Any) -> None:
        one = server()
        first = [variable("port", 80, "web"), variable("role", "front"), variable("other", "x")]
        driver.configure_packages(one, [WEB, Package("db", "db")], first)
        driver.configure_packages(one, [Package("db", "db")], [variable("role", "back")])
        self._check(received(one), {"db"}, {"role": "back"})
        driver.configure_packages(one, [], [])
        self._check(received(one), set(), {})

    def test_a_server_that_is_gone_is_forgotten(self, driver: PackageDriver, received: Any) -> None:
        one = server()
        driver.configure_packages(one, [WEB], [variable("port", 80, "web")])
        gone = Instance(one.ref, one.project_id, "", "")  # of which nobody knows more
        for _ in range(2):
            assert isinstance(driver.remove(gone), Done)
            assert received(one) is None
        assert driver.read_back(one) is None
        driver.configure_packages(one, [WEB], [])
        self._check(received(one), {"web"}, {})

    def test_a_server_that_was_never_known_is_forgotten_too(self, driver: PackageDriver, received: Any) -> None:
        one = server()
        assert isinstance(driver.remove(Instance(one.ref, one.project_id, "", "")), Done)
        assert received(one) is None
        assert driver.read_back(one) is None

    def test_servers_do_not_disturb_each_other(self, driver: PackageDriver, received: Any) -> None:
        first, second = server(1), server(2)
        driver.configure_packages(first, [WEB], [variable("role", "first")])
        driver.configure_packages(second, [Package("db", "db")], [variable("role", "second")])
        driver.configure_packages(first, [WEB], [variable("role", "changed")])
        self._check(received(second), {"db"}, {"role": "second"})
        driver.remove(second)
        self._check(received(first), {"web"}, {"role": "changed"})

    def test_threads_do_not_disturb_each_other(self, driver: PackageDriver, received: Any) -> None:
        servers = [server(number) for number in range(6)]

        def work(number: int) -> None:
            for turn in range(3):
                # two of them work at the same server, as after a claim that was lost
                one = servers[number % 6]
                driver.configure_packages(one, [WEB], [variable("role", f"{number % 6}"), variable("turn", turn)])

        results = at_once(*(lambda number=number: work(number) for number in range(8)))
        assert [one for one in results if one is not None] == []
        for number, one in enumerate(servers):
            self._check(received(one), {"web"}, {"role": f"{number}", "turn": 2})

    # -- names and values

    @pytest.mark.parametrize("kind", VALUES)
    def test_a_value_arrives_as_it_is_or_is_refused(self, driver: PackageDriver, received: Any, kind: str) -> None:
        one, other = server(), server()
        driver.configure_packages(other, [WEB], [variable("role", "other")])
        driver.configure_packages(one, [], [variable("before", "x")])
        if kind in self.refused:
            for value in VALUES[kind]:
                with pytest.raises(Refused, match="odd"):
                    driver.configure_packages(one, [WEB], [variable("odd", value, "web")])
            self._check(received(one), set(), {"before": "x"})
            return
        values = {f"v{number}": value for number, value in enumerate(VALUES[kind])}
        of_package = [variable(f"p_{name}", value, "web") for name, value in values.items()]
        alone = [variable(name, value) for name, value in values.items()]
        driver.configure_packages(one, [WEB], [*of_package, *alone])
        self._check(received(one), {"web"}, {**values, **{f"p_{name}": value for name, value in values.items()}})
        self._check(received(other), {"web"}, {"role": "other"})

    @pytest.mark.parametrize("name", PACKAGE_NAMES)
    def test_a_package_arrives_under_its_name_or_is_refused(
        self, driver: PackageDriver, received: Any, name: str
    ) -> None:
        one = server()
        refusal = refused(driver, one, [Package(name, name)], [])
        if refusal is None:
            self._check(received(one), {name}, {})
            return
        assert name not in ("a", "web"), refusal
        assert name in str(refusal)
        assert received(one) is None

    @pytest.mark.parametrize("name", VARIABLE_NAMES)
    @pytest.mark.parametrize("packages", [(), ("web",)], ids=["alone", "of a package"])
    def test_a_variable_arrives_under_its_name_or_is_refused(
        self, driver: PackageDriver, received: Any, name: str, packages: tuple[str, ...]
    ) -> None:
        one = server()
        refusal = refused(driver, one, [WEB], [variable(name, "x", *packages)])
        if refusal is None:
            self._check(received(one), {"web"}, {name: "x"})
            return
        assert name not in ("a", "port", "apache_port"), refusal
        assert name in str(refusal)
        assert received(one) is None

    @pytest.mark.parametrize("packages", [(), ("web",)], ids=["alone", "of a package"])
    def test_names_that_differ_in_case_are_two_or_are_refused(
        self, driver: PackageDriver, received: Any, packages: tuple[str, ...]
    ) -> None:
        one = server()
        if refused(driver, one, [WEB], [variable("aB", "x", *packages), variable("ab", "y", *packages)]):
            assert received(one) is None
        else:
            self._check(received(one), {"web"}, {"aB": "x", "ab": "y"})

    def test_two_values_for_one_name_are_refused(self, driver: PackageDriver, received: Any) -> None:
        one = server()
        with pytest.raises(Refused, match="port"):
            driver.configure_packages(one, [], [Variable("a", "port", 1), Variable("b", "port", True)])
        assert received(one) is None
        driver.configure_packages(one, [], [Variable("a", "port", 1), Variable("b", "port", 1)])
        self._check(received(one), set(), {"port": 1})

    @pytest.mark.parametrize(
        "word", ["' }\n#{`id`}", "../../../etc/passwd", "x\ndn: cn=admin", "grün 🐢", "", "a" * 255]
    )
    def test_a_customers_word_for_his_server_is_only_a_word(
        self, driver: PackageDriver, received: Any, word: str
    ) -> None:
        one, other = server(name=word), server(1)
        driver.configure_packages(other, [WEB], [])
        driver.configure_packages(one, [WEB], [variable("role", "x")])
        self._check(received(one), {"web"}, {"role": "x"})
        driver.remove(one)
        self._check(received(other), {"web"}, {})

    # -- what goes wrong

    def test_a_secret_arrives_and_is_in_no_error(self, driver: PackageDriver, received: Any) -> None:
        secret = variable("password", "p4ss'w\\ord=$(id)", is_secret=True)
        one = server()
        driver.configure_packages(one, [WEB], [secret])
        self._check(received(one), {"web"}, {"password": "p4ss'w\\ord=$(id)"})
        wrong = [variable("password", SECRET, is_secret=True), variable("a.b-c:d", SECRET, is_secret=True)]
        refusal = refused(driver, one, [WEB], [*wrong, Variable("x", "password", 1)])
        assert refusal is not None
        assert_hides(refusal, SECRET)

    def test_a_receiver_that_is_away_is_told_from_one_that_refuses(self, unreachable: PackageDriver | None) -> None:
        if unreachable is None:
            return
        one, settings = server(), ([WEB], [variable("password", SECRET[:7], is_secret=True)])
        asks: list[Callable[[], Done]] = [
            lambda: unreachable.configure_packages(one, *settings),
            lambda: unreachable.remove(one),
        ]
        for ask in asks:
            began = time.monotonic()
            with pytest.raises(Unavailable) as caught:
                ask()
            assert time.monotonic() - began < PATIENCE
            assert_hides(caught.value, SECRET[:7])
        assert unreachable.read_back(one) is None

    def test_an_operator_is_told_what_is_wrong_beforehand(
        self, driver: PackageDriver, unreachable: PackageDriver | None
    ) -> None:
        assert driver.check() == []
        for said in unreachable.check() if unreachable is not None else ["Nothing."]:
            assert said.strip().endswith(".")
        assert unreachable is None or unreachable.check()

    def _check(self, received: Received | None, packages: set[str], variables: Mapping[str, Any]) -> None:
        assert received is not None
        wanted = {name: self.arrives_as(value) for name, value in variables.items()}
        assert set(received.packages) == packages
        assert dict(received.variables) == wanted
        # to Python 1 is true, and 1.0 is 1
        kinds = {name: type(value) for name, value in received.variables.items()}
        assert kinds == {name: type(value) for name, value in wanted.items()}


def refused(
    driver: PackageDriver, one: Instance, packages: Sequence[Package], variables: Sequence[Variable]
) -> Refused | None:
    """Why a driver does not take settings; None: it has taken them."""
    try:
        driver.configure_packages(one, packages, variables)
    except Refused as refusal:
        return refusal
    return None


def assert_hides(error: BaseException, secret: str) -> None:
    """Nothing that a log would show of an error has the secret in it, or much of it."""
    seen: BaseException | None = error
    while seen is not None:
        for text in (str(seen), repr(seen)):
            assert not [at for at in range(len(secret) - 5) if secret[at : at + 6] in text], text
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
