"""A filter of the tests: takes one defence of ours away, in a nova-api and in the Glance behind it.

It stands in front of our filter in each of the two, with one thread, and does what a file says: the name of a
defence, or nothing. A header would not do, for Nova hands none on to Glance. What an attack reaches without
the defence, and only then, is what that defence keeps from it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from glance_related.hosts.nova import requests
from glance_related.instance_aware import instance_aware_nova_filter, rules
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware
from glance_related.instance_aware.instance_aware_nova_filter import InstanceAwareNovaMiddleware
from glance_related.instance_aware.novas_images import NovasImages
from glance_related.instance_aware.registrations import Registrations
from glance_related.instance_ref import InstanceRef
from glance_related.riders.rider import GLOBAL_ID
from glance_related.wsgi import body as wsgi_body
from glance_related.wsgi import filter as wsgi_filter
from tests.real.undoing import Change, Defences

DEFENCES = Defences()
defence = DEFENCES.named

#: All of them at once: a Nova and a Glance from before we came.
NO_FILTERS = "our filters"


class Undo:
    """Takes away what `file` names of these defences."""

    def __init__(self, app: Any, file: Path, defences: Defences) -> None:
        self.app = app
        self.file = file
        self.defences = defences

    def __call__(self, environ: Any, start_response: Any) -> Any:
        name = self.file.read_text() if self.file.exists() else ""
        if not name:
            return self.app(environ, start_response)
        return self.defences.answer_without(name, self.app, environ, start_response)


def filter_factory(global_conf: Any, *, file: str) -> Callable[[Any], Undo]:
    return lambda app: Undo(app, Path(file), DEFENCES)


def _passes(self: Any, environ: Any, start_response: Any) -> Any:
    return self.app(environ, start_response)


@defence(NO_FILTERS)
def _before_we_came() -> list[Change]:
    return [(InstanceAwareNovaMiddleware, "__call__", _passes), (wsgi_filter.Filter, "__call__", _passes)]


# -- what a customer says of an image


@defence("metadata that lies is refused")
def _lies_pass() -> list[Change]:
    return [(instance_aware_nova_filter, "_refuse_lies", lambda given, present: None)]


@defence("names are told apart as MariaDB tells them")
def _names_as_they_stand() -> list[Change]:
    return [(rules, "is_told_by_nova", lambda name: name in rules._TOLD_BY_NOVA)]


@defence("what Nova says of tuples is not believed")
def _nova_is_believed() -> list[Change]:
    of = Registrations.of

    def trusted(self: Registrations, caller: Any) -> Any:
        return [dataclasses.replace(one, trusted_program=True) for one in of(self, caller)]

    return [
        *_lies_pass(),
        (Registrations, "of", trusted),
        (NovasImages, "is_from_nova", lambda self, environ, caller: False),
        (rules, "is_shown_to", lambda caller, programs, nova_users: True),
    ]


@defence("Nova is shown no tuples")
def _shown_to_all() -> list[Change]:
    return [(rules, "is_shown_to", lambda caller, programs, nova_users: True)]


# -- which requests are ours


def one_spelling(scripts: Sequence[str], paths: Sequence[str]) -> list[Change]:
    """No path is known but those that begin with one of `paths`, and are sent so."""
    call = wsgi_filter.Filter.__call__

    def as_usual(self: Any, environ: Any, start_response: Any) -> Any:
        target = (environ.get("RAW_URI") or environ["REQUEST_URI"]).partition("?")[0]
        if environ["SCRIPT_NAME"] in scripts and target.startswith(tuple(paths)):
            return call(self, environ, start_response)
        return self.app(environ, start_response)

    return [(wsgi_filter.Filter, "__call__", as_usual)]


@defence("every spelling of a route is known")
def _one_spelling() -> list[Change]:
    return one_spelling(["/v2.1"], ["/v2.1/servers/", "/v2.1/images/"])


@defence("_method in the query is minded")
def _method_as_sent() -> list[Change]:
    return [(wsgi_filter, "effective_method", lambda environ: environ["REQUEST_METHOD"])]


@defence("servers are spelt as Nova spells them")
def _as_the_path_spells_them() -> list[Change]:
    return [(instance_aware_nova_filter, "canonical_uuid", lambda text: text)]


# -- bodies


def read_where(filter_module: ModuleType, condition: Callable[[Any], bool]) -> list[Change]:
    read_body = wsgi_body.read_body

    def read(environ: Any, limit: int) -> bytes | None:
        return read_body(environ, limit) if condition(environ) else None

    return [(filter_module, "read_body", read)]


def is_called_json(environ: Any) -> bool:
    return bool(environ.get("CONTENT_TYPE") == "application/json")


def has_a_length(environ: Any) -> bool:
    return bool(environ.get("CONTENT_LENGTH"))


@defence("the route decides that a body is read")
def _content_type_decides() -> list[Change]:
    return read_where(instance_aware_nova_filter, is_called_json)


@defence("chunked bodies are read")
def _only_with_a_length() -> list[Change]:
    return read_where(instance_aware_nova_filter, has_a_length)


def names_as_bytes(body: bytes, names: Any) -> bool:
    """`may_name` of somebody who does not know of escapes."""
    return any(name.encode() in body for name in names)


@defence("escaped names are read as Nova reads them")
def _names_as_bytes() -> list[Change]:
    return [(instance_aware_nova_filter, "may_name", names_as_bytes)]


@defence("bodies are parsed strictly")
def _parsed_as_usual() -> list[Change]:
    return [(requests, "parse_json", json.loads)]


@defence("the depth of a body is bounded")
def _any_depth() -> list[Change]:
    return [(wsgi_body, "_check_depth", lambda text: None)]


def of_any_length(environ: Any, limit: int) -> bytes | None:
    """`read_body` without a limit."""
    return wsgi_body.read_body(environ, 1 << 40)


@defence("the length of a body is bounded")
def _any_length() -> list[Change]:
    return [(instance_aware_nova_filter, "read_body", of_any_length)]


@defence("two actions are left to Nova")
def _the_first_counts() -> list[Change]:
    judged = requests.judged

    def first(request: Any, body: bytes) -> Any:
        document = dict([next(iter(judged(request, body).items()))])
        wsgi_body.write_json(request.environ, document)
        return document

    return [(instance_aware_nova_filter, "judged", first)]


# -- request ids and what rides on them


@defence("an inbound id with our mark is dropped")
def _the_clients_id_counts() -> list[Change]:
    riding = InstanceAwareNovaMiddleware._riding

    def under_their_id(self: Any, request: Any, server_id: str) -> Any:
        if self._suite.marks.is_ours(request.environ.get(GLOBAL_ID, "")):
            return request.pass_on()
        return riding(self, request, server_id)

    return [
        (instance_aware_nova_filter, "drop_replayed", lambda environ, marks: None),
        (InstanceAwareNovaMiddleware, "_riding", under_their_id),
    ]


@defence("a note is read for a registered Nova only")
def _for_everyone() -> list[Change]:
    def everybodys(self: NovasImages, caller: Any) -> Any:
        installations = self._conduct.store.installations()
        return [rules.Registration(one.nova_installation_uuid, str(caller.user_id), False) for one in installations]

    return [
        (NovasImages, "is_from_nova", lambda self, environ, caller: True),
        (NovasImages, "_of_nova", everybodys),
    ]


@defence("a note is believed for its own caller, for a while")
def _for_any_caller() -> list[Change]:
    return [(NovasImages, "_fits", lambda self, rider, caller: True)]


@defence("what rode on a refused request is forgotten")
def _nothing_is_forgotten() -> list[Change]:
    return [(InstanceAwareNovaMiddleware, "_forget", lambda self, request_id: None)]


# -- what Nova says where nothing rides


@defence("what Nova only says is proved first")
def _novas_word_counts() -> list[Change]:
    def bound_at_once(self: NovasImages, environ: Any, caller: Any, image: Any, image_id: Any) -> None:
        (own,) = self._of_nova(caller)
        self._conduct.store.bind(image_id, InstanceRef(own.installation, image["instance_uuid"]))

    return [(InstanceAwareNovaMiddleware, "__call__", _passes), (NovasImages, "_note", bound_at_once)]


@defence("only our tuples are matched")
def _novas_property_matches() -> list[Change]:
    def by_novas_word(self: Any, request: Any, caller: Any, asked: Any, query: Any, wanted: Any) -> Any:
        request.environ["QUERY_STRING"] = f"instance_uuid={wanted.instance}"
        return request.forward()

    return [(InstanceAwareMiddleware, "_list_by_instance", by_novas_word)]
