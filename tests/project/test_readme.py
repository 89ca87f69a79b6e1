"""The README is run: its commands are there, its lines do to Glance's own paste file what it says."""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest
from keystoneauth1 import loading

from glance_related.cmd import enc, manage, worker
from glance_related.riders.mark import KEY_MIN
from glance_related.settings.options import DEFAULT_FILE, load
from tests.project.nova_paste_files import NOVAS, assert_is_novas_with_our_words
from tests.project.nova_paste_files import WORDS as NOVAS_WORDS
from tests.project.paste_files import (
    SHAPES,
    WORDS,
    assert_filters_are_where_they_belong,
    built_by_glance,
    without_ours,
    words_of,
)
from tests.project.source import PACKAGE, PROJECT, lines_of, text_files

README = (PROJECT / "README.md").read_text()
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "etc/deploy/README.md")
A_UUID = "11111111-2222-3333-4444-555555555555"


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page)


def block_with(language: str, words: str) -> str:
    (found,) = [block for block in blocks(language) if words in block]
    return found


# Our programs, and how each reads its command line.
PARSERS = {
    "glance-related-manage": manage.parser,
    "glance-related-worker": worker.parser,
    "glance-related-enc": enc.parser,
}


def commands(text: str) -> list[str]:
    """Whole command lines of ours in some shell text, continued lines joined."""
    joined = text.replace("\\\n", " ")
    return re.findall(rf"(?m)(?:^|/)((?:{'|'.join(PARSERS)})(?: .*?)?)(?: *#.*)?$", joined)


# Words of the blocks that change a host's paste file.
GLANCES, NOVAS_OWN = "glance-api-paste.ini.before", "/etc/nova/api-paste.ini.before"
UNIT = (PROJECT / "etc" / "glance-related-worker.service").read_text()
TYPED = sorted({line for text in (*blocks("sh"), *blocks("ini"), UNIT) for line in commands(text)})
# What sentences, manuals and help texts tell an operator to run: `glance-related-manage ...` between quotes.
SAID = sorted(
    {
        " ".join(found.split())
        for path in (*PACKAGE.rglob("*.py"), *(PROJECT / page for page in PAGES))
        for found in re.findall(rf"['`]((?:{'|'.join(PARSERS)}) [^'`\"\n]*)['`]", path.read_text())
    }
    | {  # the pages say it shorter, too: `keys stage`
        f"glance-related-manage {' '.join(found.split())}"
        for page in PAGES
        for found in re.findall(
            r"`((?:config|db|deliveries|installation|keys|reconcile) [a-z-][^`]*)`", (PROJECT / page).read_text()
        )
    }
)


def parsed(command: str) -> argparse.Namespace:
    words = shlex.split(re.sub(r"\{[^}]*\}", A_UUID, command).replace(" UUID", f" {A_UUID}"))
    given = ["a-server"] if words == ["glance-related-enc"] else words[1:]  # Puppet appends a name
    return PARSERS[words[0]]().parse_args(given)


@pytest.mark.parametrize("command", TYPED)
def test_a_command_to_type_is_there(command: str) -> None:
    told = parsed(command)
    assert not command.startswith("glance-related-manage") or callable(told.run)


@pytest.mark.parametrize("command", SAID)
def test_a_command_that_a_sentence_names_is_there(command: str) -> None:
    try:
        parsed(command)
    except SystemExit:
        # a sentence may name the command alone, as `glance-related-manage installation`
        with pytest.raises(SystemExit) as left:
            PARSERS[command.split()[0]]().parse_args([*shlex.split(command)[1:], "--help"])
        assert left.value.code == 0


def test_commands_are_found_in_the_readme() -> None:
    assert {command.split()[0] for command in TYPED} == set(PARSERS)
    assert {command.split()[1] for command in TYPED if " " in command} >= {
        "db", "installation", "generate-installation-uuid", "reconcile", "config", "show", "keys",
        "deliveries", "purge",
    }  # fmt: skip
    assert SAID


def test_a_command_that_is_not_there_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("glance-related-manage db downgrade")
    assert "downgrade" in capsys.readouterr().err


# Every command of openstack that the page tells, as it is typed.
OPENSTACKS = sorted(
    line.removeprefix("openstack ")
    for line in "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    if line.startswith("openstack ")
)


def _typed(points: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    """Commands, by what a person types."""
    return {point.name.replace("_", " "): point for point in points}


_COMPUTE, _IDENTITY = "openstack.compute.v2", "openstack.identity.v3"
OURS = _typed(EntryPoint(*line.split(" = "), _COMPUTE) for line in lines_of("options.entry_points", _COMPUTE))


@pytest.mark.parametrize("line", OPENSTACKS)
def test_a_command_of_openstack_that_it_tells_is_there(line: str) -> None:
    known = {**_typed(entry_points(group=_IDENTITY)), **OURS}
    name = max((name for name in known if line.startswith(f"{name} ")), key=len)
    command = known[name].load()
    command(None, None).get_parser(name).parse_args(shlex.split(line.removeprefix(name), comments=True))


def test_customers_are_told_commands_of_openstack_that_are_there() -> None:
    untold = {name for name in OURS if not any(line.startswith(f"{name} ") for line in OPENSTACKS)}
    assert not untold, "commands that no customer is told of"


def test_the_tools_that_it_names_are_there() -> None:
    for page in PAGES:
        for tool in set(re.findall(r"\btools/([\w-]+)", (PROJECT / page).read_text())):
            assert (PROJECT / "tools" / tool).exists(), f"{page}: tools/{tool}"


@pytest.mark.parametrize("page", PAGES)
def test_its_links_lead_somewhere(page: str) -> None:
    here = (PROJECT / page).parent
    for target in re.findall(r"\]\(([^)#]+)\)", (PROJECT / page).read_text()):
        assert (here / target).exists(), target


def test_its_configuration_is_taken(tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    conf.write_text(block_with("ini", "[database]").replace("MARK_KEY", "k" * KEY_MIN))
    settings = load(str(conf))
    assert settings.database.connection.startswith("mysql+pymysql://")
    assert len("MARK_KEY") < KEY_MIN  # whoever copies the page as it is gets a sentence, not a key that all know
    account = loading.load_auth_from_conf_options(settings.conf, "account")
    assert account.auth_url == "http://KEYSTONE:5000/v3"


@pytest.mark.real
@pytest.mark.parametrize("shape", SHAPES)
def test_its_lines_put_the_filters_into_every_pipeline_that_asks_keystone(shape: str, tmp_path: Path) -> None:
    paste = tmp_path / "glance-api-paste.ini"
    paste.write_text(SHAPES[shape])
    _type(block_with("sh", GLANCES), paste)

    assert_filters_are_where_they_belong(paste.read_text())
    made = words_of(paste.read_text())
    assert {name: without_ours(words) for name, words in made.items()} == words_of(SHAPES[shape])
    assert sum(set(WORDS) <= set(words) for words in made.values()) == 3
    assert built_by_glance(paste).startswith("InstanceAwareMiddleware before PropsOverrideMiddleware before")


@pytest.mark.real
@pytest.mark.parametrize("only", WORDS)
def test_one_system_may_be_left_out_of_glances_lines(only: str, tmp_path: Path) -> None:
    paste = tmp_path / "glance-api-paste.ini"
    paste.write_text(SHAPES["lines"])
    _type(_with_only(only, WORDS, block_with("sh", GLANCES)), paste)
    assert_filters_are_where_they_belong(paste.read_text(), [only])
    name = only.title().replace("_", "")
    assert built_by_glance(paste) == f"{name}Middleware before URLMap"


@pytest.mark.parametrize("only", NOVAS_WORDS)
def test_one_system_may_be_left_out_of_novas_lines(only: str, tmp_path: Path) -> None:
    paste = tmp_path / "api-paste.ini"
    paste.write_text(NOVAS)
    _type(_with_only(only, NOVAS_WORDS, block_with("sh", NOVAS_OWN)), paste)
    assert_is_novas_with_our_words(paste.read_text(), NOVAS, [only])


def _with_only(only: str, words: Sequence[str], lines: str) -> str:
    """Lines of the page without the other systems' words and sections."""
    for word in words:
        if word != only:
            lines = re.sub(rf" {word}\b", "", lines)
            lines = re.sub(rf"\[filter:{word}\]\nuse = \S+\n\n?", "", lines)
            assert word not in lines.replace(only, "")
    return lines


@pytest.mark.parametrize("shape", SHAPES)
def test_its_lines_take_the_filters_out_again_and_nothing_else(shape: str, tmp_path: Path) -> None:
    paste = tmp_path / "glance-api-paste.ini"
    paste.write_text(SHAPES[shape])
    _type(block_with("sh", GLANCES), paste)
    assert all(word in paste.read_text() for word in WORDS)
    _type(_removal("disable --now glance-related-reconcile"), paste)
    assert paste.read_text().rstrip() == SHAPES[shape].rstrip()


@pytest.mark.parametrize("gone", WORDS)
def test_its_lines_take_one_system_out_of_glance_where_they_name_it_alone(gone: str, tmp_path: Path) -> None:
    paste = tmp_path / "glance-api-paste.ini"
    paste.write_text(SHAPES["lines"])
    _type(block_with("sh", GLANCES), paste)
    _type(_naming(gone, _removal("disable --now glance-related-reconcile")), paste)
    assert_filters_are_where_they_belong(paste.read_text(), [word for word in WORDS if word != gone])


def test_its_lines_put_the_filters_into_both_ways_into_nova_and_take_them_out_again(tmp_path: Path) -> None:
    paste = tmp_path / "api-paste.ini"
    paste.write_text(NOVAS)
    _type(block_with("sh", NOVAS_OWN), paste)
    assert_is_novas_with_our_words(paste.read_text(), NOVAS)
    assert (tmp_path / "api-paste.ini.before").read_text() == NOVAS
    _type(_removal(r"_nova\>//g"), paste)
    assert paste.read_text().rstrip() == NOVAS.rstrip()


@pytest.mark.parametrize("gone", WORDS)
def test_its_lines_take_one_system_out_of_nova_where_they_name_it_alone(gone: str, tmp_path: Path) -> None:
    paste = tmp_path / "api-paste.ini"
    paste.write_text(NOVAS)
    _type(block_with("sh", NOVAS_OWN), paste)
    _type(_naming(gone, _removal(r"_nova\>//g")), paste)
    assert_is_novas_with_our_words(paste.read_text(), NOVAS, [word for word in NOVAS_WORDS if word != f"{gone}_nova"])


def _removal(words: str) -> str:
    """The lines that change a paste file, of the block with these words."""
    return "\n".join(line for line in block_with("sh", words).splitlines() if line.startswith("sed"))


def _naming(system: str, lines: str) -> str:
    """Those lines as they are for one system only."""
    both = f"({'|'.join(WORDS)})"
    assert lines.count(both) == 2
    return lines.replace(both, system)


def test_its_configuration_of_nova_is_taken_beside_glances(tmp_path: Path) -> None:
    conf = tmp_path / "glance-related.conf"
    text = "".join(block_with("ini", words) for words in ("[database]", "nova_installation_uuid", "[props_override]"))
    conf.write_text(text.replace("UUID_OF_THIS_NOVA", A_UUID).replace("MARK_KEY", "k" * KEY_MIN))
    settings = load(str(conf))
    assert settings.instance_aware.nova_installation_uuid == A_UUID
    assert settings.riders.mark_keys
    protections = settings.props_override.property_protection_file
    assert protections
    assert Path(protections).parent == Path(DEFAULT_FILE).parent


def _type(lines: str, paste: Path) -> None:
    """Run lines of the page on this file instead of the host's."""
    there = re.sub(r"/etc/(glance/glance-api|nova/api)-paste.ini", str(paste), lines)
    assert there != lines
    subprocess.run(["sh", "-eu", "-c", there], check=True, capture_output=True)


def test_its_timer_runs_reconcile() -> None:
    units = block_with("ini", "[Timer]")
    assert re.search(r"(?m)^ExecStart=/\S*/glance-related-manage reconcile$", units)
    assert "glance-related-reconcile.timer" in units


def test_the_versions_that_it_claims_are_those_that_tests_run_on() -> None:
    pinned = (PROJECT / "tools" / "constraints-3.11.txt").read_text()
    for name in ("Keystone", "Glance", "Nova"):
        (claimed,) = re.findall(rf"{name} (\d+)", README.partition("## Tested with")[2])
        assert re.search(rf"(?m)^{name.lower()}=={claimed}\.", pinned)
    pythons = {path.stem.removeprefix("constraints-") for path in (PROJECT / "tools").glob("constraints-*.txt")}
    assert set(re.findall(r"3\.\d+", re.findall(r"\| Python \| (.*) \|", README)[0])) == pythons


def test_no_page_names_a_place_of_somebodys_machine() -> None:
    for path in text_files(".md", ".ini", ".yml", ".yaml", ".pp", ".sh", ".j2", ".sample"):
        assert not re.search(r"/(home|root|Users|work)/", path.read_text()), path
