"""As the filter of the tests beside it: takes one defence of `props_override` away, in a nova-api and in its Glance."""

from __future__ import annotations

import datetime
import functools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from glance_related.hosts.glance.protections import Protections
from glance_related.hosts.nova import requests
from glance_related.hosts.nova.image_properties import ImageProperties
from glance_related.instance_aware import instance_aware_nova_filter
from glance_related.props_override import props_override_filter, props_override_nova_filter, riding, rules
from glance_related.props_override.override import OVERRIDE
from glance_related.props_override.props_override_filter import PropsOverrideMiddleware
from glance_related.props_override.props_override_nova_filter import PropsOverrideNovaMiddleware
from glance_related.props_override.rights import Rights
from glance_related.riders.rider import AT_GLANCE, GLOBAL_ID
from glance_related.riders.store import RiderStore
from glance_related.wsgi import filter as wsgi_filter
from glance_related.wsgi.caller import read_caller
from glance_related.wsgi.reply import collect
from tests.real.nova.attacks.undo import (
    Undo,
    has_a_length,
    is_called_json,
    names_as_bytes,
    of_any_length,
    one_spelling,
    read_where,
)
from tests.real.undoing import Change, Defences

DEFENCES = Defences()
defence = DEFENCES.named


def filter_factory(global_conf: Any, *, file: str) -> Callable[[Any], Undo]:
    return lambda app: Undo(app, Path(file), DEFENCES)


class _Any(str):
    """A text that is the same as every other."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


_ANY = _Any()


# -- in front of Glance


@defence("an override is for its own caller")
def _for_any_caller() -> list[Change]:
    def anybody(environ: Any) -> Any:
        return replace(read_caller(environ), project_id=_ANY, user_id=_ANY)

    return [(props_override_filter, "read_caller", anybody)]


@defence("an override is shown to its own Nova")
def _to_any_service() -> list[Change]:
    def as_service(environ: Any) -> Any:
        caller = read_caller(environ)
        return replace(caller, service_user_id=caller.service_user_id or caller.user_id)

    asked = RiderStore.asked

    def of_its_nova(self: RiderStore, request_id: str, kind: str, service_user_id: str) -> Any:
        found = asked(self, request_id, kind, service_user_id)
        return found and (found[0], True)

    return [(props_override_filter, "read_caller", as_service), (RiderStore, "asked", of_its_nova)]


@defence("an override is of one image")
def _of_any_image() -> list[Change]:
    def read(rider: Any) -> Any:
        return replace(riding_read(rider), image_id=_ANY)

    riding_read = props_override_filter.read
    return [(props_override_filter, "read", read)]


@defence("an override is merged into one image")
def _into_whatever_is_asked() -> list[Change]:
    def merged(self: PropsOverrideMiddleware, environ: Any, start_response: Any) -> Any:
        override = self._riding(environ[AT_GLANCE], read_caller(environ)) if AT_GLANCE in environ else None
        if override is None:
            return self.app(environ, start_response)
        reply = collect(self.app, environ)
        document = reply.document()
        for image in document.get("images", [document]):
            image |= override.properties
        return reply.with_document(document)(environ, start_response)

    return [(PropsOverrideMiddleware, "__call__", merged)]


@defence("an override is believed for a while")
def _for_ever() -> list[Change]:
    return [(props_override_filter, "utcnow", lambda: datetime.datetime.min)]


# -- request ids in front of Nova


@defence("an inbound id with our mark is dropped")
def _the_clients_id_counts() -> list[Change]:
    filters = (instance_aware_nova_filter, props_override_nova_filter)
    return [(module, "drop_replayed", lambda environ, marks: None) for module in filters]


@defence("an override rides under an id of ours")
def _under_the_clients_id() -> list[Change]:
    def as_sent(environ: Any, marks: Any, *, decides: bool = False) -> str:
        return str(environ[GLOBAL_ID])

    def of_any_id(self: PropsOverrideMiddleware, environ: Any, start_response: Any) -> Any:
        if self._riders.get(environ.get(AT_GLANCE, ""), OVERRIDE) is None:
            return self.app(environ, start_response)
        return wsgi_filter.Filter.__call__(self, environ, start_response)

    return [(riding, "marked_id", as_sent), (PropsOverrideMiddleware, "__call__", of_any_id)]


@functools.cache
def _the_only_id(marks: Any) -> str:
    return str(marks.new_id(decides=True))


@defence("each boot has an id of its own")
def _one_id_for_all() -> list[Change]:
    add = RiderStore.add

    def first(self: RiderStore, rider: Any) -> None:
        if self.get(rider.request_id, rider.kind) is None:
            add(self, rider)

    return [
        (riding, "marked_id", lambda environ, marks, *, decides: _the_only_id(marks)),
        (riding, "_is_in_force", lambda override, servers: True),
        (RiderStore, "add", first),
    ]


# -- what is read of a request


@defence("an override that nobody would read is refused")
def _taken_where_it_is_one() -> list[Change]:
    def take(document: Any, inside: str) -> Any:
        given = document[inside].pop(rules.KEY, None)
        return given if isinstance(given, dict) else None

    return [(rules, "take", take)]


@defence("bodies are parsed strictly")
def _parsed_as_usual() -> list[Change]:
    return [(requests, "parse_json", json.loads)]


@defence("escaped names are read as Nova reads them")
def _names_as_bytes() -> list[Change]:
    # the other filter in front of Nova writes anew what it has judged
    filters = (instance_aware_nova_filter, props_override_nova_filter)
    return [(module, "may_name", names_as_bytes) for module in filters]


@defence("the route decides that a body is read")
def _content_type_decides() -> list[Change]:
    return read_where(props_override_nova_filter, is_called_json)


@defence("chunked bodies are read")
def _only_with_a_length() -> list[Change]:
    return read_where(props_override_nova_filter, has_a_length)


@defence("the length of a body is bounded")
def _any_length() -> list[Change]:
    return [(props_override_nova_filter, "read_body", of_any_length)]


@defence("every spelling of a route is known")
def _one_spelling() -> list[Change]:
    return one_spelling(["/v2", "/v2.1"], ["/v2/servers", "/v2.1/servers"])


@defence("_method in the query is minded")
def _method_as_sent() -> list[Change]:
    return [(wsgi_filter, "effective_method", lambda environ: environ["REQUEST_METHOD"])]


@defence("a root disk is told as Nova tells it")
def _told_by_one_spelling() -> list[Change]:
    def is_root_volume(mapping: Any) -> bool:
        return mapping.get("boot_index") in (0, "0") and mapping.get("destination_type") == "volume"

    return [(rules, "_is_root_volume", is_root_volume)]


# -- who may


@defence("protections are minded")
def _everybody_may() -> list[Change]:
    return [(Rights, "_may", lambda self, caller: lambda operation, name: True)]


@defence("protections are searched for anywhere in a name")
def _whole_names() -> list[Change]:
    permits = Protections.permits

    def by_whole_names(self: Protections, *asked: Any) -> bool:
        whole = [replace(one, names=re.compile(rf"\A(?:{one.names.pattern})\Z")) for one in self.sections]
        return permits(Protections(tuple(whole)), *asked)

    return [(Protections, "permits", by_whole_names)]


@defence("a property goes by all its names")
def _by_one_name() -> list[Change]:
    return [(ImageProperties, "names_of", lambda self, name: (name,))]


@defence("changing is no creating")
def _creating_is_enough() -> list[Change]:
    return [(rules, "_is_permitted", lambda names, rights, present: rights.may("create", names[0]))]


@defence("the operator's patterns are minded")
def _everything_is_offered() -> list[Change]:
    return [(Rights, "is_offered", lambda self, names: True)]


@defence("an image carries nothing that its maker may not set")
def _glance_judges_images() -> list[Change]:
    return [(PropsOverrideNovaMiddleware, "_refuse_forbidden_image", lambda self, request, server_id: None)]


@defence("Nova is asked which server it is, and what made it")
def _by_what_is_kept() -> list[Change]:
    def kept_of(self: PropsOverrideNovaMiddleware, request: Any, server_id: str) -> Any:
        return self._kept.get(server_id)

    return [
        (props_override_nova_filter, "canonical_uuid", lambda text: text),
        (PropsOverrideNovaMiddleware, "_kept_of", kept_of),
    ]
