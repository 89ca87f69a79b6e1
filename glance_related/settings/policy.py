"""Who may do what: oslo.policy rules with safe defaults.

Rules look at the roles of the caller's *own* token only. Glance adds a service token's roles to the
caller's; here that would let a customer do through Nova what is forbidden to him directly.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oslo_policy import opts as policy_opts
from oslo_policy import policy

from glance_related.problem import FORBIDDEN
from glance_related.settings.options import POLICY_FILE_DEFAULT, Settings
from glance_related.wsgi.caller import Caller

BIND = "instance_aware:bind"
BIND_AS_PROGRAM = "instance_aware:bind_as_program"
LIST_CUSTOMER = "instance_aware:list_customer"
OVERRIDE = "props_override:override"
OVERRIDE_LIST = "props_override:list"
MENU_LIST = "package_menu:list"
MENU_PUBLISH = "package_menu:publish"
MENU_PROJECT_SHOW = "package_menu:project_show"
MENU_PROJECT_SET = "package_menu:project_set"
MENU_PROJECT_LIFT = "package_menu:project_lift"
MENU_SERVER_SET = "package_menu:server_set"
MENU_SERVER_SET_LOCKED = "package_menu:server_set_locked"
MENU_SERVER_STATE = "package_menu:server_state"
MENU_NODE = "package_menu:node"
MENU_NODE_SECRETS = "package_menu:node_secrets"
VENDORDATA_READ = "vendordata:read"
ABOUT = "glance_related:about"
ABOUT_ADMIN = "glance_related:about_admin"

_OF_ANY_ROLE = "(role:reader or role:member or role:manager)"

_BINDING: Any = [
    {"path": "/v2/images", "method": "POST"},
    {"path": "/v2/images/{image_id}", "method": "PATCH"},
    {"path": "/images", "method": "POST"},  # of a v1 registry
    {"path": "/images/{image_id}", "method": "PUT"},
]

_RULES = [
    policy.DocumentedRuleDefault(
        name=BIND,
        check_str="role:admin",
        description="Set, change or remove the instance of an image, for any registered installation. "
        "The target is the image: owner, project_id (the same), image_id.",
        operations=_BINDING,
    ),
    policy.DocumentedRuleDefault(
        name=BIND_AS_PROGRAM,
        check_str="project_id:%(owner)s",
        description="What a trusted program, registered for the installation, must satisfy besides: by default "
        "that the image belongs to the project of the token. The target is the image.",
        operations=_BINDING,
    ),
    policy.DocumentedRuleDefault(
        name=LIST_CUSTOMER,
        check_str="role:admin or role:service",
        description="List images as a customer would see them. For everyone else 'customer' is an ordinary "
        "property filter.",
        operations=[{"path": "/v2/images?customer={project_id}", "method": "GET"}],
    ),
    policy.DocumentedRuleDefault(
        name=OVERRIDE,
        check_str="role:member or role:admin",
        description="Send image_props_override with a boot or a rebuild. Which properties, Glance's own protections "
        "and the options allowed and denied say.",
        operations=[
            {"path": "/servers", "method": "POST"},
            {"path": "/servers/{server_id}/action (rebuild)", "method": "POST"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=OVERRIDE_LIST,
        check_str="role:reader or role:member or role:admin",
        description="See which image properties one may override.",
        operations=[{"path": "/image-props-override", "method": "GET"}],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_LIST,
        check_str="role:admin",
        description="See the cloud's whole menu, what each project makes of it, and which servers have what.",
        operations=[
            {"path": "/package-menu", "method": "GET"},
            {"path": "/package-menu/{name}", "method": "GET"},
            {"path": "/package-menu/{name}/servers", "method": "GET"},
            {"path": "/package-menu/projects", "method": "GET"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_PUBLISH,
        check_str="role:admin",
        description="Put something on the cloud's menu, change it, take it off.",
        operations=[
            {"path": "/package-menu", "method": "POST"},
            {"path": "/package-menu/{name}", "method": "PATCH"},
            {"path": "/package-menu/{name}", "method": "DELETE"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_PROJECT_SHOW,
        check_str=f"role:admin or ({_OF_ANY_ROLE} and project_id:%(project_id)s)",
        description="See a project's menu. The target has its project_id.",
        operations=[{"path": "/package-menu/projects/{project_id}", "method": "GET"}],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_PROJECT_SET,
        check_str="role:admin or (role:manager and project_id:%(project_id)s)",
        description="Choose what is a default of a project among what is available to it, and its own values. The "
        "target has its project_id.",
        operations=[
            {"path": "/package-menu/projects/{project_id}/{name}", "method": "PUT"},
            {"path": "/package-menu/projects/{project_id}/{name}", "method": "DELETE"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_PROJECT_LIFT,
        check_str="role:admin",
        description="Make something available to a project that is not, or the reverse; see what is not.",
        operations=[
            {"path": "/package-menu/projects/{project_id}", "method": "GET"},
            {"path": "/package-menu/projects/{project_id}/{name}", "method": "PUT"},
            {"path": "/package-menu/projects/{project_id}/{name}", "method": "DELETE"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_SERVER_SET,
        check_str="role:admin or ((role:member or role:manager) and project_id:%(project_id)s)",
        description="Change the settings of a server that one sees, or boot one with settings. The target has the "
        "server's project_id.",
        operations=[
            {"path": "/servers", "method": "POST"},
            {"path": "/servers/{server_id}/packages", "method": "PUT"},
            {"path": "/servers/{server_id}/packages/{name}", "method": "PUT"},
            {"path": "/servers/{server_id}/packages/{name}", "method": "DELETE"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_SERVER_SET_LOCKED,
        check_str="role:admin",
        description="Change the settings of a server that is locked.",
        operations=[
            {"path": "/servers/{server_id}/packages", "method": "PUT"},
            {"path": "/servers/{server_id}/packages/{name}", "method": "PUT"},
            {"path": "/servers/{server_id}/packages/{name}", "method": "DELETE"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_SERVER_STATE,
        check_str="role:admin",
        description="Make something available to one server, or not, or its default, whatever its project says.",
        operations=[{"path": "/servers/{server_id}/packages/{name}", "method": "PUT"}],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_NODE,
        check_str=f"role:admin or ({_OF_ANY_ROLE} and project_id:%(project_id)s)",
        description="Be told what a server that one sees has, as a configuration system needs it. The target has the "
        "server's project_id.",
        operations=[{"path": "/package-menu/nodes/{certname}", "method": "GET"}],
    ),
    policy.DocumentedRuleDefault(
        name=MENU_NODE_SECRETS,
        check_str="role:admin or role:service",
        description="Be told the secrets among that, too.",
        operations=[{"path": "/package-menu/nodes/{certname}", "method": "GET"}],
    ),
    policy.DocumentedRuleDefault(
        name=VENDORDATA_READ,
        check_str="role:service or role:admin",
        description="Ask for what the first boot of any server gets, its secrets too, as Nova's metadata service and "
        "nova-compute do.",
        operations=[{"path": "/vendordata", "method": "POST"}],
    ),
    policy.DocumentedRuleDefault(
        name=ABOUT,
        check_str="role:reader or role:member or role:service or role:admin",
        description="See the version, the systems and the limits of the suite, in Glance or in Nova.",
        operations=[
            {"path": "/v2/glance-related", "method": "GET"},
            {"path": "/glance-related", "method": "GET"},
        ],
    ),
    policy.DocumentedRuleDefault(
        name=ABOUT_ADMIN,
        check_str="role:admin",
        description="See there, too, which database the suite uses and whether Glance takes the caller for an "
        "administrator.",
        operations=[{"path": "/v2/glance-related", "method": "GET"}],
    ),
]


def list_rules() -> list[Any]:
    """Entry point ``oslo.policy.policies``."""
    return list(_RULES)


class Policy:
    """The rules in force: the defaults above, and what the operator's policy file says instead.

    :param settings: ``[oslo_policy]`` names the file, looked up beside ``glance-related.conf``
    """

    def __init__(self, settings: Settings) -> None:
        policy_opts.set_defaults(settings.conf, policy_file=POLICY_FILE_DEFAULT)
        self._enforcer = policy.Enforcer(settings.conf)
        self._enforcer.register_defaults(list_rules())
        self._enforcer.load_rules()

    def allows(self, rule: str, caller: Caller, **target: object) -> bool:
        """Whether a rule allows a caller to act on a target."""
        credentials = {"user_id": caller.user_id, "project_id": caller.project_id, "roles": sorted(caller.roles)}
        return bool(self._enforcer.enforce(rule, _known(target), _known(credentials)))

    def require(self, rule: str, caller: Caller, **target: object) -> None:
        """:raises Problem: 403 where the rule does not allow it"""
        if not self.allows(rule, caller, **target):
            raise FORBIDDEN(rule=rule)


def _known(words: Mapping[str, object]) -> dict[str, object]:
    """What is not known matches nothing.

    None would be compared as the text "None": a token of a domain, or of the system, as one of a project of that name.
    """
    return {name: value for name, value in words.items() if value is not None}
