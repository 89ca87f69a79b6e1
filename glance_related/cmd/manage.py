"""``glance-related-manage``: what an operator does to the suite.

Exit codes: 0 done, 1 it could not be done or (``config check``) something is wrong, 2 the command
line is wrong.

The parser is the standard library's: the command runs in Glance's own environment, where a
framework for commands would be one more thing to install, and starts in a fraction of a second.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from glance_related.cmd import check, database, deliveries, installation, keys, output, purge, reconcile, show
from glance_related.db.database import DatabaseDown
from glance_related.settings.options import DEFAULT_FILE, ConfigError
from glance_related.suite import version


def parser() -> argparse.ArgumentParser:
    """The command line, from the commands' own modules."""
    top = argparse.ArgumentParser(
        prog="glance-related-manage", description="Manage glance_related, the suite of filters for Glance and Nova."
    )
    top.add_argument(
        "--config-file",
        default=DEFAULT_FILE,
        metavar="FILE",
        help=f"the suite's configuration (default: {DEFAULT_FILE})",
    )
    top.add_argument("--version", action="version", version=version())
    commands = top.add_subparsers(metavar="COMMAND", required=True)
    for module in (database, installation, reconcile, deliveries, keys, purge, check, show):
        module.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point ``console_scripts``, name ``glance-related-manage``."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("glance_related").setLevel(logging.CRITICAL)  # commands say themselves what failed
    args = parser().parse_args(argv)
    try:
        code: int = args.run(args)
    except ConfigError as error:
        return output.fail(str(error))
    except DatabaseDown:
        return output.fail(
            f"the database in [database] connection of {args.config_file} does not answer, or its tables are missing; "
            "start it, or run 'glance-related-manage db upgrade'."
        )
    except KeyboardInterrupt:
        return output.fail("interrupted; what was done stays done, and the command may be run again.")
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code


if __name__ == "__main__":
    sys.exit(main())
