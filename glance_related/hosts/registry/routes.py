"""The paths of the v1 registry.

``/`` is a second spelling of ``/images``. ``/rpc``, the registry's v2, is not among them: it knows
no customers, so it must not be reached through a filter that has to tell them apart.
"""

ROOT = "/"
IMAGES = "/images"
DETAIL = "/images/detail"
IMAGE = "/images/{image_id}"
MEMBERS = "/images/{image_id}/members"
MEMBER = "/images/{image_id}/members/{member}"
SHARED = "/shared-images/{member}"
