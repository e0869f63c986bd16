"""What the report of a large run costs: ``python tests/benchmarks/bench_write_report.py --work .bench/report``.

Simulates a results folder (by default 6 slices x 10 traits x 15,000 spots), writes its report in a process of its own,
and tells the page's size, the time, the memory and, where there is a browser, when it first paints and has drawn all.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from bench_measure import ROOT, measure, step

sys.path[:0] = [str(ROOT / "bin"), str(ROOT / "tests" / "python")]
from report_fixture import Study, write_results  # noqa: E402

PAINT = """
import { launch, open } from "./open.mjs";
const browser = await launch();
const { tab } = await open(browser, process.env.REPORT);
const paint = await tab.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime);
const ready = await tab.evaluate(() => performance.now());
console.log(JSON.stringify({ first_paint_s: paint / 1000, all_drawn_s: ready / 1000 }));
await browser.close();
"""


def main() -> None:
    """Simulate, write, open."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    for name, default in (("slices", 6), ("traits", 10), ("spots", 15_000), ("snps", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    study = Study(
        slices=tuple(f"slice_{i + 1}" for i in range(options.slices)),
        traits=tuple(f"trait_{i + 1}" for i in range(options.traits)),
        spots=options.spots,
        genes=150,
        snps=options.snps,
    )
    results = (options.work / "results").resolve()
    if not results.is_dir():
        write_results(results, study)
    page = (options.work / "report.html").resolve()
    usage = measure(step("write_report", "--results", results, "--out", page), options.work / "write_report.log", 1)
    print(f"{page.stat().st_size / 1e6:.1f} MB, {usage.wall_s:.1f} s ({usage.cpu_s:.1f} CPU s), {usage.peak_gb:.2f} GB")
    print(json.dumps(paint(page)))


def paint(page: Path) -> dict[str, float]:
    """Seconds to the first paint and to the last plot; empty where there is no browser."""
    from report_browser import HERE, browser_environment, missing

    if missing():
        print(f"not opened, missing: {missing()}")
        return {}
    command = [shutil.which("node"), "--input-type=module", "--eval", PAINT]
    done = subprocess.run(
        command, cwd=HERE, env=browser_environment(REPORT=page), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
