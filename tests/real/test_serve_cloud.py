"""tools/serve --cloud --with-second-nova as a person on a fresh machine meets it."""

from __future__ import annotations

import json
import re
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloud import Trouble, debian, rows, web
from cloud.keystone import issue
from cloud.ports import Ports
from cloud.progress import Progress
from cloud.stack import Stack
from tests.project.source import systems
from tests.real.manual_steps import assert_shows_what_it_promises
from tests.real.serving import TOOLS, Serve, exported, processes_of

pytestmark = [pytest.mark.real, pytest.mark.timeout(1200)]

_UUID = r"[0-9a-f]{8}-[0-9a-f-]{27}"

# 127.0.0.1 and ::1 (where epmd listens too), as the kernel writes them.
_LOOPBACK = {"0100007F", "00000000000000000000000001000000"}

# Of an image: the installation that it knows.
_INSTALLATION = 'image show -f json -c properties $IMAGE | grep -oE \'"nova_installation_uuid": "[^"]*"\''


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    one = Serve(tmp_path_factory.mktemp("serve-cloud"), "--with-second-nova")
    one.start()
    yield one
    one.stop(signal.SIGTERM)


def about(serve: Serve) -> dict:
    return json.loads((serve.var / "ready").read_text())


def test_says_what_it_does_and_nothing_foreign(serve: Serve) -> None:
    shown = serve.said()
    assert serve.lines.count("ready") == 1
    assert re.search(r"^\[ *\d+\.\d s\] starting nova on port \d+ and nova2 on port \d+", shown, re.M)
    for noise in ("Warning", "ERROR", "Traceback", "notice", "INFO"):
        assert noise not in shown


def test_ready_says_where_both_novas_are(serve: Serve) -> None:
    ready = about(serve)
    first, second = ready["novas"]
    assert (first["name"], first["region"]) == ("nova", "RegionOne")
    assert (second["name"], second["region"]) == ("nova2", "RegionTwo")
    assert first["nova_installation_uuid"] == ready["nova_installation_uuid"] != second["nova_installation_uuid"]
    for nova, port in ((first, 4), (second, 12)):
        assert nova["url"] == f"http://127.0.0.1:{serve.base + port}"
        with urllib.request.urlopen(nova["url"]) as reply:
            assert reply.status == 200
        # A guest's question needs the signature of the network service, which we do not have.
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{nova['metadata']}/openstack/latest/meta_data.json")
        assert refused.value.code == 400
    assert (serve.var / "ready").stat().st_mode & 0o077 == 0, "the addresses of databases hold a password"


def test_many_may_write_to_glance_at_once(serve: Serve) -> None:
    """Its tables are where the Novas' are; on SQLite some of the writers are answered that the database is locked."""
    ready, bob = about(serve), exported(serve, "bob")
    words = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME")
    token = issue(*(bob[word] for word in words))

    def write(number: int) -> list[int]:
        made = web.request("POST", f"{ready['glance']}/v2/images", token=token, json_body={"name": "one of many"})
        if made.status != 201:
            return [made.status]
        gone = web.request("DELETE", f"{ready['glance']}/v2/images/{made.json()['id']}", token=token)
        return [made.status, gone.status]

    with ThreadPoolExecutor(8) as together:
        assert list(together.map(write, range(80))) == [[201, 204]] * 80
    query = "SELECT count(*) AS n FROM images WHERE name = ? AND deleted = 1"
    assert rows.read(ready["glance_database"], query, ["one of many"], python=ready["python"]) == [{"n": 80}]
    assert not (serve.var / "data" / "glance" / "glance.sqlite").exists()


def test_rc_files_lead_to_both_regions(serve: Serve) -> None:
    for name in ("alice", "bob", "admin"):
        assert exported(serve, name)["OS_REGION_NAME"] == "RegionOne"
        assert exported(serve, f"{name}-region-two")["OS_REGION_NAME"] == "RegionTwo"
    first, second = about(serve)["novas"]
    assert exported(serve, "nova")["NOVA_INSTALLATION_UUID"] == first["nova_installation_uuid"]
    assert exported(serve, "nova2")["NOVA_INSTALLATION_UUID"] == second["nova_installation_uuid"]


def test_both_installations_are_registered_with_users_of_their_own(serve: Serve) -> None:
    done = serve.run("var/bin/glance-related-manage", "installation", "list", "-f", "json")
    assert done.returncode == 0, done.stderr
    known = {one["name"]: one for one in json.loads(done.stdout)}
    assert known.keys() == {"nova", "nova2"}
    assert known["nova"]["service_users"] != known["nova2"]["service_users"]
    assert len(known["nova"]["trusted_programs"]) == 1
    assert (known["nova"]["region"], known["nova2"]["region"]) == (None, "RegionTwo")


def test_what_it_says_to_type_next_works_when_typed(serve: Serve) -> None:
    """The commands as they are printed, in a shell; their answers as they are printed, but for the ids."""
    block = serve.said().split("What to type next", 1)[1].split("So do openstack", 1)[0]
    # Answers stand four columns in and are an id, or a property of an image.
    answers = re.findall(rf'(?m)^    ({_UUID}|"\w+": "[^"]*")$', block)
    assert len(answers) == 4
    commands = re.sub(rf'(?m)^    ({_UUID}|"\w+": "[^"]*")$', "", block.split("\n", 1)[1])
    done = serve.run("/bin/sh", "-e", "-c", commands)
    assert done.returncode == 0, done.stderr
    server, image, of_server, of_nova = done.stdout.splitlines()
    assert re.fullmatch(_UUID, server)
    assert re.fullmatch(_UUID, image)
    assert of_server == f'"instance_id": "{server}"'
    assert of_nova == answers[3] == f'"nova_installation_uuid": "{about(serve)["nova_installation_uuid"]}"'


def test_an_image_of_the_second_nova_knows_that_it_is_of_the_second(serve: Serve) -> None:
    script = f"""
. var/rc-bob-region-two
SERVER=$(var/bin/openstack server create --flavor m1.tiny --image tiny --nic none --wait -f value -c id his-server)
IMAGE=$(var/bin/openstack server image create --wait --name his-image -f value -c id $SERVER)
var/bin/openstack {_INSTALLATION}
. var/rc-bob
var/bin/openstack server list -f value -c ID
"""
    done = serve.run("/bin/sh", "-e", "-c", script)
    assert done.returncode == 0, done.stderr
    second = about(serve)["novas"][1]["nova_installation_uuid"]
    assert done.stdout.splitlines() == [f'"nova_installation_uuid": "{second}"'], "and the first has no server of his"


@pytest.mark.parametrize(
    ("system", "refusal"),
    [("props_override", "did you mean os_command_line?"), ("package_menu", "no_such_thing: ")],
)
def test_what_a_manual_says_to_try_shows_what_it_promises(serve: Serve, system: str, refusal: str) -> None:
    assert_shows_what_it_promises(serve, system, refusal)


@pytest.mark.parametrize("system", systems())
def test_the_demo_goes_as_told(serve: Serve, system: str) -> None:
    done = serve.run(sys.executable, str(TOOLS / "demo"), system, "--var", "var")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "surprise" not in done.stdout


def test_nothing_listens_to_anyone_outside(serve: Serve) -> None:
    """Sockets of the machine's other addresses: none of our ports is among them."""
    ours = range(serve.base + 1, serve.base + 14)
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, port = local.split(":")
            if state == "0A" and int(port, 16) in ours:
                listening.add((address, int(port, 16)))
    assert {port for _, port in listening} == set(ours), "all of them are used"
    assert {address for address, _ in listening} <= _LOOPBACK


@pytest.mark.parametrize(
    ("novas", "done_before", "scheme"),
    [
        (1, {}, "mysql+pymysql"),
        (2, {"third_party": "...", "glance_in_sqlite": "...", "suite_in_sqlite": "..."}, "mysql+pymysql"),
        (1, {"glance_in_mysql+pymysql": "...", "tables_of_nova": "..."}, "mysql+pymysql"),
        (1, {"third_party": "...", "suite_in_mysql+pymysql": "...", "tables_of_nova": "..."}, "sqlite"),
        (0, {"glance_in_mysql+pymysql": "...", "tables_of_nova": "..."}, "sqlite"),
    ],
    ids=["new", "without Nova until now", "started before", "made by an older version", "without Nova"],
)
def test_where_glance_has_its_tables(tmp_path: Path, novas: int, done_before: dict[str, str], scheme: str) -> None:
    """A cloud whose images are in SQLite keeps them there."""
    (tmp_path / "state.json").write_text(json.dumps(done_before))
    stack = Stack(tmp_path, Ports.behind(20000), Progress(), novas)
    assert stack.glance.database.partition(":")[0] == scheme


def test_what_is_missing_of_debian_is_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For somebody who may not install it: here, where there is no apt-get."""
    monkeypatch.setenv("PATH", str(tmp_path))
    programs = {"no-such-program": "its-package", "/no/such/place/*/program": "another", "mount": "is-there"}
    with pytest.raises(Trouble, match=r"needs more of Debian: apt-get install another its-package$"):
        debian.need(programs, Progress(), tmp_path / "log")


# It stands last: from here on nothing runs.


def test_ctrl_c_leaves_nothing_behind(serve: Serve) -> None:
    assert len(processes_of(serve.var)) > 20, "a dozen services, most of them with a worker"
    assert serve.stop(signal.SIGINT) == 0
    assert not (serve.var / "ready").exists()
    assert processes_of(serve.var) == []
