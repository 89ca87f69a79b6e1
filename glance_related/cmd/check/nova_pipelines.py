"""What is wrong in Nova's paste file: our filter in the wrong place, in one pipeline only, or in none."""

from __future__ import annotations

from collections.abc import Iterator

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.cmd.check.pipelines import IN_GLANCE, check_sections
from glance_related.cmd.paste import PasteFile, Pipeline, Word

#: Our filters for Nova's pipelines, in their order.
IN_NOVA = ("glance_related", "instance_aware_nova", "props_override_nova", "package_menu")
#: Those of them that hand something to Glance.
_HANDING_ON = ("instance_aware_nova", "props_override_nova")
#: Our filter for its metadata service.
IN_METADATA = "guest_meta"

_PLACE = "between authtoken and keystonecontext"

#: Where it belongs.
METADATAS_PLACE = "before metaapp in [pipeline:meta]"

# What must stand before our filters, and what becomes of them where it does not.
_BEFORE = {
    "compute_req_id": "where Nova's own request id is not known yet",
    "authtoken": "and would believe what a client says of itself",
}


def check_nova(paste: PasteFile, *, config_file: str) -> Iterator[Finding]:
    """Everything about Nova's paste file.

    :param config_file: the suite's configuration that the other checks look at
    """
    places = {IN_METADATA: METADATAS_PLACE}
    yield from check_sections(paste, config_file, code="nova_paste", host="Nova", place=_PLACE, places=places)
    for pipeline in paste.pipelines:
        yield from _place(pipeline)
    yield from _missing(paste)


def stands_in_nova(paste: PasteFile, *which: str) -> bool:
    """Whether any of Nova's pipelines has one of these filters of ours, or any that hands something to Glance."""
    return any(pipeline.systems() & set(which or _HANDING_ON) for pipeline in paste.pipelines)


def _place(pipeline: Pipeline) -> Iterator[Finding]:
    seen: list[str] = []
    for index, word in pipeline.ours():
        if word.system in IN_GLANCE:
            yield error(
                "nova_paste.glances_filter",
                f"{pipeline.title}: {word.name} is a filter for Glance's pipeline; take it out of Nova's.",
            )
            continue
        if word.system == IN_METADATA:
            yield from _in_metadata(pipeline, index, word)
        else:
            yield from _before_and_behind(pipeline, index, word)
        if word.system in seen:
            yield error("nova_paste.twice", f"{pipeline.title}: {word.name} stands there twice; take one out.")
        seen.append(word.system or "")
    ours = [system for system in seen if system in IN_NOVA]
    if ours != sorted(ours, key=IN_NOVA.index):
        yield error("nova_paste.order", f"{pipeline.title}: the order of our filters must be: {' '.join(IN_NOVA)}.")


def _in_metadata(pipeline: Pipeline, index: int, word: Word) -> Iterator[Finding]:
    if pipeline.position("authtoken") is not None:
        yield error(
            "nova_paste.metadatas_filter",
            f"{pipeline.title}: {word.name} is a filter for Nova's metadata service; put it {METADATAS_PLACE}.",
        )
    elif index == len(pipeline.words) - 1:
        yield error(
            "nova_paste.after_metaapp", f"{pipeline.title}: {word.name} stands at the end; put it {METADATAS_PLACE}."
        )


def _before_and_behind(pipeline: Pipeline, index: int, word: Word) -> Iterator[Finding]:
    for role, why in _BEFORE.items():
        position = pipeline.position(role)
        if position is None:
            yield error(
                f"nova_paste.no_{role}", f"{pipeline.title}: {word.name} needs {role} before it, and there is none."
            )
        elif index < position:
            yield error(
                f"nova_paste.before_{role}",
                f"{pipeline.title}: {word.name} stands before {role}, {why}; put it {_PLACE}.",
            )
    context = pipeline.position("keystonecontext")
    if context is None:
        yield error(
            "nova_paste.no_keystonecontext",
            f"{pipeline.title}: {word.name} needs keystonecontext behind it, and there is none.",
        )
    elif index > context:
        yield error(
            "nova_paste.after_keystonecontext",
            f"{pipeline.title}: {word.name} stands after keystonecontext, where Nova has fixed the request id "
            f"already; put it {_PLACE}.",
        )


def _missing(paste: PasteFile) -> Iterator[Finding]:
    """Ways into Nova's API that go by a filter that stands in others."""
    if not any(section.system in IN_NOVA for section in paste.filters) and not stands_in_nova(paste):
        first = _HANDING_ON[0]
        yield warning(
            "nova_paste.no_section",
            f"{paste.path} has no section of ours, so images of this Nova are bound by reconcile only, and later; "
            f"add [filter:{first}] with 'use = egg:glance_related#{first}', and the word {first} {_PLACE}.",
        )
    for system in IN_NOVA:
        for pipeline in paste.pipelines if stands_in_nova(paste, system) else ():
            asks_keystone = all(pipeline.position(role) is not None for role in ("authtoken", "keystonecontext"))
            if asks_keystone and system not in pipeline.systems():
                yield error(
                    "nova_paste.missing",
                    f"{pipeline.title} does not contain {system}, and what comes that way goes by it; put it {_PLACE} "
                    "there too.",
                )
