"""``glance-related-worker`` ends when it is told to, though a receiver hangs, and hands nothing over afterwards."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from glance_related.deliveries.delivery import Wish
from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.testing.instance_suite import kept
from tests.unit.cmd.test_deliveries_command import ACCOUNT

# A volume that hangs for a while, and a worker that waits for a second, not for twenty.
PROGRAM = """
import os, sys, time
import glance_related.deliveries.worker
from glance_related.cmd import worker

glance_related.deliveries.worker._LAST_WAIT = 1.0
replace = os.replace

def hanging(*words):
    print("hangs", flush=True)
    time.sleep(60)
    replace(*words)

os.replace = hanging
print("ends with", worker.main(sys.argv[1:]), flush=True)
"""


def test_a_worker_whose_receiver_hangs_is_gone_before_its_lease_is_over(operator):
    folder = operator.folder / "out"
    folder.mkdir()
    operator.write(
        f"[database]\nconnection = sqlite:///{operator.folder}/ours.sqlite\n"
        f"[package_menu_file]\nfolder = {folder}\n[deliveries]\nlease_seconds = 2\n{ACCOUNT}"
    )
    one = kept()
    InstanceStore(operator.database).add(one, [Wish(one.ref, "package_menu", "file", one.project_id, 1)])
    command = [sys.executable, "-c", PROGRAM, "--config-file", str(operator.conf)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "hangs\n"
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert time.monotonic() - began < 20, "it has waited for what hangs"
    assert (process.returncode, out) == (0, "")
    assert "1 deliveries hang" in err
    (row,) = DeliveryStore(operator.database).of(one.ref)
    assert (row.state, row.applied_generation) == ("delivering", None), "another takes it up when its lease is over"
    assert not list(folder.rglob("*.json"))
