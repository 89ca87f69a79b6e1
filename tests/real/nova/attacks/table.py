"""The attack table of Nova's side, as data: what is tried, in which forms, what stands against it.

An attack of this table is carried out by the function of the same name in one of this folder's modules:
against a real Nova and the Glance behind it, where it must fail, and against a Nova and a Glance whose defence
is taken away (`undo.py`), where each of its forms must succeed. A name without a function is an empty cell,
and that fails the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    """One line of the table.

    :param name: the function that carries it out
    :param how: what is tried
    :param defence: name of the defence in `undo.DEFENCES`
    :param forms: the forms it takes, each handed to the function; none: the function takes the world alone
    """

    name: str
    how: str
    defence: str
    forms: tuple[str, ...] = ()


_LIES = "metadata that lies is refused"
_TUPLES = "what Nova says of tuples is not believed"
_NAMES = "names are told apart as MariaDB tells them"
_ROUTES = "every spelling of a route is known"
_REPLAYED = "an inbound id with our mark is dropped"
_NOVA_ONLY = "a note is read for a registered Nova only"
_SAME_CALLER = "a note is believed for its own caller, for a while"
_STRICT = "bodies are parsed strictly"

ATTACKS = (
    # what a customer says of an image
    Attack("own_metadata", "metadata of createImage and createBackup that says what only Nova may say", _LIES,
           ("instance_uuid", "instance_owner", "image_type", "backup_type", "base_image_ref", "id")),
    Attack("tuple_in_metadata", "the tuple in metadata of createImage and createBackup", _TUPLES),
    Attack("nearly_the_same_name", "the names in other letter case, with spaces or a line's end", _NAMES,
           ("Instance_UUID", "BACKUP_TYPE", "instance_uuid ", " instance_uuid", "instance_uuid\n")),
    Attack("image_proxy", "the same by Nova's proxy of Glance, in its three ways", _LIES,
           ("instance_uuid", "instance_owner", "image_type", "backup_type", "base_image_ref")),
    Attack("tuple_through_image_proxy", "the tuple by that proxy", _TUPLES),
    Attack("image_proxy_purges_tuple", "a PUT of all metadata, by which Nova removes what is not in it", _TUPLES),
    # spellings
    Attack("spelt_otherwise", "a lie under another spelling of the action's path", _ROUTES,
           ("slashes", "slashes before the version", "escaped slash", "escaped letters", "with the project",
            "version 2", "version 2 with the project", "version in the content type", "version in accept")),
    Attack("proxy_spelt_otherwise", "a lie under another spelling of the proxy's path", _ROUTES,
           ("slashes", "escaped slash", "with the project", "version 2")),
    Attack("method_in_query", "?_method= makes another method of a request",
           "_method in the query is minded", ("action", "image proxy")),
    Attack("upper_case_server", "the server's id in upper case, which MariaDB takes for the same",
           "servers are spelt as Nova spells them"),
    # bodies
    Attack("wrong_content_type", "JSON called something else, or nothing",
           "the route decides that a body is read", ("text/plain", "", "application/vnd.openstack.compute+json")),
    Attack("chunked_body", "JSON in chunks, which has no length", "chunked bodies are read"),
    Attack("smuggling", "a length that two servers read in two ways", _LIES),
    Attack("escaped_action", "the action's name written with \\u escapes", "escaped names are read as Nova reads them"),
    Attack("duplicate_keys", "the same key twice", _STRICT, ("action", "metadata", "name in metadata")),
    Attack("not_a_number", "NaN and infinities", _STRICT),
    Attack("deep_nesting", "10,000 levels", "the depth of a body is bounded"),
    Attack("long_body", "8 MB, with a length and in chunks", "the length of a body is bounded",
           ("with a length", "in chunks")),
    Attack("two_actions", "createImage beside shelve in one body", "two actions are left to Nova"),
    # request ids
    Attack("marked_id_in_create_image", "createImage under an inbound id that carries our mark", _REPLAYED,
           ("made with the key", "used before", "another project's")),
    Attack("marked_id_in_other_requests", "such an id with requests that end in Glance", _REPLAYED,
           ("made with the key", "used before", "another project's")),
    Attack("rider_sent_to_glance", "the id of one's own rider sent to Glance, with which token one has", _NOVA_ONLY,
           ("no service token", "one's own as service token")),
    Attack("rider_with_another_service", "a service that is no Nova of that installation sends the id", _NOVA_ONLY,
           ("cinder", "unheard-of", "scheduler", "other-nova")),
    Attack("rider_of_somebody_else", "the id of a rider that was noted for another caller, or long ago", _SAME_CALLER,
           ("another customer's", "another user's of the project", "an old one")),
    # servers of others, and refusals
    Attack("refused_action", "an action that Nova refuses, so that what was noted of it might stay",
           "what rode on a refused request is forgotten",
           ("another customer's server", "with its project in the path", "no server", "second name of servers",
            "wrong type", "metadata in a list")),
    Attack("forged_backup", "images of one's own in Glance that name another customer's server",
           "only our tuples are matched"),
    Attack("lie_past_our_nova", "a lie by a nova-api without a filter of ours", "what Nova only says is proved first"),
    # what is inherited
    Attack("inherited_tuple", "a server booted from an image with native properties of our names", _TUPLES,
           ("createImage", "createBackup", "shelve")),
    Attack("tuple_shown_to_nova", "what a boot's GET shows is handed on to images of the new server",
           "Nova is shown no tuples"),
)  # fmt: skip
