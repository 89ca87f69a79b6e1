"""A problem in the registry's shape: WebOb's exceptions, as in Glance's own API."""

from glance_related.problem import ProblemKind
from glance_related.wsgi.negotiated import negotiated as render

NO_SUCH_PATH = ProblemKind("registry.no_such_path", 404, "There is nothing at this path for this method.")
# One answer for what is not there and for what may not be seen, or the two could be told apart.
NO_SUCH_IMAGE = ProblemKind("registry.no_such_image", 404, "The image could not be found.")
NOT_OWNER = ProblemKind("registry.not_owner", 403, "Only its owner may do this to the image.")
NOT_MEMBER = ProblemKind("registry.not_member", 403, "What is shared with a project is shown to that project only.")
ANONYMOUS = ProblemKind("registry.anonymous", 403, "Who names no project may read public images, and no more.")
TWO_PROJECTS = ProblemKind("registry.two_projects", 400, "X-Project-Id and X-Tenant-Id name different projects.")
BAD_QUERY = ProblemKind("registry.bad_query", 400, "The query string is not UTF-8.")
BAD_IMAGE = ProblemKind(
    "registry.bad_image", 400, 'The body must be {{"image": {{...}}}}, its "properties", where it has them, an object.'
)
TOO_FAR = ProblemKind(
    "registry.too_far",
    503,
    "This page was not found among {bound} images. Ask for less with other filters, such as name or is_public.",
)
UNREADABLE = ProblemKind("registry.unreadable", 502, "The registry's answer could not be understood.")

PROBLEMS = (
    NO_SUCH_PATH,
    NO_SUCH_IMAGE,
    NOT_OWNER,
    NOT_MEMBER,
    ANONYMOUS,
    TWO_PROJECTS,
    BAD_QUERY,
    BAD_IMAGE,
    TOO_FAR,
    UNREADABLE,
)

__all__ = [
    "ANONYMOUS",
    "BAD_IMAGE",
    "BAD_QUERY",
    "NOT_MEMBER",
    "NOT_OWNER",
    "NO_SUCH_IMAGE",
    "NO_SUCH_PATH",
    "PROBLEMS",
    "TOO_FAR",
    "TWO_PROJECTS",
    "UNREADABLE",
    "render",
]
