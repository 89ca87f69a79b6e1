"""`Packages`: the system's own package manager."""

import re
import shutil
import time
from typing import Callable, Dict, List, Optional, Sequence, Tuple

from glance_related.guest.program.tools import last_words, plain, run, say

#: Seconds that a run of a package manager may take.
_INSTALLING = 3600
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_:.+-]{0,254}")

_APT = ["apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=300"]
# no name is a pattern, a configuration that was changed by hand stays, and so does every package that is there: what
# cannot be together with what somebody else has installed is not to be had
_APT_INSTALL = ["-o", "APT::Cmd::Pattern-Only=true", "-o", "Dpkg::Options::=--force-confdef"]
_APT_INSTALL += ["-o", "Dpkg::Options::=--force-confold", "--no-remove", "install", "--"]
_RPM = {"has": ["rpm", "-q", "--"], "needed": ["rpm", "-e", "--test", "--"]}

#: What dpkg says of one that is there, and of one that is not; all else is one that is there by halves.
_THERE = frozenset({"installed", "triggers-pending", "triggers-awaited"})
_NOT_THERE = frozenset({"not-installed", "config-files"})
#: Who says so has not looked, whatever else he says.
_TROUBLE = re.compile(r"^([\w.-]+: )?error:", re.IGNORECASE | re.MULTILINE)

#: How each one is asked: for new lists, to install, to remove, what there is, and what else a removal would break.
MANAGERS: Dict[str, Dict[str, List[str]]] = {
    "apt-get": {
        "refresh": [*_APT, "update"],
        "install": [*_APT, *_APT_INSTALL],
        "remove": [*_APT, "remove", "--"],
        "has": ["dpkg-query", "-W", "-f=${db:Status-Status}\\n", "--"],
        "needed": ["apt-get", "-s", "-q", "remove", "--"],
    },
    "dnf": dict(_RPM, install=["dnf", "-y", "-q", "install"], remove=["dnf", "-y", "-q", "remove", "--noautoremove"]),
    "yum": dict(_RPM, install=["yum", "-y", "-q", "install"], remove=["yum", "-y", "-q", "remove"]),
    "zypper": dict(
        _RPM,
        install=["zypper", "--non-interactive", "--quiet", "install", "--auto-agree-with-licenses", "--"],
        remove=["zypper", "--non-interactive", "--quiet", "remove", "--"],
    ),
    "apk": {
        "install": ["apk", "--wait", "300", "--update-cache", "add", "--"],
        "remove": ["apk", "--wait", "300", "del", "--"],
        "has": ["apk", "info", "-e", "--"],
    },
}


class Packages:
    """See the module.

    Removed is only what was installed here, and only where nothing else goes with it; for nothing that is installed
    anything else is removed, but for what an RPM says itself that it takes the place of, as at any upgrade.

    :param owned: what this program has installed; kept up to date
    :param keep: called whenever that has changed, before anything is done
    """

    def __init__(self, owned: List[str], keep: Callable[[], None]) -> None:
        self.owned = owned
        self.keep = keep
        self.name = next((name for name in MANAGERS if shutil.which(name)), "")
        self.how = MANAGERS.get(self.name, {})
        #: What failed, and why; and what else is to be said.
        self.failed: Dict[str, str] = {}
        self.notes: Dict[str, str] = {}

    def bring(self, wanted: Sequence[str]) -> None:
        """Have these, and none of the others that were installed here."""
        names = [name for name in dict.fromkeys(wanted) if self.is_name(name)]
        self.failed.update({name: "it is no name of a package here" for name in wanted if name not in names})
        unwanted = [name for name in self.owned if name not in wanted]
        if not self.name:
            self.failed.update(dict.fromkeys(names, "there is no package manager that is known"))
            return
        missing = self.missing(names)
        if missing and "refresh" in self.how:
            run(self.how["refresh"], _INSTALLING)
        self.install(missing)
        is_any_gone = self.remove_all(unwanted)
        again = [name for name in missing if name in self.failed]
        if is_any_gone and again:  # what was in their way may have been our own
            for name in again:
                del self.failed[name]
            self.install(again)

    def is_name(self, name: str) -> bool:
        """Whether a name is one, and nothing that a package manager takes for something else."""
        # to apt a name with a minus behind it is one that shall go
        return bool(_PACKAGE.fullmatch(name)) and not name.endswith("-")

    def missing(self, names: Sequence[str]) -> List[str]:
        """Which are to be installed. One of which nobody can tell whether it is there may be the owner's, and is not
        touched; one of our own is, for then it may be mended by that."""
        found = []
        for name in names:
            is_there, why = self.look(name)
            if is_there is None and name not in self.owned:
                self.failed[name] = f"whether it is there cannot be told ({why})"
            elif not is_there:
                found.append(name)
        return found

    def look(self, name: str) -> Tuple[Optional[bool], str]:
        """Whether one is there; None: that cannot be told, and why."""
        code, said = run([*self.how["has"], name], 60)
        if code == 0 and self.name == "apt-get":
            states = set(said.split())
            if states & _THERE or (states and states <= _NOT_THERE):
                return bool(states & _THERE), ""
        elif code == 0:
            return True, ""
        elif code == 1 and not _TROUBLE.search(said):
            return False, ""
        return None, last_words(said) or f"exit code {code}"

    def install(self, names: List[str]) -> None:
        """What is not there yet: at once, and where that fails one by one, so that one does not keep the others out."""
        if not names:
            return
        self.owned += [name for name in names if name not in self.owned]
        self.keep()  # before: who is killed in between knows what he has begun
        say("installing {}".format(" ".join(names)))
        code, said = self.manage("install", names)
        for name in names if code != 0 else ():
            if len(names) > 1:
                code, said = self.manage("install", [name])
            # apt fails over others, too, that somebody has left there by halves
            if code != 0 and not self.look(name)[0]:
                self.failed[name] = in_the_way(said) or last_words(said) or f"exit code {code}"
        self.disown([name for name in names if name in self.failed and self.look(name)[0] is False])

    def remove_all(self, unwanted: Sequence[str]) -> bool:
        """Take these away as far as they may go, one perhaps behind another that needs it; whether any is gone."""
        left = list(unwanted)
        while True:
            stay = [name for name in left if not self.remove(name, unwanted)]
            if not stay or len(stay) == len(left):
                return len(stay) < len(unwanted)
            left = stay

    def remove(self, name: str, unwanted: Sequence[str]) -> bool:
        """Take one away, unless another would go with it that may stay; whether it is gone."""
        for told in (self.failed, self.notes):
            told.pop(name, None)  # of the time when it had to wait
        if self.look(name)[0] is not False:
            if not self.may_go(name, unwanted):
                return False
            say(f"removing {name}")
            code, said = self.manage("remove", [name])
            if code != 0 and self.look(name)[0] is not False:
                self.failed[name] = last_words(said) or f"exit code {code}"
                return False
        self.disown([name])
        return True

    def may_go(self, name: str, unwanted: Sequence[str]) -> bool:
        """Whether nothing that may stay would go with one, or be broken; where it is not so, that is noted."""
        if "needed" not in self.how:
            return True  # apk lets it stay by itself
        code, said = run([*self.how["needed"], name], 300)
        lines = said.splitlines()
        if self.name == "apt-get":
            going = {line.split()[1].partition(":")[0] for line in lines if re.match(r"(Remv|Purg) \S", line)}
            going -= {one.partition(":")[0] for one in unwanted}
            others = "{} would go with it".format(", ".join(sorted(going))) if going and code == 0 else ""
        else:
            others = plain("; ".join(line.strip() for line in lines if " is needed by " in line)) if code == 1 else ""
        if others:
            self.notes[name] = f"it stays: {others}"
        elif code != 0:
            self.failed[name] = last_words(said) or f"exit code {code}"
        return code == 0 and not others

    def manage(self, what: str, names: Sequence[str]) -> Tuple[int, str]:
        """Run the package manager; somebody else may be at it."""
        for pause in (10, 30, 60, 0):
            code, said = run([*self.how[what], *names], _INSTALLING, ZYPP_LOCK_TIMEOUT="300")
            if code == 0 or not pause or not re.search(r"\block(ed)?\b", said):
                break
            time.sleep(pause)
        return code, said

    def disown(self, names: Sequence[str]) -> None:
        """These are not there any more, or are not ours."""
        self.owned[:] = [name for name in self.owned if name not in names]
        self.keep()


def in_the_way(said: str) -> str:
    """What apt would have had to remove; nothing where it says nothing of that."""
    found = re.search(r"will be REMOVED:\n((?: .*\n)+)", said)
    return plain("it would remove {}".format(", ".join(found.group(1).split()))) if found else ""
