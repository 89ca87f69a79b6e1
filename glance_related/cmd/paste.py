"""A paste file, read as PasteDeploy reads it: its pipelines in every shape, and what each of their words is.

Both shapes of Glance's file are known, the lines of ``[composite:api]`` and the older sections
``[pipeline:glance-api-keystone]``, and Nova's lines of ``[composite:openstack_compute_api_v21]``.
"""

from __future__ import annotations

import configparser
import importlib.metadata
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paste.deploy.loadwsgi import ConfigLoader

DISTRIBUTION = "glance_related"
_FILTERS, _DOORS = "paste.filter_factory", "paste.composite_factory"

# What the hosts' own filters are, whatever an operator calls their sections.
_HOSTS_FILTERS = {
    "glance.api.middleware.version_negotiation:VersionNegotiationFilter.factory": "versionnegotiation",
    "glance.api.middleware.context:ContextMiddleware.factory": "context",
    "glance.api.middleware.context:UnauthenticatedContextMiddleware.factory": "unauthenticated-context",
    "glance.api.middleware.cache:CacheFilter.factory": "cache",
    "glance.api.middleware.cache_manage:CacheManageFilter.factory": "cachemanage",
    "keystonemiddleware.auth_token:filter_factory": "authtoken",
    "nova.api.compute_req_id:ComputeReqIdMiddleware.factory": "compute_req_id",
    "nova.api.auth:NovaKeystoneContext.factory": "keystonecontext",
}
_OURS = re.compile(r"egg:glance[-_.]related#(?P<name>.+)", re.IGNORECASE)
_NOT_LINES = ("use", "paste.")
_COMPOSITES = ("composite", "composit")


class PasteError(Exception):
    """The file cannot be read; the text is one sentence."""


@dataclass(frozen=True)
class Word:
    """One word of a pipeline.

    :param name: as it stands there
    :param role: the host's filter that it is, by its factory or else by its name
    :param system: the entry point, where it is one of ours
    """

    name: str
    role: str
    system: str | None = None


@dataclass(frozen=True)
class Pipeline:
    """A pipeline.

    :param title: where it stands, as an operator finds it
    :param name: of the section, or of the line in it
    """

    title: str
    name: str
    words: tuple[Word, ...]

    def position(self, role: str) -> int | None:
        """Where the first filter of that role stands, or None."""
        return next((index for index, word in enumerate(self.words) if word.role == role), None)

    def systems(self) -> set[str]:
        """The filters of ours that stand in it."""
        return {word.system for word in self.words if word.system is not None}

    def ours(self) -> list[tuple[int, Word]]:
        """Our filters, and where they stand."""
        return [(index, word) for index, word in enumerate(self.words) if word.system is not None]


@dataclass(frozen=True)
class FilterSection:
    """A ``[filter:...]`` section of ours.

    :param system: the entry point that it names
    :param config_file: the suite's configuration that it names, if any
    """

    name: str
    system: str
    config_file: str | None


@dataclass(frozen=True)
class Door:
    """A ``[composite:...]`` section of ours: an application that stands beside the host's own, and asks it.

    :param system: the entry point that it names
    :param api: the section of the host's that it asks, if any
    :param config_file: the suite's configuration that it names, if any
    """

    name: str
    system: str
    api: str | None
    config_file: str | None


@dataclass(frozen=True)
class Mount:
    """A line by which a path leads to an application.

    :param section: where it stands
    :param application: the name of the section that the path leads to
    """

    section: str
    path: str
    application: str


class PasteFile:
    """A paste file.

    :raises PasteError: it cannot be read, or is no INI file
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        try:
            self._parser: configparser.ConfigParser = ConfigLoader(self.path).parser
        except OSError as error:
            raise PasteError(f"The paste file {path} cannot be read ({error.strerror}).") from None
        except (configparser.Error, UnicodeDecodeError) as error:
            where = getattr(error, "lineno", None)
            line = f" in line {where}" if where else ""
            raise PasteError(f"The paste file {path} cannot be parsed{line} ({type(error).__name__}).") from None
        self.filters = [section for name in self._parser.sections() if (section := self._ours(name)) is not None]
        self.pipelines = list(self._pipelines())
        self.mounts = list(self._mounts())
        self.doors = [door for section in self._parser.sections() if (door := self._door(section)) is not None]

    def in_force(self, flavor: str) -> Pipeline | None:
        """The pipeline that Glance takes for a flavor, or None where it has none.

        :param flavor: ``[paste_deploy] flavor``; empty for Glance's default
        """
        return self._resolved(f"glance-api-{flavor}" if flavor else "glance-api", flavor or "default", depth=8)

    def has_filter(self, name: str) -> bool:
        """Whether there is a section for a filter."""
        return any(self._parser.has_section(f"{kind}:{name}") for kind in ("filter", "filter-app"))

    def has_application(self, name: str) -> bool:
        """Whether there is a section for an application, or for what leads to some."""
        return any(self._parser.has_section(f"{kind}:{name}") for kind in (*_COMPOSITES, "pipeline", "app"))

    def pipelines_of(self, name: str) -> list[Pipeline]:
        """The pipelines of a section."""
        titles = [f"{kind}:{name}" for kind in (*_COMPOSITES, "pipeline")]
        return [pipeline for pipeline in self.pipelines if pipeline.title[1:].partition("]")[0] in titles]

    def _resolved(self, app: str, line: str, depth: int) -> Pipeline | None:
        if depth == 0:
            return None
        if self._parser.has_section(f"pipeline:{app}"):
            return self._pipeline_section(app)
        section = next((f"{kind}:{app}" for kind in _COMPOSITES if self._has(f"{kind}:{app}")), None)
        if section is None:
            return None
        if self._keeps_pipelines(section):
            return self._pipeline_line(section, line) if self._get(section, line) else None
        inner = self._get(section, "/")
        return self._resolved(inner, line, depth - 1) if inner else None

    def _pipelines(self) -> Iterator[Pipeline]:
        for section in self._parser.sections():
            kind, _, name = section.partition(":")
            if kind == "pipeline":
                yield self._pipeline_section(name)
            elif kind in _COMPOSITES and self._keeps_pipelines(section):
                for line in self._lines(section):
                    yield self._pipeline_line(section, line)

    def _keeps_pipelines(self, section: str) -> bool:
        """Whether the section's lines are pipelines: Glance's and Nova's factories for them bear that name."""
        factory = self._get(section, "paste.composite_factory") or self._get(section, "use")
        return ":pipeline_factory" in factory

    def _lines(self, section: str) -> list[str]:
        defaults = self._parser.defaults()
        return [
            option
            for option in self._parser.options(section)
            if option not in defaults and not option.startswith(_NOT_LINES) and not option.startswith("set ")
        ]

    def _pipeline_section(self, name: str) -> Pipeline:
        section = f"pipeline:{name}"
        return Pipeline(f"[{section}]", name, self._words(self._get(section, "pipeline")))

    def _pipeline_line(self, section: str, line: str) -> Pipeline:
        return Pipeline(f"[{section}] {line}", line, self._words(self._get(section, line)))

    def _words(self, text: str) -> tuple[Word, ...]:
        words = []
        for name in text.split():
            section = self._ours(f"filter:{name}")
            factory = self._factory(f"filter:{name}")
            words.append(Word(name, _HOSTS_FILTERS.get(factory, name), section.system if section else None))
        return tuple(words)

    def _ours(self, section: str) -> FilterSection | None:
        kind, _, name = section.partition(":")
        if kind not in ("filter", "filter-app"):
            return None
        factory = self._factory(section)
        egg = _OURS.fullmatch(factory)
        system = egg["name"] if egg else _entry_points(_FILTERS).get(factory)
        if system is None:
            return None
        return FilterSection(name, system, self._get(section, "config_file") or None)

    def _door(self, section: str) -> Door | None:
        kind, _, name = section.partition(":")
        if kind not in _COMPOSITES:
            return None
        used = self._get(section, "use")
        factory = self._get(section, "paste.composite_factory") or used.removeprefix("call:")
        egg = _OURS.fullmatch(used)
        system = egg["name"] if egg else _entry_points(_DOORS).get(factory)
        if system is None:
            return None
        return Door(name, system, self._get(section, "api") or None, self._get(section, "config_file") or None)

    def _mounts(self) -> Iterator[Mount]:
        for section in self._parser.sections():
            if section.partition(":")[0] in _COMPOSITES and not self._keeps_pipelines(section):
                for path in self._lines(section):
                    if path.startswith(("/", "http:", "https:")):
                        yield Mount(section, path, self._get(section, path))

    def _factory(self, section: str) -> str:
        """What makes a filter: the factory, or ``use``, followed to where it leads within the file."""
        for _ in range(8):
            factory = self._get(section, "paste.filter_factory")
            used = self._get(section, "use")
            if factory or not used or ":" in used:
                return factory or used
            section = f"filter:{used}"
        return ""

    def _has(self, section: str) -> bool:
        return self._parser.has_section(section)

    def _get(self, section: str, option: str) -> str:
        """A value, with nothing filled in where that fails; empty where there is none."""
        if not self._parser.has_option(section, option):
            return ""
        try:
            return self._parser.get(section, option).strip()
        except configparser.InterpolationError:
            return self._parser.get(section, option, raw=True).strip()


def our_filters() -> set[str]:
    """The names of the suite's filters, as a paste file says them after ``egg:glance_related#``."""
    return set(_entry_points(_FILTERS).values())


def our_doors() -> set[str]:
    """The names of the suite's doors, as a paste file says them."""
    return set(_entry_points(_DOORS).values())


def _entry_points(group: str) -> dict[str, str]:
    """Ours of a group: where each is made, and its name."""
    points = importlib.metadata.distribution(DISTRIBUTION).entry_points.select(group=group)
    return {point.value: point.name for point in points}
