"""What can go wrong in `glance_related.package_menu`, with codes that never change."""

from glance_related.problem import ProblemKind

SETTINGS_REFUSED = ProblemKind("package_menu.refused", 400, "This cannot be set: {faults}.")
ENTRIES_REFUSED = ProblemKind("package_menu.bad_entries", 400, "This cannot be put on the menu: {faults}.")
NOT_SETTINGS = ProblemKind(
    "package_menu.not_settings",
    400,
    "'packages' must be a list of names, or an object of names with true or false; 'package_variables' an object of "
    "names with their values.",
)
BODY_UNFIT = ProblemKind("package_menu.bad_body", 400, "The request body is not what is asked for here: {reason}.")
QUERY_UNFIT = ProblemKind("package_menu.bad_query", 400, "The query is not what is asked for here: {reason}.")
SETTINGS_ELSEWHERE = ProblemKind(
    "package_menu.elsewhere",
    400,
    "'{key}' belongs inside 'server'; where it stands nobody would read it.",
)
NO_ENTRY = ProblemKind("package_menu.no_entry", 404, "There is no entry {name} on the menu.")
NO_NODE = ProblemKind("package_menu.no_node", 404, "No server of yours is known by the name {certname}.")
AMBIGUOUS = ProblemKind(
    "package_menu.ambiguous", 409, "Several servers of yours are known by the name {certname}; rename all but one."
)
NOT_SHOWN = ProblemKind("package_menu.not_shown", 404, "There is no menu of project {project_id} for you.")
EXISTS = ProblemKind("package_menu.exists", 409, "There is an entry {name} on the menu already.")
IN_USE = ProblemKind(
    "package_menu.in_use",
    409,
    "Entry {name} is in use by {users}; with ?force=true it is removed all the same.",
)
CHANGED_MEANWHILE = ProblemKind(
    "package_menu.changed_meanwhile",
    409,
    "Somebody else has changed this meanwhile, again and again; nothing was changed, try again.",
)
STALE = ProblemKind(
    "package_menu.stale",
    412,
    "This has changed since you read it: it is {now} now, and If-Match says {given}. Read it again.",
)
LOCKED = ProblemKind(
    "package_menu.locked", 403, "The server is locked; only an administrator changes its settings then."
)
NO_RIGHT_TO_STATE = ProblemKind(
    "package_menu.no_right_to_state",
    403,
    "Entry {name} is {state} to this project; only an administrator makes something available, or unavailable.",
)
MENU_FULL = ProblemKind("package_menu.too_many", 400, "The menu has room for {limit} entries.")
SETTINGS_TOO_LARGE = ProblemKind(
    "package_menu.too_large", 400, "What this server has of its own would take {number} bytes; it may take {limit}."
)
NO_SECRETS = ProblemKind(
    "package_menu.no_secrets",
    503,
    "Secrets cannot be kept: this service has no keys. An operator makes some with 'glance-related-manage keys setup' "
    "and names their folder in [keys] folder.",
)

#: What the filter in front of Nova answers.
PROBLEMS = (
    SETTINGS_REFUSED,
    ENTRIES_REFUSED,
    NOT_SETTINGS,
    BODY_UNFIT,
    QUERY_UNFIT,
    SETTINGS_ELSEWHERE,
    NO_ENTRY,
    NO_NODE,
    AMBIGUOUS,
    NOT_SHOWN,
    EXISTS,
    IN_USE,
    CHANGED_MEANWHILE,
    STALE,
    LOCKED,
    NO_RIGHT_TO_STATE,
    MENU_FULL,
    SETTINGS_TOO_LARGE,
    NO_SECRETS,
)
