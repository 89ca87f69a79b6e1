"""`InstanceAwareImageService`: openstacksdk's image proxy, with the tuple supplied. The manual is the package's."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from openstack import exceptions
from openstack.connection import Connection
from openstack.image.v2.image import Image

from glance_related.instance_ref import InstanceRef, canonical_uuid, is_instance_id

_UUID, _INSTANCE = "nova_installation_uuid", "instance_id"

_JSON_PATCH = "application/openstack-images-v2.1-json-patch"

# What openstacksdk calls by another name than Glance does.
_NAMES_OF_GLANCE = {
    "has_auto_disk_config": "auto_disk_config",
    "is_hidden": "os_hidden",
    "is_hw_boot_menu_enabled": "hw_boot_menu",
    "is_hw_vif_multiqueue_enabled": "hw_vif_multiqueue_enabled",
    "is_protected": "protected",
    "needs_config_drive": "img_config_drive",
    "needs_secure_boot": "os_secure_boot",
    "owner_id": "owner",
}


class _Keep(enum.Enum):
    KEEP = enum.auto()


#: The instance that an image has, whatever it is.
KEEP = _Keep.KEEP


class NotBound(exceptions.SDKException):
    """An image was made and its instance was not recorded: no filter of the suite stands in front of that Glance."""


class InstanceAwareImageService:
    """See the package.

    :param connection: as the program that may set tuples
    :param nova_installation_uuid: the Nova whose images these are
    :raises ValueError: it is no UUID
    """

    def __init__(self, connection: Connection, nova_installation_uuid: str) -> None:
        uuid = canonical_uuid(nova_installation_uuid)
        if uuid is None:
            raise ValueError(f"{nova_installation_uuid!r} is no UUID of a Nova installation")
        self.nova_installation_uuid = uuid
        self._connection = connection
        self._images: Any = connection.image

    # -- making

    def create_image(self, name: str, instance_id: str, **attrs: Any) -> Image:
        """Make an image of an instance.

        :param attrs: those of openstacksdk's ``create_image``, as ``data``, ``disk_format``, any property; an image
            is always made anew, whatever others are called
        :raises NotBound: the image is there, without its instance
        """
        _refuse_tuple(attrs, attrs.get("meta") or {}, attrs.get("properties") or {})
        if not attrs.pop("allow_duplicates", True):
            raise ValueError("an image of one instance is never another's of the same name: leave allow_duplicates out")
        if getattr(self._connection, "image_api_use_tasks", False):
            raise ValueError("image_api_use_tasks makes images past the filter: turn it off in clouds.yaml")
        ref = self._ref(instance_id)
        meta = {**(attrs.pop("meta", None) or {}), _UUID: ref.nova_installation_uuid, _INSTANCE: ref.instance_id}
        image: Image = self._images.create_image(name, allow_duplicates=True, meta=meta, **attrs)
        if self.instance_of(image) != ref and self.instance_of(str(image.id)) != ref:
            raise NotBound(f"image {image.id} was made, and is not bound to instance {instance_id}")
        return image

    # -- finding

    def images(self, instance_id: str | None = None, **query: Any) -> Iterator[Image]:
        """The images of an instance; where none is given, of every instance of this Nova.

        :param query: Glance's filters, any property among them, ``sort``, and ``limit`` as the size of a page
        """
        _refuse_tuple(query)
        narrowed = {_UUID: self.nova_installation_uuid}
        if instance_id is not None:
            narrowed = self._properties(instance_id)
        return self._walk({**_in_glances_words(query), **narrowed})

    def images_of_customer(self, project: str, **query: Any) -> Iterator[Image]:
        """The images that a member of a project would see, of this Nova and of none.

        :param project: its id
        :param query: as for `images`; ``instance_id`` narrows to that instance of this Nova
        """
        instance_id = query.pop(_INSTANCE, None)
        _refuse_tuple(query)
        if not project:
            raise ValueError("a customer is the id of a project")
        narrowed = {} if instance_id is None else self._properties(instance_id)
        return self._walk({**_in_glances_words(query), **narrowed, "customer": project})

    def get_image(self, image: str | Image) -> Image:
        """An image as Glance has it now; its ``properties`` have the tuple."""
        got: Image = self._images.get_image(_id(image))
        return got

    def instance_of(self, image: str | Image) -> InstanceRef | None:
        """The instance that an image came from, of whichever Nova; None where nobody knows.

        :param image: an `Image` is believed as it is, an id is asked for
        """
        properties = (image if isinstance(image, Image) else self.get_image(image)).properties or {}
        uuid, instance_id = properties.get(_UUID), properties.get(_INSTANCE)
        return InstanceRef(uuid, instance_id) if uuid and instance_id else None

    # -- changing

    def update_image(
        self,
        image: str | Image,
        *,
        instance_id: str | _Keep | None = KEEP,
        remove: Collection[str] = (),
        **attrs: Any,
    ) -> Image:
        """Change what is named, and nothing else, in one request that is done whole or not at all.

        :param instance_id: binds the image to that instance of this Nova; None unbinds it
        :param remove: names of properties to be removed
        :param attrs: attributes and properties to be set
        :returns: the image as it is then
        """
        properties = attrs.pop("properties", None) or {}
        _refuse_tuple(attrs, properties, dict.fromkeys(remove))
        changes = [_set(name, value) for name, value in {**_in_glances_words(attrs), **properties}.items()]
        changes += [{"op": "remove", "path": _pointer(name)} for name in remove]
        if isinstance(instance_id, str):
            changes += [_set(name, value) for name, value in self._properties(instance_id).items()]
        elif instance_id is None and self.instance_of(_id(image)) is not None:
            changes += [{"op": "remove", "path": _pointer(name)} for name in (_UUID, _INSTANCE)]
        if not changes:
            return self.get_image(image)
        path = f"/images/{quote(_id(image), safe='')}"
        response = self._images.patch(
            path, json=changes, headers={"Content-Type": _JSON_PATCH, "Accept": "application/json"}
        )
        exceptions.raise_from_response(response)
        return self._image(response.json())

    def delete_image(self, image: str | Image, *, ignore_missing: bool = True) -> None:
        """Delete an image; what is known of its instance goes with it."""
        self._images.delete_image(_id(image), ignore_missing=ignore_missing)

    # -- words

    def _ref(self, instance_id: str) -> InstanceRef:
        if not is_instance_id(instance_id):
            raise ValueError("an instance id has 1 to 255 characters, and no control characters")
        return InstanceRef(self.nova_installation_uuid, instance_id)

    def _properties(self, instance_id: str) -> dict[str, str]:
        return dict(vars(self._ref(instance_id)))

    def _walk(self, query: Mapping[str, Any]) -> Iterator[Image]:
        """Every image of a list, page by page; openstacksdk itself sends no filter by a property."""
        path, params = "/images", {name: _said(value) for name, value in query.items()}
        while path:
            response = self._images.get(path, params=params, headers={"Accept": "application/json"})
            exceptions.raise_from_response(response)
            page = response.json()
            for one in page["images"]:
                yield self._image(one)
            # the link has the whole query, and begins with the version that the endpoint ends in
            path, params = page.get("next", "").removeprefix("/v2"), {}

    def _image(self, document: Mapping[str, Any]) -> Image:
        attrs = {name: value for name, value in document.items() if name != "self"}
        return Image.existing(connection=self._connection, **attrs)


def _id(image: str | Image) -> str:
    return image if isinstance(image, str) else str(image.id)


def _refuse_tuple(*given: Mapping[str, Any]) -> None:
    """:raises ValueError: where the tuple is given by the names of its properties"""
    if any(name in one for one in given for name in (_UUID, _INSTANCE)):
        raise ValueError(f"{_UUID} is this service's own, and an instance is given as {_INSTANCE}=... alone")


def _in_glances_words(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {_NAMES_OF_GLANCE.get(name, name): value for name, value in attrs.items()}


def _said(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _set(name: str, value: Any) -> dict[str, Any]:
    # in this media type `add` sets, whether or not there is a value already
    return {"op": "add", "path": _pointer(name), "value": value}


def _pointer(name: str) -> str:
    return "/" + name.replace("~", "~0").replace("/", "~1")
