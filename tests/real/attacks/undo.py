"""A filter of the tests: takes one defence of ours away for the length of one request.

It stands in front of `instance_aware` in a Glance of its own, with one thread, and does what the header
X-Undo says. What an attack reaches then, and only then, is what that defence keeps from it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from glance_related.hosts.glance import patch
from glance_related.instance_aware import instance_aware_filter, problems, rules, shown
from glance_related.instance_aware.conduct import Conduct
from glance_related.instance_aware.instance_aware_filter import InstanceAwareMiddleware
from glance_related.instance_aware.novas_images import NovasImages
from glance_related.instance_aware.registrations import Registrations
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import INSTANCE_ID_MAX
from glance_related.problem import Problem
from glance_related.settings.policy import Policy
from glance_related.wsgi import body as wsgi_body
from glance_related.wsgi import caller as wsgi_caller
from glance_related.wsgi import filter as wsgi_filter
from tests.real.undoing import Change, Defences

HEADER = "X-Undo"

DEFENCES = Defences()
defence = DEFENCES.named


class Undo:
    def __init__(self, app: Any) -> None:
        self.app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        name = environ.pop("HTTP_X_UNDO", None)
        if name is None:
            return self.app(environ, start_response)
        return DEFENCES.answer_without(name, self.app, environ, start_response)


def filter_factory(global_conf: Any, **local_conf: str) -> Callable[[Any], Undo]:
    return Undo


# -- who may bind


def _judge_but(*forgiven: Any) -> Callable[..., None]:
    judge = rules.judge_binding

    def judge_binding(*args: Any, **more: Any) -> None:
        try:
            judge(*args, **more)
        except Problem as problem:
            if problem.kind not in forgiven:
                raise

    return judge_binding


@defence("who may bind is judged")
def _everyone_may() -> list[Change]:
    return [(rules, "judge_binding", _judge_but(problems.NOT_ALLOWED))]


@defence("a program is believed for its own installations")
def _for_every_installation() -> list[Change]:
    return [(rules, "judge_binding", _judge_but(problems.FOREIGN_INSTALLATION))]


@defence("installations must be registered")
def _any_installation() -> list[Change]:
    return [(Store, "is_known", lambda self, installation: True)]


@defence("Nova is no trusted program")
def _nova_is_believed() -> list[Change]:
    of = Registrations.of

    def believed(self: Registrations, caller: Any) -> Any:
        return [dataclasses.replace(one, trusted_program=True) for one in of(self, caller)]

    # nor does its request go the way of Nova's own
    return [(Registrations, "of", believed), (NovasImages, "is_from_nova", lambda self, environ, caller: False)]


@defence("a service has the role service")
def _any_token_is_a_service() -> list[Change]:
    read_caller = wsgi_caller.read_caller

    def believed(environ: Any) -> Any:
        caller = read_caller(environ)
        confirmed = environ.get("HTTP_X_SERVICE_IDENTITY_STATUS") == "Confirmed"
        service = environ.get("HTTP_X_SERVICE_USER_ID") if confirmed else None
        roles = caller.roles | {wsgi_caller.SERVICE_ROLE}
        return dataclasses.replace(caller, service_user_id=service, roles=roles)

    return [(instance_aware_filter, "read_caller", believed)]


@defence("identity is read behind Glance's own context only")
def _headers_are_believed() -> list[Change]:
    class Anyone:
        is_admin = False
        user_id = "somebody"
        roles = ("member",)

    return [(instance_aware_filter, "host_context", lambda environ: Anyone)]


# -- which requests are ours


@defence("paths are read as Glance reads them")
def _as_they_stand() -> list[Change]:
    return [(wsgi_filter, "canonical_path", lambda path: path)]


@defence("escaped paths are decoded")
def _raw_paths() -> list[Change]:
    call = wsgi_filter.Filter.__call__

    def by_raw_path(self: Any, environ: Any, start_response: Any) -> Any:
        target = environ.get("RAW_URI") or environ["REQUEST_URI"]
        if target.partition("?")[0] != environ["PATH_INFO"]:
            return self.app(environ, start_response)
        return call(self, environ, start_response)

    return [(wsgi_filter.Filter, "__call__", by_raw_path)]


@defence("_method in the query is minded")
def _method_as_sent() -> list[Change]:
    return [(wsgi_filter, "effective_method", lambda environ: environ["REQUEST_METHOD"])]


@defence("a request goes on under its own method")
def _method_stays() -> list[Change]:
    return [(wsgi_filter.Filter, "obeys_method_override", False)]


@defence("a posted form names no method")
def _forms_pass() -> list[Change]:
    call = wsgi_filter.Filter.__call__

    def form_first(self: Any, environ: Any, start_response: Any) -> Any:
        if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
            return self.app(environ, start_response)
        return call(self, environ, start_response)

    return [(wsgi_filter.Filter, "__call__", form_first)]


# -- bodies


@defence("the route decides that a body is read")
def _content_type_decides() -> list[Change]:
    read_body = wsgi_body.read_body

    def only_json(environ: Any, limit: int) -> bytes | None:
        return read_body(environ, limit) if "json" in environ.get("CONTENT_TYPE", "") else None

    return [(instance_aware_filter, "read_body", only_json)]


@defence("chunked bodies are read")
def _only_with_a_length() -> list[Change]:
    read_body = wsgi_body.read_body

    def with_length(environ: Any, limit: int) -> bytes | None:
        return read_body(environ, limit) if environ.get("CONTENT_LENGTH") else None

    return [(instance_aware_filter, "read_body", with_length)]


@defence("names are read from the parsed body")
def _names_as_bytes() -> list[Change]:
    read_body = wsgi_body.read_body

    def scanned(environ: Any, limit: int) -> bytes | None:
        body = read_body(environ, limit)
        return body if body and any(name.encode() in body for name in rules.NAMES) else None

    return [(instance_aware_filter, "read_body", scanned)]


@defence("bodies are parsed strictly")
def _parsed_as_usual() -> list[Change]:
    return [(instance_aware_filter, "parse_json", json.loads)]


@defence("the depth of a body is bounded")
def _any_depth() -> list[Change]:
    return [(wsgi_body, "_check_depth", lambda text: None)]


@defence("the length of a body is bounded")
def _any_length() -> list[Change]:
    read_body = wsgi_body.read_body
    return [(instance_aware_filter, "read_body", lambda environ, limit: read_body(environ, 1 << 40))]


# -- PATCH


@defence("both PATCH media types are read")
def _one_media_type() -> list[Change]:
    one = {name: draft for name, draft in patch.DRAFTS.items() if draft == 10}
    return [(patch, "DRAFTS", one)]


@defence("media types are read as Glance reads them")
def _media_type_as_it_stands() -> list[Change]:
    return [(patch, "draft_of", patch.DRAFTS.get)]


@defence("pointers are read as Glance reads them")
def _pointers_as_they_stand() -> list[Change]:
    return [(patch, "_tokens", lambda pointer: pointer[1:].split("/") if isinstance(pointer, str) else [])]


@defence("on a change the host comes first")
def _row_first() -> list[Change]:
    judge = Conduct.judge

    def judge_and_bind(self: Conduct, before: Any, after: Any, *args: Any, **more: Any) -> None:
        judge(self, before, after, *args, **more)
        self.set(more["image_id"], before, after)

    return [(Conduct, "judge", judge_and_bind)]


# -- lists and replies


@defence("lists are asked as the caller")
def _lists_as_admin() -> list[Change]:
    by_instance = InstanceAwareMiddleware._list_by_instance

    def as_admin(self: Any, request: Any, *args: Any) -> Any:
        context = request.environ["webob.adhoc_attrs"]["context"]
        context.is_admin = True
        context.roles = ["admin", "member", "reader"]
        return by_instance(self, request, *args)

    return [(InstanceAwareMiddleware, "_list_by_instance", as_admin)]


@defence("customer is asked of the policy")
def _anyone_asks_for_customers() -> list[Change]:
    return [(Policy, "allows", lambda self, rule, caller, **target: True)]


@defence("policies look at the caller's own roles")
def _service_roles_count() -> list[Change]:
    read_caller = wsgi_caller.read_caller

    def with_service_roles(environ: Any) -> Any:
        caller = read_caller(environ)
        more = frozenset(environ.get("HTTP_X_SERVICE_ROLES", "").lower().split(","))
        return dataclasses.replace(caller, roles=caller.roles | more)

    return [(instance_aware_filter, "read_caller", with_service_roles)]


@defence("a customer's view is a plain user's")
def _only_the_project_changes() -> list[Change]:
    def view_as(environ: Any, project_id: str, roles: Any) -> None:
        environ["webob.adhoc_attrs"]["context"].project_id = project_id

    return [(instance_aware_filter, "view_as", view_as)]


@defence("only our tuples are shown")
def _native_ones_too() -> list[Change]:
    return [(shown, "show_tuples", lambda images, refs: False)]


@defence("only our tuples are matched")
def _glance_matches() -> list[Change]:
    return [(rules, "wanted", lambda query: None)]


@defence("Nova is shown no tuples")
def _shown_to_all() -> list[Change]:
    return [(rules, "is_shown_to", lambda caller, programs, nova_users: True)]


@defence("instances are matched to the letter")
def _about_right() -> list[Change]:
    wanted = rules.wanted

    def normalised(query: Any) -> Any:
        found = wanted(query)
        return found and dataclasses.replace(found, instance=found.instance and found.instance.strip().lower())

    return [(rules, "wanted", normalised)]


@defence("an instance id is plain text")
def _any_text() -> list[Change]:
    return [(rules, "is_instance_id", lambda text: 0 < len(text) <= INSTANCE_ID_MAX)]


# -- creating under an id that the client chose


@defence("nothing is bound before the 201")
def _bound_at_once() -> list[Change]:
    def bound(self: Conduct, image_id: Any, owner: Any, ref: Any, forward: Any, made: Any) -> Any:
        self.store.bind(image_id, ref)
        return forward()

    return [(Conduct, "create_under_their_id", bound)]


@defence("ids are kept as Glance spells them")
def _ids_in_lower_case() -> list[Change]:
    confirm = Store.confirm

    def lower(self: Store, attempt: str, image_id: str, ref: Any) -> None:
        confirm(self, attempt, image_id.lower(), ref)

    return [(Store, "confirm", lower)]
