"""The paths of Glance's v2 API that the suite changes.

One spelling each: `versionnegotiation` has made every version ``/v2``, and the route table
collapses slashes and minds ``_method`` as Glance's own router does.
"""

IMAGES = "/v2/images"
IMAGE = "/v2/images/{image_id}"
IMAGE_SCHEMA = "/v2/schemas/image"
IMAGES_SCHEMA = "/v2/schemas/images"
ABOUT = "/v2/glance-related"
