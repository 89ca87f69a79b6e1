"""When it runs again: systemd's timer, or cron; never all guests at the same time."""

import os
import sys

from glance_related.guest.program.tools import NAME, last_words, run, say, write

_UNITS = {
    "service": """[Unit]
Description=Packages and variables of this server, as chosen in the cloud
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart={command}
TimeoutStartSec=7200
""",
    "timer": """[Unit]
Description=Ask the cloud for the packages and variables of this server

[Timer]
OnBootSec=60
OnUnitInactiveSec={seconds}
RandomizedDelaySec={spread}

[Install]
WantedBy=timers.target
""",
}


def stay(root: str, seconds: int, scheduled: str) -> str:
    """Run ``pull`` every so many seconds; what is scheduled now.

    :param scheduled: what was scheduled before; the same again changes nothing
    """
    has_systemd = os.path.isdir(os.path.join(root, "run/systemd/system"))
    said = "{} {}".format("systemd" if has_systemd else "cron", seconds)
    if scheduled != said:
        command = "{} /usr/local/sbin/{} pull".format(sys.executable or "python3", NAME)
        (_by_systemd if has_systemd else _by_cron)(root, command, seconds)
    return said


def _by_systemd(root: str, command: str, seconds: int) -> None:
    for kind, text in sorted(_UNITS.items()):
        unit = text.format(command=command, seconds=seconds, spread=seconds // 4)
        write(os.path.join(root, "etc/systemd/system", f"{NAME}.{kind}"), unit.encode(), 0o644)
    timer = NAME + ".timer"
    for words in (["daemon-reload"], ["enable", timer], ["restart", timer]):
        code, told = run(["systemctl", *words], 60)
        if code != 0:
            say(f"systemctl {words[0]}: {last_words(told)}")


def _by_cron(root: str, command: str, seconds: int) -> None:
    line = f"{command} --jitter {min(seconds, 3600) // 4}"
    if os.path.isdir(os.path.join(root, "etc/periodic/15min")):
        script = f"#!/bin/sh\nexec {line} 2>/dev/null\n"
        write(os.path.join(root, "etc/periodic/15min", NAME), script.encode(), 0o755)
        return
    minutes, hours = max(1, seconds // 60), max(1, seconds // 3600)
    when = f"*/{minutes} * * * *" if minutes < 60 else f"0 */{min(hours, 23)} * * *"
    write(os.path.join(root, "etc/cron.d", NAME), f"{when} root {line} 2>/dev/null\n".encode(), 0o644)
