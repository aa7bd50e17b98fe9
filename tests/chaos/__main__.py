"""`python -m tests.chaos`: one run, told as it goes; exit code 1 if a promise was broken."""

import argparse
import asyncio
import os
import shutil
import sys
import time

from tests.chaos.findings import findings
from tests.chaos.plan import Plan, make_plan, short_plan
from tests.chaos.report import table
from tests.chaos.running import Run
from tests.running.stack import new_directory


def main() -> int:
    """Run once."""
    options = _options()
    seed = options.seed if options.seed is not None else int.from_bytes(os.urandom(4))
    plan = short_plan(seed) if options.short else make_plan(seed, options.enrolments, options.kills)
    if options.plan:
        print(plan)
        return 0
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> int:
    directory = new_directory()
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:7.1f} {line}", flush=True)

    say(f"seed {plan.seed}: {len(plan.walks)} enrolments, {len(plan.kills)} kills, in {directory}")
    run = Run(plan, directory, say)
    evidence = await run.go()
    found = findings(run.course.enrolled, evidence, len(plan.kills))
    print(f"\n{table(run.course, evidence, found)}\n")
    for finding in found:
        print(f"- {finding}")
    if found:
        print(
            f'\nThe state is kept in {directory}. Repeat the schedule with: make chaos ARGS="{_again(plan)}"'
        )
        return 1
    shutil.rmtree(directory, ignore_errors=True)
    return 0


def _again(plan: Plan) -> str:
    numbers = f"--enrolments {len(plan.walks)} --kills {len(plan.kills)}"
    return f"--seed {plan.seed} {'--short' if plan == short_plan(plan.seed) else numbers}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--enrolments", type=int, default=200, help="how many enrolments (200)")
    parser.add_argument("--kills", type=int, default=100, help="how many processes are killed (100)")
    parser.add_argument("--seed", type=int, help="the same seed and numbers: the same kills and faults")
    parser.add_argument("--short", action="store_true", help="what `make test` runs: 10 enrolments, 6 kills")
    parser.add_argument("--plan", action="store_true", help="print the plan and do nothing")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
