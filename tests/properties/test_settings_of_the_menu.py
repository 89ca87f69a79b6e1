"""For any menu, project and choices: what a server has is what the plainest reading of the three tables says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from glance_related.package_menu.entry import (
    BUNDLE,
    PACKAGE,
    SECRET,
    VARIABLE,
    Contents,
    Entry,
    Sealed,
)
from glance_related.package_menu.rules import (
    DEFAULT,
    GLOBAL,
    INSTANCE,
    PROJECT,
    STATES,
    UNAVAILABLE,
    Choice,
    Menu,
    ProjectMenu,
    ProjectState,
    judge,
)
from glance_related.package_menu.values import Unfit, kept_fitting

PACKAGES, VARIABLES, BUNDLES = ("p0", "p1", "p2"), ("v0", "v1", "v2"), ("b0", "b1", "b2")
NAMES = (*PACKAGES, *VARIABLES, *BUNDLES, "gone")

names = st.sampled_from(NAMES)
# Few and alike, so that values meet.
values = st.sampled_from(["", "a", "b", 0, 1, 1.0, 2, False, True, [], ["a"], ["a", "b"], None, Sealed("t"), {"a": 1}])
some_names = st.lists(names, max_size=3, unique=True).map(tuple)
words: Mapping[str, Any] = {"on_by_default": st.booleans(), "enabled": st.sampled_from([True, True, True, False])}


def packages(name: str) -> st.SearchStrategy[Entry]:
    return st.builds(Entry, st.just(name), st.just(PACKAGE), **words)


def variables(name: str) -> st.SearchStrategy[Entry]:
    return st.builds(
        Entry, st.just(name), st.just(VARIABLE), type=st.sampled_from(["string", "integer", "number", "boolean",
        "list", SECRET]),
        default=values, required=st.booleans(), packages=some_names, maximum=st.sampled_from([None, None, 1]), **words,
    )  # fmt: skip


def bundles(name: str) -> st.SearchStrategy[Entry]:
    contents = st.builds(Contents, some_names, st.dictionaries(names, values, max_size=3))
    return st.builds(Entry, st.just(name), st.just(BUNDLE), contents=contents, **words)


KNOWN = {
    **{name: packages(name) for name in PACKAGES},
    **{name: variables(name) for name in VARIABLES},
    **{name: bundles(name) for name in BUNDLES},
}
menus = st.fixed_dictionaries({}, optional=KNOWN)
states = st.dictionaries(
    names, st.tuples(st.sampled_from(STATES), values).map(lambda parts: ProjectState(*parts)), max_size=len(NAMES)
)
anything = st.tuples(
    st.sampled_from([None, None, None, *STATES]), st.sampled_from([None, None, True, False]), values
).map(lambda parts: Choice(*parts))
# Most are such as customers make.
fair = st.one_of(
    st.booleans().map(lambda is_on: Choice(is_on=is_on)),
    values.map(lambda value: Choice(value=value)),
    st.sampled_from(STATES).map(Choice),
)
choices = st.dictionaries(names, fair | anything, max_size=5)


@dataclass(frozen=True)
class Had:
    """What an entry comes to, said once more."""

    state: str
    state_origin: str
    is_on: bool
    value: Any
    origin: str
    through: str | None
    in_play: bool


class Plainly:
    """All of it from the beginning, entry by entry, in the plainest words.

    :param entries: the cloud's
    :param said: by the project
    :param chosen: for the server
    """

    def __init__(
        self, entries: Mapping[str, Entry], said: Mapping[str, ProjectState], chosen: Mapping[str, Choice]
    ) -> None:
        self.entries, self.said, self.chosen = entries, said, chosen
        self.faults = [(name, "unknown") for name in chosen if name not in entries]
        self.had = {name: self.of(name) for name in entries}

    def choice(self, name: str) -> Choice:
        return self.chosen.get(name, Choice())

    def state(self, name: str) -> tuple[str, str]:
        if not self.entries[name].enabled:
            return UNAVAILABLE, GLOBAL
        if (of_server := self.choice(name).state) is not None:
            return of_server, INSTANCE
        if name in self.said:
            return self.said[name].state, PROJECT
        return (DEFAULT, GLOBAL) if self.entries[name].on_by_default else (UNAVAILABLE, GLOBAL)

    def on(self, name: str) -> tuple[bool, str, str | None]:
        """Whether a package or bundle is on, by whose word, through which bundle."""
        state, said_by = self.state(name)
        if state == UNAVAILABLE:
            return False, said_by, None
        if (is_on := self.choice(name).is_on) is not None:
            return is_on, INSTANCE, None
        if state == DEFAULT:
            return True, said_by, None
        if self.entries[name].kind == PACKAGE:
            for bundle, origin in self.bundles_on():
                if name in self.entries[bundle].contents.packages:
                    return True, origin, bundle
        return False, said_by, None

    def bundles_on(self) -> list[tuple[str, str]]:
        of_kind = sorted(name for name, entry in self.entries.items() if entry.kind == BUNDLE)
        return [(name, self.on(name)[1]) for name in of_kind if self.on(name)[0]]

    def value(self, name: str) -> tuple[Any, str, str | None]:
        entry, offers = self.entries[name], []
        offers.append((self.choice(name).value, INSTANCE, None))
        offers += [(self.entries[one].contents.variables.get(name), by, one) for one, by in self.bundles_on()]
        if name in self.said and self.said[name].state == DEFAULT:
            offers.append((self.said[name].value, PROJECT, None))
        offers.append((entry.default, GLOBAL, None))
        for value, origin, through in offers:
            if value is not None or (through and name in self.entries[through].contents.variables):
                try:
                    return kept_fitting(entry, value), origin, through
                except Unfit:
                    self.faults.append((name, "bad_value"))
        return None, self.state(name)[1], None

    def of(self, name: str) -> Had:
        (state, said_by), entry, choice = self.state(name), self.entries[name], self.choice(name)
        if state == UNAVAILABLE:
            if choice.is_on or choice.value is not None:
                self.faults.append((name, "unavailable"))
            return Had(state, said_by, False, None, said_by, None, False)
        if entry.kind != VARIABLE:
            is_on, origin, through = self.on(name)
            return Had(state, said_by, is_on, None, origin, through, False)
        known = [one for one in entry.packages if one in self.entries and self.entries[one].kind == PACKAGE]
        if entry.packages and not any(self.on(one)[0] for one in known):
            return Had(state, said_by, False, None, said_by, None, False)
        value, origin, through = self.value(name)
        return Had(state, said_by, False, value, origin, through, True)

    def effect(self) -> dict[str, tuple[bool, Any, type]]:
        return {name: (had.is_on, had.value, type(had.value)) for name, had in self.had.items()}


@given(menus, states, choices)
def test_what_a_server_has_is_what_the_three_tables_say(entries: Any, said: Any, chosen: Any) -> None:
    plainly = Plainly(entries, said, chosen)
    settings = ProjectMenu(Menu(1, entries), said).settings(chosen)
    found = {
        name: Had(one.state, one.state_origin, one.is_on, one.value, one.origin, one.through, one.in_play)
        for name, one in settings.settings.items()
    }
    assert found == plainly.had
    assert {name: (one.is_on, one.value, type(one.value)) for name, one in found.items()} == plainly.effect()
    assert [(fault.name, fault.code) for fault in settings.faults] == sorted(plainly.faults)
    on = [name for name, had in sorted(plainly.had.items()) if had.is_on and entries[name].kind == PACKAGE]
    assert [one.entry.name for one in settings.packages] == on
    assert [one.entry.name for one in settings.variables] == sorted(
        n for n, had in plainly.had.items() if had.value is not None
    )
    assert settings.missing == {
        name for name, had in plainly.had.items() if entries[name].required and had.in_play and had.value is None
    }


@given(menus, states, choices)
def test_what_is_unavailable_never_has_an_effect(entries: Any, said: Any, chosen: Any) -> None:
    settings = ProjectMenu(Menu(1, entries), said).settings(chosen)
    for name, one in settings.settings.items():
        if not one.is_offered:
            assert (one.is_on, one.value, one.in_play, one.through) == (False, None, False, None)
            assert one not in settings.packages
            assert one not in settings.variables
            assert name not in settings.missing
        if one.through is not None:
            assert settings.settings[one.through].is_on
            assert one.origin == settings.settings[one.through].origin


# -- what is kept


@given(menus, states, choices, choices)
def test_what_is_kept_gives_what_was_wanted_and_says_nothing_that_the_project_says(
    entries: Any, said: Any, before: Any, changes: Any
) -> None:
    project, wanted = ProjectMenu(Menu(1, entries), said), {**before, **changes}
    kept, faults = judge(project, before, wanted)
    event("refused" if faults else "kept")
    assert {fault.name for fault in faults} <= set(NAMES)
    assert set(kept) <= set(wanted)
    if faults:
        return
    plainly = Plainly(entries, said, kept)
    assert plainly.effect() == Plainly(entries, said, wanted).effect(), "what was wanted"
    for name, choice in kept.items():
        assert choice == wanted[name]
        assert choice != Choice()
        had = plainly.had.get(name)
        # what has no effect any more, as what fits no more, stays as it was made
        is_idle = had is None or had.state == UNAVAILABLE or (name, "bad_value") in plainly.faults
        is_idle = is_idle or (choice.is_on if entries[name].kind == VARIABLE else choice.value) is not None
        if choice.state is None and not is_idle:
            alone = Plainly(entries, said, {other: one for other, one in kept.items() if other != name})
            is_out_of_play = had is not None and choice.value is not None and not had.in_play
            assert alone.effect()[name] != plainly.effect()[name] or alone.had[name].through or is_out_of_play
    assert judge(project, kept, kept) == (kept, []), "nothing is left to do"


@given(menus, states, choices)
def test_what_is_new_is_kept_only_where_it_has_its_effect(entries: Any, said: Any, chosen: Any) -> None:
    project = ProjectMenu(Menu(1, entries), said)
    kept, faults = judge(project, {}, chosen)
    wrong = {fault.name for fault in faults if fault.code != "required"}
    assert not wrong & set(kept)
    for name, choice in chosen.items():
        is_said = choice.is_on is not None or choice.value is not None
        if is_said and (name not in entries or Plainly(entries, said, {name: choice}).had[name].state == UNAVAILABLE):
            assert name in wrong
    settings = project.settings(kept)
    assert not settings.faults or {fault.code for fault in settings.faults} == {"bad_value"}, "of the project's own"
    for name, choice in chosen.items():
        if name not in wrong and choice.is_on is not None:
            assert settings.settings[name].is_on == choice.is_on
        if name not in wrong and choice.value is not None and settings.settings[name].in_play:
            assert settings.settings[name].value == choice.value
