"""What can go wrong in `glance_related.instance_aware`, with codes that never change."""

from glance_related.problem import ProblemKind

NOT_ALLOWED = ProblemKind(
    "instance_aware.not_allowed",
    403,
    "The properties nova_installation_uuid and instance_id of an image are set by trusted programs and "
    "administrators only.",
)
FOREIGN_INSTALLATION = ProblemKind(
    "instance_aware.foreign_installation",
    403,
    "This program is not registered for the Nova installation {installation}.",
)
UNKNOWN_INSTALLATION = ProblemKind(
    "instance_aware.unknown_installation",
    400,
    "The Nova installation {installation} is not known here. An operator registers it with "
    "'glance-related-manage installation add {installation} --name NAME'.",
)
HALF_TUPLE = ProblemKind(
    "instance_aware.half_tuple",
    400,
    "nova_installation_uuid and instance_id go together: '{missing}' is missing.",
)
BAD_INSTALLATION = ProblemKind(
    "instance_aware.bad_installation",
    400,
    "nova_installation_uuid must be a UUID in a string.",
)
BAD_INSTANCE = ProblemKind(
    "instance_aware.bad_instance",
    400,
    "instance_id must be a string of 1 to 255 characters, none of them a control character.",
)
NOT_RECORDED = ProblemKind(
    "instance_aware.not_recorded",
    503,
    "The image was updated, but the database failed before its instance was recorded; send the change again.",
)
CHANGED_MEANWHILE = ProblemKind(
    "instance_aware.changed_meanwhile",
    409,
    "The image was updated, but somebody else has changed its instance meanwhile, and that stands; look at the image "
    "before you send the change again.",
)
RESERVED_METADATA = ProblemKind(
    "instance_aware.reserved_metadata",
    400,
    "Metadata of an image of a server cannot say what Nova says itself: {names}.",
)
NO_CUSTOMER = ProblemKind("instance_aware.no_customer", 400, "The query parameter 'customer' must name a project.")

PROBLEMS = (
    NOT_ALLOWED,
    FOREIGN_INSTALLATION,
    UNKNOWN_INSTALLATION,
    HALF_TUPLE,
    BAD_INSTALLATION,
    BAD_INSTANCE,
    NOT_RECORDED,
    CHANGED_MEANWHILE,
    NO_CUSTOMER,
)

#: What the filter in front of Nova answers.
NOVA_PROBLEMS = (RESERVED_METADATA,)
