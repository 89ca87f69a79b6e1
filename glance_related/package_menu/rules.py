"""What servers have by the menu: a pure function of the cloud's entries, a project's states and a server's choices.

Nothing here waits, and nothing asks for the time. A choice that was made stays as it was made, also where the menu does
not offer it any more: it has no effect then, and is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from glance_related.package_menu.entry import BUNDLE, PACKAGE, VARIABLE, Entry
from glance_related.package_menu.values import Unfit, fitting, kept_fitting

UNAVAILABLE, AVAILABLE, DEFAULT = "unavailable", "available", "default"
STATES = (UNAVAILABLE, AVAILABLE, DEFAULT)

#: Where a value or a state comes from.
GLOBAL, PROJECT, INSTANCE = "global", "project", "instance"


class ProjectState(NamedTuple):
    """What a project makes of an entry.

    :param value: its own default of a variable; None: the cloud's
    """

    state: str
    value: Any = None


class Choice(NamedTuple):
    """Where a server differs from its project; None: there it does not.

    :param state: what an administrator made of the entry for this server
    :param is_on: whether a package or a bundle is turned on
    :param value: of a variable
    """

    state: str | None = None
    is_on: bool | None = None
    value: Any = None


class Setting(NamedTuple):
    """What an entry comes to for a server, or for a project's servers that say nothing.

    :param state: one of `STATES`
    :param state_origin: who said so
    :param is_on: of a package or a bundle
    :param value: of a variable that is in play, else None
    :param origin: who said that it is on, or has this value
    :param through: the bundle that it came with
    :param in_play: of a variable: it belongs to no package, or to one that is on
    """

    entry: Entry
    state: str
    state_origin: str
    is_on: bool = False
    value: Any = None
    origin: str = GLOBAL
    through: str | None = None
    in_play: bool = False

    @property
    def is_offered(self) -> bool:
        return self.state != UNAVAILABLE


class Fault(NamedTuple):
    """Something that is wrong with one entry.

    :param code: stable, behind ``package_menu.``
    """

    name: str
    code: str
    text: str


@dataclass(frozen=True)
class Menu:
    """The cloud's menu.

    :param version: counts every change of it
    """

    version: int
    entries: Mapping[str, Entry]

    @cached_property
    def documents(self) -> Mapping[str, Mapping[str, Any]]:
        """Each entry as the API shows it; made once, to be read only."""
        return {name: entry.document() for name, entry in self.entries.items()}

    @cached_property
    def bundles(self) -> tuple[str, ...]:
        """The names of the bundles, in the order in which they count."""
        return tuple(sorted(name for name, entry in self.entries.items() if entry.kind == BUNDLE))

    @cached_property
    def variables_of(self) -> Mapping[str, Sequence[str]]:
        """The variables that belong to each package."""
        variables = (entry for entry in self.entries.values() if entry.kind == VARIABLE)
        return _by_what_they_name((entry.name, entry.packages) for entry in variables)

    @cached_property
    def bundles_of_package(self) -> Mapping[str, Sequence[str]]:
        """The bundles that turn each package on, in the order in which they count."""
        return _by_what_they_name((name, self.entries[name].contents.packages) for name in self.bundles)

    @cached_property
    def bundles_of_variable(self) -> Mapping[str, Sequence[str]]:
        """The bundles that give each variable a value, in the same order."""
        return _by_what_they_name((name, self.entries[name].contents.variables) for name in self.bundles)


def _by_what_they_name(entries: Iterable[tuple[str, Iterable[str]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry, names in entries:
        for name in names:
            found.setdefault(name, []).append(entry)
    return found


NO_CHOICES: Mapping[str, Choice] = MappingProxyType({})


@dataclass(frozen=True)
class Settings:
    """What the menu comes to.

    :param faults: what was chosen and has no effect
    """

    settings: Mapping[str, Setting]
    faults: tuple[Fault, ...] = ()

    @cached_property
    def packages(self) -> tuple[Setting, ...]:
        """The packages that are on, by name."""
        return tuple(self.settings[name] for name in sorted(self._named(PACKAGE)) if self.settings[name].is_on)

    @cached_property
    def variables(self) -> tuple[Setting, ...]:
        """The variables that have a value and are in play, by name."""
        return tuple(
            self.settings[name] for name in sorted(self._named(VARIABLE)) if self.settings[name].value is not None
        )

    @cached_property
    def missing(self) -> frozenset[str]:
        """The variables that must have a value, and have none."""
        return frozenset(
            name
            for name in self._named(VARIABLE)
            if self.settings[name].entry.required and self.settings[name].in_play and self.settings[name].value is None
        )

    def _named(self, kind: str) -> list[str]:
        return [name for name, setting in self.settings.items() if setting.entry.kind == kind]


class ProjectMenu:
    """A project's menu, and what its servers have that say nothing.

    :param menu: the cloud's
    :param states: what the project makes of it
    """

    def __init__(self, menu: Menu, states: Mapping[str, ProjectState]) -> None:
        self.menu = menu
        self.states = states
        self.base = _Settling(self, NO_CHOICES, None).settled(menu.entries)

    def settings(self, choices: Mapping[str, Choice] = NO_CHOICES) -> Settings:
        """What a server has that differs in some entries."""
        if not choices:
            return self.base
        return _Settling(self, choices, self.base).settled(choices)

    def state(self, entry: Entry, of_server: str | None = None) -> tuple[str, str]:
        """What an entry is to the project, and who says so.

        :param of_server: what an administrator made of it for one server
        """
        said = self.states.get(entry.name)
        if not entry.enabled:
            return UNAVAILABLE, GLOBAL
        if of_server is not None:
            return of_server, INSTANCE
        if said is not None:
            return said.state, PROJECT
        return (DEFAULT if entry.on_by_default else UNAVAILABLE), GLOBAL


class _Settling:
    """Bundles first, then packages, then variables: each is told by those before.

    Only what differs from the base is made anew: a menu may have thousands of entries, and a server chooses few.
    """

    def __init__(self, project: ProjectMenu, choices: Mapping[str, Choice], base: Settings | None) -> None:
        self._project = project
        self._entries = project.menu.entries
        self._choices = choices
        self._base = base
        self._made = dict(base.settings) if base is not None else {}
        self._anew: set[str] = set()
        self._faults: list[Fault] = []

    def settled(self, touched: Iterable[str]) -> Settings:
        menu = self._project.menu
        names = [name for name in touched if name in self._entries]
        turned = self._make(BUNDLE, names, self._bundle)
        within = [inner for name in turned for inner in self._entries[name].contents.packages]
        turned_packages = self._make(PACKAGE, [*names, *within], self._package)
        within = [inner for name in turned for inner in self._entries[name].contents.variables]
        beside = [variable for name in turned_packages for variable in menu.variables_of.get(name, ())]
        self._make(VARIABLE, [*names, *within, *beside], self._variable)
        faults = list(self._faults)
        if self._base is not None:  # what is not made anew has the faults that it had
            faults += [fault for fault in self._base.faults if fault.name not in self._anew]
        for name in self._choices:
            if name not in self._entries:
                faults.append(Fault(name, "unknown", "there is no such entry any more"))
        return Settings(self._made, tuple(sorted(faults)))

    def unchosen(self, name: str) -> Setting | None:
        """What an entry comes to if nothing is chosen of it, and of everything else what is; behind `settled`."""
        entry = self._entries.get(name)
        make = {BUNDLE: self._bundle, PACKAGE: self._package, VARIABLE: self._variable}
        return make[entry.kind](entry, _NO_CHOICE) if entry is not None and entry.kind in make else None

    def _make(self, kind: str, names: Iterable[str], make: Callable[[Entry, Choice], Setting]) -> list[str]:
        """Make the settings of one kind anew; the names of those that are on or off otherwise than before."""
        turned = []
        for name in dict.fromkeys(names):
            entry = self._entries.get(name)
            if entry is not None and entry.kind == kind:
                made = make(entry, self._choices.get(name, _NO_CHOICE))
                # also where only somebody else says so: what comes with a bundle is his word then
                before = self._made.get(name)
                if before is None or (made.is_on, made.origin) != (before.is_on, before.origin):
                    turned.append(name)
                self._made[name] = made
                self._anew.add(name)
        return turned

    def _bundle(self, entry: Entry, choice: Choice) -> Setting:
        state, said_by = self._project.state(entry, choice.state)
        if state == UNAVAILABLE:
            self._note_unavailable(entry, choice)
            return Setting(entry, state, said_by, origin=said_by)
        if choice.is_on is not None:
            return Setting(entry, state, said_by, choice.is_on, origin=INSTANCE)
        return Setting(entry, state, said_by, state == DEFAULT, origin=said_by)

    def _package(self, entry: Entry, choice: Choice) -> Setting:
        made = self._bundle(entry, choice)
        if made.is_on or made.state == UNAVAILABLE or choice.is_on is not None:
            return made
        for bundle in self._those_on(self._project.menu.bundles_of_package.get(entry.name, ())):
            return made._replace(is_on=True, origin=bundle.origin, through=bundle.entry.name)
        return made

    def _variable(self, entry: Entry, choice: Choice) -> Setting:
        state, said_by = self._project.state(entry, choice.state)
        if state == UNAVAILABLE:
            self._note_unavailable(entry, choice)
            return Setting(entry, state, said_by, origin=said_by)
        # what has a removed package's name now may be a bundle
        if entry.packages and not any(one.entry.kind == PACKAGE for one in self._those_on(entry.packages)):
            return Setting(entry, state, said_by, origin=said_by)
        for value, origin, through in self._values(entry, choice):
            try:
                return Setting(entry, state, said_by, False, kept_fitting(entry, value), origin, through, True)
            except Unfit as unfit:
                self._faults.append(Fault(entry.name, "bad_value", f"what the {origin} says does not fit: {unfit}"))
        return Setting(entry, state, said_by, origin=said_by, in_play=True)

    def _values(self, entry: Entry, choice: Choice) -> Iterator[tuple[Any, str, str | None]]:
        """What a variable may be, who says so, and through which bundle; the first that fits counts."""
        if choice.value is not None:
            yield choice.value, INSTANCE, None
        for bundle in self._those_on(self._project.menu.bundles_of_variable.get(entry.name, ())):
            yield bundle.entry.contents.variables[entry.name], bundle.origin, bundle.entry.name
        said = self._project.states.get(entry.name)
        if said is not None and said.state == DEFAULT and said.value is not None:
            yield said.value, PROJECT, None
        if entry.default is not None:
            yield entry.default, GLOBAL, None

    def _those_on(self, names: Iterable[str]) -> Iterator[Setting]:
        return (self._made[name] for name in names if name in self._made and self._made[name].is_on)

    def _note_unavailable(self, entry: Entry, choice: Choice) -> None:
        if choice.is_on or choice.value is not None:
            self._faults.append(Fault(entry.name, "unavailable", "it is not available to this server any more"))


_NO_CHOICE = Choice()


# -- what a customer asks for


def judge(
    project: ProjectMenu, before: Mapping[str, Choice], wanted: Mapping[str, Choice]
) -> tuple[dict[str, Choice], list[Fault]]:
    """What is kept of a server's choices, and everything that is wrong with what is wanted.

    Only where a server differs from its project a choice is kept; whoever chooses what the project has gets what the
    project will have.

    :param before: what is kept now
    :param wanted: what shall be; what an administrator said of an entry's state for this server is in both
    """
    faults: list[Fault] = []
    kept: dict[str, Choice] = {}
    for name, choice in wanted.items():
        fault, fit = _judged(project, name, choice, before.get(name, _NO_CHOICE))
        if fault is not None:
            faults.append(fault)
        elif fit is not None:
            kept[name] = fit
    kept = _without_defaults(project, kept)
    if not faults:
        after = project.settings(kept)
        missing = after.missing - project.settings(before).missing
        faults += [
            Fault(name, "required", f"{_belonging(after, after.settings[name].entry)} needs a value for it")
            for name in sorted(missing)
        ]
    return kept, faults


def _belonging(after: Settings, entry: Entry) -> str:
    known = [name for name in entry.packages if name in after.settings and after.settings[name].is_offered]
    return f"package {' or '.join(known)}" if known else "every server"


def _judged(project: ProjectMenu, name: str, choice: Choice, before: Choice) -> tuple[Fault | None, Choice | None]:
    """A choice as it is kept, or what is wrong with it: what stays as it was is not judged again."""
    says_nothing = choice.is_on is None and choice.value is None
    if _is_same(choice, before) or (says_nothing and choice.state is None):
        return None, choice
    entry = project.menu.entries.get(name)
    is_chosen_anew = not says_nothing and not _is_same(choice, before._replace(state=choice.state))
    if entry is None or (is_chosen_anew and project.state(entry, choice.state)[0] == UNAVAILABLE):
        # whether there is such an entry for others is nobody's business
        return Fault(name, "unknown", "it is not on the menu of this project"), None
    if not is_chosen_anew:
        return None, choice
    if entry.kind == VARIABLE and choice.is_on is not None:
        return Fault(name, "no_package", "it is a variable, which has a value and is not turned on or off"), None
    if entry.kind != VARIABLE and choice.value is not None:
        return Fault(name, "no_variable", f"it is a {entry.kind}, which is turned on or off and has no value"), None
    if choice.value is None:
        return None, choice
    try:
        return None, choice._replace(value=fitting(entry, choice.value))
    except Unfit as unfit:
        return Fault(name, "bad_value", str(unfit)), None


def _is_same(one: Choice, other: Choice) -> bool:
    """Whether two choices say the same; what is equal, as 1 and true, may be something else to whoever reads it."""
    return one == other and type(one.value) is type(other.value)


def _without_defaults(project: ProjectMenu, kept: Mapping[str, Choice]) -> dict[str, Choice]:
    """Without what the server would have anyway. What a bundle brings is no default: it goes with the bundle.

    Without it nothing else comes to something else, so each is looked at beside all the others.
    """
    settling = _Settling(project, kept, project.base)
    settling.settled(kept)
    return {name: choice for name, choice in kept.items() if not _says_nothing(settling.unchosen(name), choice)}


def _says_nothing(setting: Setting | None, choice: Choice) -> bool:
    """Whether a choice makes no difference.

    :param setting: what the entry comes to without it
    """
    if choice == _NO_CHOICE:
        return True
    if choice.state is not None or setting is None or not setting.is_offered or setting.through is not None:
        return False
    if choice.is_on is not None and setting.is_on != choice.is_on:
        return False
    if choice.value is None:
        return True
    return setting.in_play and type(setting.value) is type(choice.value) and setting.value == choice.value
