"""glance-related-guest: keeps the packages and variables of this server as they are chosen for it in the cloud.

It asks the cloud's metadata service what this server is to have, installs and removes packages with the system's own
package manager, writes the variables as JSON and for the shell, runs the hooks, and reports what became of it. It
removes only what it has installed itself, and touches nothing else: what cannot be there together with a
package of somebody else's is not installed, which is reported; and what came along with a package, because
that needs it, stays when the package goes. On a disk that was another server's, as that of a server made of a
snapshot, what it has installed there is still its own.

    /etc/glance-related/variables.json, variables.sh   what is set, readable for root only
    /etc/glance-related/packages.d/                    hooks, run after each change: programs of root's, named as
                                                       run-parts wants them, with the two files in
                                                       GLANCE_RELATED_VARIABLES and GLANCE_RELATED_VARIABLES_SH;
                                                       each has 15 minutes, with all that it starts and waits for
    /etc/glance-related/guest.json                     {"metadata_url": "http://169.254.169.254"}, where it is not there
    /var/lib/glance-related/state.json                 what was installed, and what is still to be reported
"""

import argparse
import contextlib
import fcntl
import json
import os
import random
import re
import sys
import time
from typing import Any, Dict, Iterator, List, Optional, Sequence

from glance_related.guest.program.packages import Packages
from glance_related.guest.program.staying import stay
from glance_related.guest.program.talking import Metadata
from glance_related.guest.program.tools import NAME, plain, read_json, run, say, write
from glance_related.guest.program.variables import for_shell

PART = "package_menu"
METADATA_URL = "http://169.254.169.254"
INTERVAL = 900
#: Seconds that a hook may take, and for which another run is waited for.
HOOK, TURN = 900, 600

_HOOK_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Guest:
    """What this program knows and does.

    :param root: of the file system, ``/`` but for tests
    :param patience: for how many seconds a service that does not answer is asked again
    """

    def __init__(self, root: str, patience: float) -> None:
        self.root = root
        self.etc = os.path.join(root, "etc/glance-related")
        self.var = os.path.join(root, "var/lib/glance-related")
        self.state_file = os.path.join(self.var, "state.json")
        self.state: Dict[str, Any] = {}
        named = read_json(os.path.join(self.etc, "guest.json")).get("metadata_url")
        url = os.environ.get("GLANCE_RELATED_METADATA_URL") or named or METADATA_URL
        self.metadata = Metadata(str(url).rstrip("/"), patience)

    @contextlib.contextmanager
    def alone(self, wait: float) -> Iterator[bool]:
        """Whether nobody else is at it."""
        os.makedirs(self.var, 0o700, exist_ok=True)
        with open(os.path.join(self.var, "lock"), "w") as file:
            until = time.monotonic() + wait
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    if time.monotonic() < until:
                        time.sleep(0.2)
                        continue
                    yield False
                    return
                break
            self.state = read_json(self.state_file)
            yield True

    def keep(self) -> None:
        """Keep the state, in one step."""
        write(self.state_file, json.dumps(self.state, sort_keys=True).encode(), 0o600)

    # -- doing

    def apply(self, document: Dict[str, Any]) -> bool:
        """Have what a document of the cloud's says."""
        parts = document.get("parts")
        part = parts.get(PART) if isinstance(parts, dict) else None
        if not isinstance(part, dict):
            return True  # nothing is said, and all stays as it is
        self.state.pop("have", None)  # what is broken off is done again
        self.keep()
        generation, wanted, server = part.get("generation"), {}, document.get("server")
        failed: Dict[str, str] = {}
        notes: Dict[str, str] = {}
        try:
            wanted = {str(one["name"]): str(one["package"]) for one in part["packages"]}
            self.write_variables(dict(part["variables"]))
            packages = Packages(self.owned(), self.keep)
            packages.bring(sorted(wanted.values()))
            failed.update(packages.failed)
            notes.update(packages.notes)
            failed.update(self.run_hooks(str(generation)))
        except (KeyError, TypeError, ValueError) as error:
            failed["settings"] = f"they are not what this program knows ({type(error).__name__})"
        except OSError as error:
            failed["settings"] = f"{error.filename} cannot be written ({error.strerror})"
        words = "; ".join(f"{name}: {why}" for name, why in sorted({**notes, **failed}.items()))
        has = {name: package for name, package in sorted(wanted.items()) if package not in failed}
        told = {"part": PART, "generation": generation, "ok": not failed, "packages": has, "message": words}
        if server:
            told["server"] = server
        self.state["report"] = self.state["last"] = told
        if not failed:
            self.state["have"] = document.get("have")
        self.keep()
        say("generation {}: {}".format(generation, plain(words) or "done"))
        return not failed

    def owned(self) -> List[str]:
        """What this program has installed, to be changed in place."""
        if not isinstance(self.state.get("owned"), list):
            self.state["owned"] = []
        owned: List[str] = self.state["owned"]
        return owned

    def write_variables(self, variables: Dict[str, Any]) -> None:
        text = json.dumps(variables, sort_keys=True, indent=1).encode("ascii")
        write(os.path.join(self.etc, "variables.json"), text + b"\n", 0o600)
        write(os.path.join(self.etc, "variables.sh"), for_shell(variables), 0o600)

    def run_hooks(self, generation: str) -> Dict[str, str]:
        """Run root's own programs, in the order of their names; what failed, and why."""
        folder = os.path.join(self.etc, "packages.d")
        failed: Dict[str, str] = {}
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) and is_ours(folder) else ():
            path = os.path.join(folder, name)
            if not _HOOK_NAME.fullmatch(name) or not os.path.isfile(path) or not os.access(path, os.X_OK):
                continue
            if not is_ours(path):
                say(f"hook {name} is not run: others may change it")
                continue
            code, _ = run(
                [path],
                HOOK,
                GLANCE_RELATED_GENERATION=generation,
                GLANCE_RELATED_VARIABLES=os.path.join(self.etc, "variables.json"),
                GLANCE_RELATED_VARIABLES_SH=os.path.join(self.etc, "variables.sh"),
            )
            if code != 0:
                failed["hook " + name] = f"exit code {code}"  # what it says may hold anything
        return failed

    # -- asking and telling

    def pull(self) -> bool:
        """Ask what this server is to have, have it, and report."""
        status, document = self.metadata.settings(self.state.get("have"))
        if status == 404:
            say("the cloud has nothing for this server")
            return True
        if document is None:
            say("the metadata service answers {}".format(status or "nothing"))
            return False
        self.schedule(document.get("interval_seconds"))
        return self.bring(document)

    def bring(self, document: Dict[str, Any]) -> bool:
        """Have what a document says, and report, whatever came of it."""
        self.meet(document.get("server"))
        is_done = bool(document.get("is_unchanged")) or self.apply(document)
        return self.report() and is_done

    def meet(self, server: Any) -> None:
        """Know whose settings these are: what was applied and reported on another server is no word about this one."""
        if isinstance(server, str) and server != self.state.get("server"):
            for name in ("have", "report", "last"):
                self.state.pop(name, None)
            self.state["server"] = server
            self.keep()

    def report(self) -> bool:
        """Tell what became of it, where that is still to be told."""
        if not isinstance(self.state.get("report"), dict):
            return True
        status, _ = self.metadata.report(self.state["report"])
        if status in (200, 404, 409):
            del self.state["report"]
            if status == 409:  # what was applied is not what there is: next time all is asked for
                self.state.pop("have", None)
            self.keep()
        return status in (200, 404)

    # -- staying

    def install(self) -> None:
        """Put this program where it stays."""
        with open(os.path.realpath(__file__), "rb") as file:
            write(os.path.join(self.root, "usr/local/sbin", NAME), file.read(), 0o755)
        os.makedirs(os.path.join(self.etc, "packages.d"), 0o755, exist_ok=True)

    def schedule(self, interval: Any) -> None:
        """Ask again every so many seconds; without a word nothing is changed that was said before."""
        if isinstance(interval, int) or not self.state.get("scheduled"):
            seconds = max(30, min(interval, 86400)) if isinstance(interval, int) else INTERVAL
            self.state["scheduled"] = stay(self.root, seconds, str(self.state.get("scheduled")))
            self.keep()


def is_ours(path: str) -> bool:
    """Whether nobody but its user, who runs this, may change a file; a link is everybody's by its mode."""
    found = os.lstat(path)
    return found.st_uid == os.geteuid() and not found.st_mode & 0o022


def obey(guest: Guest, command: str, file: Optional[str]) -> bool:
    """Do what the command line says; whether all went well."""
    if command == "pull":
        return guest.pull()
    document = read_json(file) if file else {}
    if command == "apply":
        return guest.bring(document)
    guest.install()
    try:
        return guest.bring(document) if document else guest.pull()
    finally:
        guest.schedule(document.get("interval_seconds"))


def main(argv: Optional[Sequence[str]] = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog=NAME, description="Packages and variables of this server, from the cloud.")
    parser.add_argument("--root", default="/", help=argparse.SUPPRESS)
    parser.add_argument("--patience", type=float, default=60, help="how long a silent service is asked, in seconds")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    pull = commands.add_parser("pull", help="ask the cloud, and do what it says")
    pull.add_argument("--jitter", type=int, default=0, metavar="SECONDS", help="wait for so long at most before")
    apply = commands.add_parser("apply", help="do what a file says")
    apply.add_argument("file", metavar="FILE")
    install = commands.add_parser("install", help="stay: do what a file says, or the cloud, and ask it now and then")
    install.add_argument("file", metavar="FILE", nargs="?")
    commands.add_parser("status", help="what was done last")
    args = parser.parse_args(argv)
    guest = Guest(args.root, args.patience)
    if args.command is None:
        parser.print_help()
        return 2
    if args.command == "status":
        print(json.dumps(read_json(guest.state_file), indent=1, sort_keys=True))
        return 0
    time.sleep(random.uniform(0, getattr(args, "jitter", 0)))
    with guest.alone(0 if args.command == "pull" else TURN) as is_my_turn:
        if not is_my_turn:
            say("another run is at it")
            return 0
        try:
            return 0 if obey(guest, args.command, getattr(args, "file", None)) else 1
        except (OSError, ValueError) as error:
            say(f"{type(error).__name__}: {plain(str(error))}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
