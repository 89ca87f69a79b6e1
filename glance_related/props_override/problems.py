"""What can go wrong in `glance_related.props_override`, with codes that never change."""

from glance_related.problem import ProblemKind

REFUSED = ProblemKind(
    "props_override.refused",
    400,
    "These image properties cannot be overridden: {faults}.",
)
NO_RIGHT = ProblemKind(
    "props_override.forbidden",
    403,
    "These image properties may not be overridden: {faults}.",
)
NOT_PROPERTIES = ProblemKind(
    "props_override.not_properties",
    400,
    "'image_props_override' must be an object: names of image properties with their values.",
)
TOO_MANY = ProblemKind(
    "props_override.too_many",
    400,
    "'image_props_override' names {number} properties; at most {limit} can be overridden.",
)
ELSEWHERE = ProblemKind(
    "props_override.elsewhere",
    400,
    "'image_props_override' belongs inside '{inside}'; where it stands nobody would read it.",
)
FROM_VOLUME = ProblemKind(
    "props_override.from_volume",
    400,
    "Image properties cannot be overridden for a server whose root disk is a volume: what such a server is made of is "
    "read from the volume, not from the image.",
)
NO_IMAGE = ProblemKind(
    "props_override.no_image",
    400,
    "Can not find requested image, so its properties cannot be overridden.",
)
NOT_APPLIED = ProblemKind(
    "props_override.not_applied",
    503,
    "Glance does not show the overridden image properties to Nova, so the server would get the image's own; nothing "
    "was changed. An operator finds the reason with 'glance-related-manage config check'.",
)
UNDECIDED = ProblemKind(
    "props_override.undecided",
    503,
    "Nova does not tell which requests have made this server, so it is not known whether image properties were "
    "overridden for it; nothing was changed.",
)
SNAPSHOT_FORBIDDEN = ProblemKind(
    "props_override.snapshot_forbidden",
    403,
    "This server was made with overridden image properties, which its image would carry and you may not set: {names}.",
)
UNREADABLE = ProblemKind(
    "props_override.unreadable",
    400,
    "The image properties that were overridden for this server cannot be read now; try again later.",
)
FORGOTTEN = ProblemKind(
    "props_override.forgotten",
    400,
    "The image properties that were overridden for this server are not kept any more; send the request again.",
)

#: What the filter in front of Nova answers.
NOVA_PROBLEMS = (
    REFUSED,
    NO_RIGHT,
    NOT_PROPERTIES,
    TOO_MANY,
    ELSEWHERE,
    FROM_VOLUME,
    NO_IMAGE,
    NOT_APPLIED,
    UNDECIDED,
    SNAPSHOT_FORBIDDEN,
)

#: What the filter in front of Glance answers to Nova, which hands the text on to the customer.
PROBLEMS = (UNREADABLE, FORGOTTEN)
