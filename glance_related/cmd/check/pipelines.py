"""What is wrong in Glance's and Nova's paste files: our filters in the wrong place, or in none."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.paste import PasteFile, Pipeline, our_filters

#: Our filters that stand in Glance's pipeline for its v2 API, in their order.
IN_GLANCE = ("instance_aware", "props_override")

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
    yield from _sections(paste, config_file)
    in_force = None if flavor is None else paste.in_force(flavor)
    if flavor is not None and in_force is None:
        yield error(
            "paste.no_such_flavor",
            f"{paste.path} has no pipeline for the flavor in force, '{flavor}'; put [paste_deploy] flavor right.",
        )
    chosen = [pipeline for pipeline in paste.pipelines if _systems(pipeline) & set(IN_GLANCE)]
    for pipeline in chosen:
        yield from _order(pipeline)
        if pipeline.position("authtoken") is None and not allow_no_auth:
            yield from _no_authtoken(pipeline, is_in_force=pipeline == in_force)
    for section in paste.filters:
        if section.system in IN_GLANCE:
            yield from _missing(paste, section.system, in_force)


def check_nova(paste: PasteFile) -> Iterator[Finding]:
    """Everything about Nova's paste file: our filters stand between authtoken and keystonecontext."""
    for pipeline in paste.pipelines:
        context = pipeline.position("keystonecontext")
        token = pipeline.position("authtoken")
        for index, word in pipeline.ours():
            if context is not None and index > context:
                yield error(
                    "nova_paste.after_keystonecontext",
                    f"{pipeline.title}: {word.name} stands after keystonecontext, where Nova has fixed the request id "
                    "already; put it between authtoken and keystonecontext.",
                )
            if token is not None and index < token:
                yield error(
                    "nova_paste.before_authtoken",
                    f"{pipeline.title}: {word.name} stands before authtoken, and would believe what a client says of "
                    "itself; put it between authtoken and keystonecontext.",
                )
            if word.system in IN_GLANCE:
                yield error(
                    "nova_paste.glances_filter",
                    f"{pipeline.title}: {word.name} is a filter for Glance's pipeline; take it out of Nova's.",
                )


def _sections(paste: PasteFile, config_file: str) -> Iterator[Finding]:
    """The filters' own sections."""
    known = our_filters()
    used = {word.name for pipeline in paste.pipelines for word in pipeline.words}
    if not paste.filters:
        yield error(
            "paste.no_section",
            f"{paste.path} has no section of ours; add [filter:instance_aware] with "
            "'use = egg:glance_related#instance_aware', and the word instance_aware right after context.",
        )
    for section in paste.filters:
        if section.system not in known:
            close = difflib.get_close_matches(section.system, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(known))}."
            yield error(
                "paste.no_such_filter", f"[filter:{section.name}]: the suite has no filter {section.system}; {hint}"
            )
        if section.name not in used:
            yield error(
                "paste.section_unused",
                f"[filter:{section.name}] is in no pipeline; put the word {section.name} right after context.",
            )
        yield from _config_file(section.name, section.config_file, config_file)
    for name in sorted((used & known) - {section.name for section in paste.filters}):
        if not paste.has_filter(name):
            yield error(
                "paste.word_without_section",
                f"a pipeline names {name}, and there is no [filter:{name}]; Glance does not start: add the section.",
            )


def _config_file(name: str, named: str | None, checked: str) -> Iterator[Finding]:
    if named is None or Path(named).resolve() == Path(checked).resolve():
        return
    if Path(named).is_file():
        yield warning(
            "paste.other_config_file",
            f"[filter:{name}] config_file is {named}, and this check looked at {checked}; make both the same.",
        )
    else:
        yield error("paste.no_config_file", f"[filter:{name}] config_file is {named}, which is no file; put it right.")


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
    if in_force is not None and system not in _systems(in_force):
        yield error(
            "paste.not_in_force",
            f"{in_force.title}, which is the pipeline in force, does not contain {system}; put it right after context.",
        )
    elsewhere = any(system in _systems(pipeline) for pipeline in paste.pipelines)
    for pipeline in paste.pipelines:
        if not elsewhere or pipeline == in_force or system in _systems(pipeline):
            continue
        if all(pipeline.position(role) is not None for role in ("versionnegotiation", "authtoken", "context")):
            yield warning(
                "paste.missing_from_flavor",
                f"{pipeline.title} does not contain {system}, which others do; put it right after context there too, "
                "or a change of the flavor takes it away.",
            )


def _systems(pipeline: Pipeline) -> set[str]:
    return {word.system for word in pipeline.words if word.system is not None}
