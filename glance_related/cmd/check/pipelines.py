"""What is wrong in Glance's paste file: our filters in the wrong place, or in none."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.paste import PasteFile, Pipeline, our_filters

#: Our filters that stand in Glance's pipeline for its v2 API, in their order.
IN_GLANCE = ("instance_aware", "props_override")

_NOWHERE: Mapping[str, str] = MappingProxyType({})

# What must stand before our filters in Glance's pipeline, and what that does for us.
_BEFORE = {
    "versionnegotiation": "it makes every spelling of a path one, and what slips by it is not seen",
    "authtoken": "it removes the identity headers that a client has sent",
    "context": "it says who is asking",
    "unauthenticated-context": "it says that nobody is",
}
# What must stand behind them.
_BEHIND = {
    "cache": "it answers some requests itself",
    "cachemanage": "it answers some requests itself",
}


def check_glance(paste: PasteFile, flavor: str | None, *, allow_no_auth: bool, config_file: str) -> Iterator[Finding]:
    """Everything about Glance's paste file.

    :param flavor: the one in force; None where it is not known
    :param allow_no_auth: ``[instance_aware] allow_no_auth``
    :param config_file: the suite's configuration that the other checks look at
    """
    if not paste.filters:
        yield error(
            "paste.no_section",
            f"{paste.path} has no section of ours; add [filter:instance_aware] with "
            "'use = egg:glance_related#instance_aware', and the word instance_aware right after context.",
        )
    yield from check_sections(paste, config_file, code="paste", host="Glance", place="right after context")
    in_force = None if flavor is None else paste.in_force(flavor)
    if flavor is not None and in_force is None:
        yield error(
            "paste.no_such_flavor",
            f"{paste.path} has no pipeline for the flavor in force, '{flavor}'; put [paste_deploy] flavor right.",
        )
    chosen = [pipeline for pipeline in paste.pipelines if pipeline.systems() & set(IN_GLANCE)]
    for pipeline in chosen:
        yield from _order(pipeline)
        if pipeline.position("authtoken") is None and not allow_no_auth:
            yield from _no_authtoken(pipeline, is_in_force=pipeline == in_force)
    for section in paste.filters:
        if section.system in IN_GLANCE:
            yield from _missing(paste, section.system, in_force)


def check_sections(
    paste: PasteFile, config_file: str, *, code: str, host: str, place: str, places: Mapping[str, str] = _NOWHERE
) -> Iterator[Finding]:
    """Our filters' own sections, in either host's file.

    :param code: the first word of the findings' codes
    :param place: where in a pipeline our filters belong
    :param places: where some of them belong instead
    """
    known = our_filters()
    used = {word.name for pipeline in paste.pipelines for word in pipeline.words}
    for section in paste.filters:
        if section.system not in known:
            close = difflib.get_close_matches(section.system, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known))}."
            yield error(
                f"{code}.no_such_filter", f"[filter:{section.name}]: the suite has no filter {section.system}; {hint}"
            )
        if section.name not in used:
            yield error(
                f"{code}.section_unused",
                f"[filter:{section.name}] is in no pipeline; put the word {section.name} "
                f"{places.get(section.system, place)}.",
            )
        yield from check_config_file(f"filter:{section.name}", section.config_file, config_file, code)
    for name in sorted((used & known) - {section.name for section in paste.filters}):
        if not paste.has_filter(name):
            yield error(
                f"{code}.word_without_section",
                f"a pipeline names {name}, and there is no [filter:{name}]; {host} does not start: add the section.",
            )


def check_config_file(section: str, named: str | None, checked: str, code: str) -> Iterator[Finding]:
    """Whether a section of ours names the suite's configuration that the other checks look at.

    :param named: None: it names none
    :param code: the first word of the findings' codes
    """
    if named is None or Path(named).resolve() == Path(checked).resolve():
        return
    if Path(named).is_file():
        yield warning(
            f"{code}.other_config_file",
            f"[{section}] config_file is {named}, and this check looked at {checked}; make both the same.",
        )
    else:
        yield error(f"{code}.no_config_file", f"[{section}] config_file is {named}, which is no file; put it right.")


def _order(pipeline: Pipeline) -> Iterator[Finding]:
    """Our filters' places in one pipeline of Glance's."""
    seen: list[str] = []
    for index, word in pipeline.ours():
        for role, why in _BEFORE.items():
            position = pipeline.position(role)
            if position is not None and index < position:
                yield error(
                    f"paste.before_{role}",
                    f"{pipeline.title}: {word.name} stands before {role}; put it right after context, for {why}.",
                )
        if not any(pipeline.position(role) is not None for role in ("context", "unauthenticated-context")):
            yield error(
                "paste.no_context", f"{pipeline.title}: {word.name} needs context before it, and there is none; add it."
            )
        for role, why in _BEHIND.items():
            position = pipeline.position(role)
            if position is not None and index > position:
                yield error(
                    f"paste.after_{role}",
                    f"{pipeline.title}: {word.name} stands after {role}; put it right after context, for {why}.",
                )
        if word.system in seen:
            yield error("paste.twice", f"{pipeline.title}: {word.name} stands there twice; take one out.")
        seen.append(word.system or "")
    wanted = sorted((system for system in seen if system in IN_GLANCE), key=IN_GLANCE.index)
    if wanted != [system for system in seen if system in IN_GLANCE]:
        yield error("paste.order", f"{pipeline.title}: the order of our filters must be: {' '.join(IN_GLANCE)}.")


def _no_authtoken(pipeline: Pipeline, *, is_in_force: bool) -> Iterator[Finding]:
    text = (
        f"{pipeline.title} knows no callers, and is answered 403; take our filter out of it, or set "
        "[instance_aware] allow_no_auth = true."
    )
    yield error("paste.no_authtoken", text) if is_in_force else warning("paste.no_authtoken", text)


def _missing(paste: PasteFile, system: str, in_force: Pipeline | None) -> Iterator[Finding]:
    """Pipelines of Glance's API, with authentication, in which the filter does not stand."""
    if in_force is not None and system not in in_force.systems():
        yield error(
            "paste.not_in_force",
            f"{in_force.title}, which is the pipeline in force, does not contain {system}; put it right after context.",
        )
    elsewhere = any(system in pipeline.systems() for pipeline in paste.pipelines)
    for pipeline in paste.pipelines:
        if not elsewhere or pipeline == in_force or system in pipeline.systems():
            continue
        if all(pipeline.position(role) is not None for role in ("versionnegotiation", "authtoken", "context")):
            yield warning(
                "paste.missing_from_flavor",
                f"{pipeline.title} does not contain {system}, which others do; put it right after context there too, "
                "or a change of the flavor takes it away.",
            )
