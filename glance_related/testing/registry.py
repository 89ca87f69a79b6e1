"""A reference implementation of Glance's v1 registry protocol, in memory.

Glance's own registry was removed long ago; this one speaks its protocol, so that what stands in
front of a registry can be tested, and shown, without an archived Glance::

    [app:registry]
    use = egg:glance_related#reference_registry

It behaves as the real one does in its pipeline *without* authentication: whoever asks is the
registry's administrator and belongs to no project. Every image can be read, changed and deleted by
everybody, deleted ones included. That is the point of it: a filter in front must enforce the rest.

==============================================  ==============================================
request                                         answer
==============================================  ==============================================
GET /images, GET /                              six fields of each image
GET /images/detail                              all fields and properties
POST /images                                    the image made; 409 for an id that was ever used
GET, PUT, DELETE /images/{id}                   the image, as it then is
GET, PUT /images/{id}/members                   who an image is shared with; PUT replaces the list
PUT, DELETE /images/{id}/members/{member}       one of them
GET /shared-images/{member}                     what is shared with a project
==============================================  ==============================================

Lists take the filters name, status, container_format, disk_format, min_ram, min_disk, size_min,
size_max, protected, changes-since, is_public, deleted and ``property-<name>``, and limit, marker,
sort_key and sort_dir; a list is of public images unless ``is_public`` says ``None`` or ``False``.
A PUT merges properties, or with ``X-Glance-Registry-Purge-Props: true`` replaces them all.
A value is compared literally; operators (``in:``) of the last releases are not known here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import routes
import webob
from routes.middleware import RoutesMiddleware
from webob import exc

from glance_related.testing.registry_images import Images, Query

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_BRIEF = ("id", "name", "size", "disk_format", "container_format", "checksum")
_ENCODINGS = frozenset({"chunked", "compress", "deflate", "gzip", "identity"})

_ROUTES = (
    (None, "/", "index"),
    ("GET", "/images", "index"),
    ("POST", "/images", "create"),
    ("GET", "/images/detail", "detail"),
    ("GET", "/images/{image_id}", "show"),
    ("PUT", "/images/{image_id}", "update"),
    ("DELETE", "/images/{image_id}", "delete"),
    ("GET", "/images/{image_id}/members", "members"),
    ("PUT", "/images/{image_id}/members", "replace_members"),
    ("PUT", "/images/{image_id}/members/{member}", "add_member"),
    ("DELETE", "/images/{image_id}/members/{member}", "delete_member"),
    (None, "/shared-images/{member}", "shared_images"),
)


class ReferenceRegistry:
    """See the module.

    :param limit_param_default: images on a page where the client sets no limit
    :param api_limit_max: most images on a page
    """

    def __init__(self, limit_param_default: int = 25, api_limit_max: int = 1000) -> None:
        self.images = Images()
        self._default_limit = limit_param_default
        self._max_limit = api_limit_max
        self._lock = threading.Lock()
        # with its method override on, as in the real one
        self._app = RoutesMiddleware(self._dispatch, _mapper(), singleton=False)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._app(environ, start_response)
        return answer

    def _dispatch(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        names = dict(environ["wsgiorg.routing_args"][1])
        action = names.pop("action", None)
        names.pop("controller", None)
        try:
            if action is None:
                raise exc.HTTPNotFound
            with self._lock:
                answer = getattr(self, f"_{action}")(webob.Request(environ), **names)
        except exc.HTTPException as refusal:
            answer = refusal
        result: Iterable[bytes] = answer(environ, start_response)
        return result

    # -- images

    def _index(self, request: Any) -> Any:
        return _json({"images": [{field: image[field] for field in _BRIEF} for image in self._page(request)]})

    def _detail(self, request: Any) -> Any:
        return _json({"images": self._page(request)})

    def _page(self, request: Any) -> list[dict[str, Any]]:
        return self.images.list(Query.of(request.params, self._default_limit, self._max_limit))

    def _show(self, _: Any, image_id: str) -> Any:
        return _json({"image": self._image(image_id)})

    def _create(self, request: Any) -> Any:
        return _json({"image": self.images.create(_image_in(_body(request)))})

    def _update(self, request: Any, image_id: str) -> Any:
        body = _body(request)
        values = _image_in(body)
        if self.images.get(image_id) is None or values.get("id", image_id) != image_id:
            raise exc.HTTPNotFound(body=b"Image not found", content_type="text/plain")
        purge = request.headers.get("X-Glance-Registry-Purge-Props", "false") == "true"
        return _json({"image": self.images.update(image_id, values, purge=purge, from_state=body.get("from_state"))})

    def _delete(self, _: Any, image_id: str) -> Any:
        self._image(image_id)
        return _json({"image": self.images.delete(image_id)})

    def _image(self, image_id: str) -> dict[str, Any]:
        image = self.images.get(image_id)
        if image is None:
            raise exc.HTTPNotFound
        return image

    # -- who an image is shared with

    def _members(self, _: Any, image_id: str) -> Any:
        self._image(image_id)
        members = self.images.members[image_id]
        return _json({"members": [{"member_id": name, "can_share": can} for name, can in members.items()]})

    def _replace_members(self, request: Any, image_id: str) -> Any:
        self._image(image_id)
        members = self.images.members[image_id]
        try:
            listed = [(one["member_id"], one.get("can_share")) for one in _body(request)["memberships"]]
        except (AttributeError, KeyError, TypeError):
            raise exc.HTTPBadRequest("Invalid membership association") from None
        self.images.members[image_id] = {
            name: members.get(name, False) if can_share is None else bool(can_share) for name, can_share in listed
        }
        return exc.HTTPNoContent()

    def _add_member(self, request: Any, image_id: str, member: str) -> Any:
        self._image(image_id)
        members = self.images.members[image_id]
        members.setdefault(member, False)
        if _has_body(request):
            try:
                members[member] = bool(_body(request)["member"]["can_share"])
            except (KeyError, TypeError):
                raise exc.HTTPBadRequest("Invalid membership association") from None
        return exc.HTTPNoContent()

    def _delete_member(self, _: Any, image_id: str, member: str) -> Any:
        self._image(image_id)
        if self.images.members[image_id].pop(member, None) is None:
            raise exc.HTTPNotFound("Membership could not be found.")
        return exc.HTTPNoContent()

    def _shared_images(self, _: Any, member: str) -> Any:
        shared = [
            {"image_id": image_id, "can_share": members[member]}
            for image_id, members in self.images.members.items()
            if member in members
        ]
        return _json({"shared_images": shared})


def _mapper() -> Any:
    mapper = routes.Mapper(controller_scan=None, register=False)
    mapper.minimization = False
    for method, path, action in _ROUTES:
        conditions = None if method is None else {"method": [method]}
        mapper.connect(None, path, controller="registry", action=action, conditions=conditions)
    mapper.create_regs([])
    return mapper


def _has_body(request: Any) -> bool:
    if request.headers.get("Transfer-Encoding", "").lower() in _ENCODINGS and request.method in ("POST", "PUT"):
        request.is_body_readable = True
        return True
    return bool(request.content_length)


def _body(request: Any) -> Any:
    # the real one takes a body for JSON whatever its type says, and fails without one
    if not _has_body(request):
        raise exc.HTTPInternalServerError
    try:
        document = json.loads(request.body)
    except ValueError:
        raise exc.HTTPBadRequest("Malformed JSON in request body.") from None
    if not isinstance(document, dict | list):
        raise exc.HTTPBadRequest("Unexpected body type. Expected list/dict.")
    return document


def _image_in(body: Any) -> dict[str, Any]:
    image = body.get("image") if isinstance(body, dict) else None
    if not isinstance(image, dict) or not isinstance(image.get("properties", {}), dict):
        raise exc.HTTPInternalServerError
    return image


def _json(document: Any) -> Any:
    return webob.Response(json.dumps(document).encode(), content_type="application/json", charset="UTF-8")


def app_factory(_global_conf: dict[str, str], **local_conf: str) -> WSGIApplication:
    """Entry point ``paste.app_factory``, name ``reference_registry``.

    :param local_conf: ``limit_param_default`` and ``api_limit_max``, as the real one's options
    """
    return ReferenceRegistry(**{name: int(value) for name, value in local_conf.items()})
