"""The attack table, as data: what is tried, what stands against it, how it goes.

An attack of this table is carried out by the function of the same name in one of this folder's modules:
against a real Glance under each WSGI server, where it must fail, and against one whose defence is taken
away (`undo.py`), where it must succeed. A name without a function is an empty cell, and that fails the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """One line of the table.

    :param name: the function that carries it out
    :param how: what is tried
    :param defence: name of the defence in `undo.DEFENCES`, or what stands against it where that is a `place`
    :param place: the Glance where the defence is away: `undone` (the stock pipeline), `older` (the older shape
        of the paste file, with no urlmap in front of us), `misplaced` (our filter in front of everything)
    :param by_place: the defence is where our filter stands, so that nothing has to be taken away at `place`
    """

    name: str
    how: str
    defence: str
    place: str = "undone"
    by_place: bool = False


_JUDGED = "who may bind is judged"
_PLACE = "our filter stands behind versionnegotiation"

ATTACKS = (
    # who may bind
    Attack("member_posts_tuple", "POST with a tuple by a member", _JUDGED),
    Attack("member_patches_tuple", "PATCH of his own image by a member, both media types", _JUDGED),
    Attack("member_removes_tuple", "PATCH that removes or replaces what an administrator set", _JUDGED),
    Attack("member_patches_public_image", "PATCH of somebody else's public image, which Glance answers 200", _JUDGED),
    Attack("member_posts_id_and_tuple", "POST with an id and a tuple by a member", _JUDGED),
    Attack("tuple_through_nova_post", "POST with a customer's token and Nova's service token",
           "Nova is no trusted program"),
    Attack("tuple_through_nova_patch", "PATCH through Nova's image proxy", "Nova is no trusted program"),
    Attack("own_token_as_service_token", "a member's token as X-Service-Token", "a service has the role service"),
    Attack("own_token_where_roles_are_required", "the same with service_token_roles_required = true",
           "a service has the role service"),
    Attack("program_without_service_role", "a program's user with a plain member's token",
           "a service has the role service"),
    Attack("unregistered_service", "cinder's service token with an administrator's token", _JUDGED),
    Attack("program_of_another_installation", "a trusted program of another Nova",
           "a program is believed for its own installations"),
    Attack("program_takes_a_tuple_over", "a trusted program of another Nova on an image that is bound",
           "a program is believed for its own installations"),
    Attack("program_on_foreign_image", "a trusted program on another project's public image", _JUDGED),
    Attack("unknown_installation", "a tuple of a Nova that nobody registered", "installations must be registered"),
    Attack("forged_identity_headers", "X-Roles, X-Identity-Status, X-User-Id, X-Service-* of the client's own",
           "identity is read behind Glance's own context only", "misplaced"),
    # spellings
    Attack("slashes", "//v2//images, and an absolute-form target", "paths are read as Glance reads them", "older"),
    Attack("escapes", "/v2%2Fimages, /v2/%69mages", "escaped paths are decoded"),
    Attack("versions", "/v2.9/images", _PLACE, "misplaced", by_place=True),
    Attack("media_type_versioning", "/images with Accept: application/vnd.openstack.images-v2", _PLACE,
           "misplaced", by_place=True),
    Attack("method_in_query", "POST .../{id}?_method=PATCH", "_method in the query is minded"),
    Attack("method_in_form", "a posted form with _method=GET or DELETE", "a posted form names no method"),
    Attack("form_behind_a_list", "POST ?_method=GET with the filter in a form",
           "a request goes on under its own method"),
    # bodies
    Attack("wrong_content_type", "JSON called text/plain, a form, nothing at all",
           "the route decides that a body is read"),
    Attack("chunked_body", "JSON in chunks", "chunked bodies are read"),
    Attack("smuggling", "Content-Length and Transfer-Encoding together", "chunked bodies are read"),
    Attack("escaped_names", "names written with \\u escapes", "names are read from the parsed body"),
    Attack("duplicate_keys", "the same key twice", "bodies are parsed strictly"),
    Attack("not_a_number", "NaN and infinities", "bodies are parsed strictly"),
    Attack("deep_nesting", "10,000 levels", "the depth of a body is bounded"),
    Attack("long_body", "64 MB", "the length of a body is bounded"),
    # PATCH
    Attack("older_patch_syntax", "the v2.0 media type", "both PATCH media types are read"),
    Attack("media_type_parameters", "the media type with parameters", "media types are read as Glance reads them"),
    Attack("odd_pointers", "//instance_id, trailing spaces, ~1", "pointers are read as Glance reads them"),
    Attack("half_a_patch", "a tuple beside a change that Glance refuses", "on a change the host comes first"),
    Attack("mixed_patch", "a tuple beside changes that a member may make", _JUDGED),
    # reading
    Attack("probing_by_filter", "lists by another customer's instance", "lists are asked as the caller"),
    Attack("foreign_marker", "another customer's image as marker", "lists are asked as the caller"),
    Attack("customer_by_member", "?customer= by a member", "customer is asked of the policy"),
    Attack("customer_through_service", "?customer= by a member through a service",
           "policies look at the caller's own roles"),
    Attack("customer_by_admin", "?customer= shows an administrator more than the customer sees",
           "a customer's view is a plain user's"),
    Attack("native_property_shown", "a property of our name from past the filter", "only our tuples are shown"),
    Attack("native_property_matched", "a filter on such a property", "only our tuples are matched"),
    Attack("tuple_shown_to_nova", "Nova keeps what a GET shows and hands it on", "Nova is shown no tuples"),
    Attack("near_misses", "spaces and upper case around an instance id", "instances are matched to the letter"),
    # ids and odd text
    Attack("control_characters", "NUL, control characters, lone surrogates", "an instance id is plain text"),
    Attack("foreign_image_id", "create with the id of somebody else's image", "nothing is bound before the 201"),
    Attack("image_id_in_upper_case", "create with somebody's id in upper case", "ids are kept as Glance spells them"),
)  # fmt: skip
