"""What both filters for guests open when their host starts."""

from __future__ import annotations

import logging

from glance_related.guest.part import GuestPart, open_parts
from glance_related.suite import Suite, open_suite

LOG = logging.getLogger(__name__)


def open_for_guests(config_file: str | None) -> tuple[Suite, dict[str, GuestPart], str]:
    """The suite, what its systems give guests by name, and in front of which Nova.

    :raises ConfigError: one sentence that names the fix
    """
    suite = open_suite(config_file)
    installation = suite.installation()
    parts = open_parts(suite, installation)
    suite.check_schema()
    suite.keys.refresh()
    suite.database.dispose()  # a worker that is forked later makes connections of its own
    LOG.info("guests are given what is theirs of %s", ", ".join(parts) or "nothing")
    return suite, parts, installation
