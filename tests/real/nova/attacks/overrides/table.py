"""The attack table of overrides, as data; a line is read, and carried out, as in the table of Nova's side."""

from __future__ import annotations

from tests.real.nova.attacks.table import Attack

_OWN_CALLER = "an override is for its own caller"
_OWN_NOVA = "an override is shown to its own Nova"
_READ = "an override that nobody would read is refused"
_STRICT = "bodies are parsed strictly"
_ROUTES = "every spelling of a route is known"
_NAMES = "a property goes by all its names"
_ESCAPED = "escaped names are read as Nova reads them"
_NOVA_KNOWS = "Nova is asked which server it is, and what made it"
_IMAGES = "an image carries nothing that its maker may not set"

ATTACKS = (
    # request ids that were seen somewhere
    Attack("stolen_by_somebody_else", "the marked id of a boot, shown to Glance in somebody else's name", _OWN_CALLER,
           ("another project", "another user of the project", "a member of the image")),
    Attack("stolen_without_nova", "the customer himself shows it, with which token he has", _OWN_NOVA,
           ("no service token", "one's own as service token")),
    Attack("stolen_by_another_service", "a service that is no Nova of that installation shows it", _OWN_NOVA,
           ("cinder", "unheard-of", "scheduler", "other-nova")),
    Attack("stolen_for_another_image", "it is shown with another image", "an override is of one image"),
    Attack("stolen_for_a_list", "it is shown with lists, members and data of the image",
           "an override is merged into one image"),
    Attack("used_too_late", "it is shown when it is old", "an override is believed for a while"),
    Attack("marked_id_in_a_boot", "a boot without an override under an inbound id that carries our mark",
           "an inbound id with our mark is dropped", ("used before", "another project's", "made with the key")),
    Attack("marked_id_through_image_proxy", "the same with Nova's proxy of Glance, by which Nova asks for anybody",
           "an inbound id with our mark is dropped"),
    Attack("own_id_in_a_boot", "a boot with an override under an inbound id of one's own choice",
           "an override rides under an id of ours"),
    Attack("boots_in_flight", "several at once, each with another override", "each boot has an id of its own"),
    # bodies
    Attack("override_elsewhere", "the override where Nova reads nothing, or anything", _READ,
           ("top level", "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints", "hints in the server")),
    Attack("wrong_type", "an override that is no object", _READ, ("a text", "a list", "null", "a number", "false")),
    Attack("duplicate_keys", "the same key twice", _STRICT, ("the override", "a property", "the server")),
    Attack("escaped_name", "a protected property under a key written with \\u escapes", _ESCAPED),
    Attack("wrong_content_type", "a protected property in JSON called something else, or nothing",
           "the route decides that a body is read", ("text/plain", "", "application/vnd.openstack.compute+json")),
    Attack("chunked_body", "a protected property in chunks, which have no length", "chunked bodies are read"),
    Attack("root_volume_in_disguise", "an override for a server whose root disk is a volume, its index spelt so",
           "a root disk is told as Nova tells it", ("00", "-0")),
    Attack("long_body", "a boot of 8 MB, with a length and in chunks", "the length of a body is bounded",
           ("with a length", "in chunks")),
    # spellings
    Attack("boot_spelt_otherwise", "a protected property under another spelling of the path", _ROUTES,
           ("slashes", "slashes before the version", "escaped slash", "escaped letters", "with the project",
            "version in the content type", "version in accept")),
    Attack("method_in_query", "?_method= makes a POST of a request", "_method in the query is minded"),
    # rights
    Attack("protected_by_another_name", "a protected property under its older name", _NAMES),
    Attack("protection_in_the_middle", "a name of which a protection names some letters only",
           "protections are searched for anywhere in a name"),
    Attack("role_in_other_case", "a protection that spells its roles as nobody has them", "protections are minded"),
    Attack("update_forbidden", "a property that the image has, and may not be changed", "changing is no creating",
           ("same name", "older name")),
    Attack("operators_patterns", "what the operator lets nobody override", "the operator's patterns are minded",
           ("its name", "its older name")),
    # images of a server that was made with what the customer may not set
    Attack("image_of_overridden_server", "Nova makes the image, and Glance lets Nova's roles set everything", _IMAGES,
           ("createImage", "createBackup", "shelve")),
    Attack("image_spelt_otherwise", "the same under another spelling of the path", _ROUTES,
           ("slashes", "escaped slash", "escaped letters", "with the project")),
    Attack("image_by_escaped_action", "the same by an action written with \\u escapes", _ESCAPED),
    Attack("upper_case_server", "the same with the server's id in upper case, which MariaDB takes for the same",
           _NOVA_KNOWS),
    Attack("image_of_one_of_several", "the same of a server that its boot's answer did not name, before anybody looks",
           _NOVA_KNOWS),
)  # fmt: skip
