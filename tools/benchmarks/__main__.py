"""`tools/bench` once its environment is there."""

from __future__ import annotations

import importlib
import signal
import sys
import traceback

from benchmarks import catalogue
from benchmarks.bench import Bench
from benchmarks.figures import Figure, table, write_json
from benchmarks.machine import run_facts
from benchmarks.options import Options, options, parser
from cloud import Trouble
from cloud.progress import Progress


def main() -> int:
    """Exit code: 1 where something could not be measured, whatever the goals."""
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _interrupt)
    asked = options(parser().parse_args())
    progress = Progress()
    facts = run_facts(asked)
    with Bench(asked, progress) as bench:
        figures, failed = _measure_all(asked, bench, progress)
    print(f"\n{table(figures)}\n", flush=True)
    if asked.json:
        write_json(asked.json, figures, facts)
        print(f"written: {asked.json}")
    for name, reason in failed.items():
        print(f"tools/bench: {name} could not be measured: {reason}", file=sys.stderr)
    return 1 if failed else 0


def _measure_all(asked: Options, bench: Bench, progress: Progress) -> tuple[list[Figure], dict[str, str]]:
    figures: list[Figure] = []
    failed: dict[str, str] = {}
    for name in asked.groups:
        progress.say(f"measuring {name}")
        try:
            measured = importlib.import_module(catalogue.GROUPS[name].module).measure(bench)
        except Trouble as trouble:
            failed[name] = str(trouble)
            continue
        except Exception as error:
            traceback.print_exc()
            failed[name] = repr(error)
            continue
        for figure in measured:
            progress.say("  ".join(figure.row()))
        figures += measured
    return figures, failed


def _interrupt(signum: int, frame: object) -> None:
    """Whoever stops us, it is as if Ctrl-C had been pressed: everything that was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
