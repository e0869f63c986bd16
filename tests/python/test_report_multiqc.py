"""A real MultiQC takes what the report leaves for it: general statistics, the table of regions, the heat map.

``make test-tools`` installs it into .multiqc, an environment of its own; MULTIQC names another. Skips without any.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from conftest import ROOT
from report_fixture import Study, write_results
from traitmap.report import write_report

OWN = ROOT / ".multiqc" / "bin" / "multiqc"
MULTIQC = os.environ.get("MULTIQC") or (str(OWN) if OWN.exists() else shutil.which("multiqc"))


@pytest.mark.skipif(not MULTIQC, reason="no multiqc in .multiqc, MULTIQC or on the PATH: make test-tools")
def test_multiqc_shows_the_numbers_of_the_report(tmp_path):
    study = Study(slices=("a", "b"), traits=("t<1>", "u"), spots=120, snps=400)
    write_results(tmp_path / "results", study)
    write_report(tmp_path / "results", tmp_path / "report.html", templates=ROOT / "assets" / "report")
    command = [MULTIQC, "--strict", "--no-ansi", "--outdir", tmp_path / "multiqc", tmp_path / "report_data"]
    environment = {**os.environ, "MULTIQC_NO_VERSION_CHECK": "true"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "multiqc" / "multiqc_report.html").stat().st_size > 100_000
    data = json.loads((tmp_path / "multiqc" / "multiqc_data" / "multiqc_data.json").read_text())
    assert {"traitmap_regions_table", "traitmap_heatmap_plot"} <= set(data["report_plot_data"])
    shown = {name.removeprefix("multiqc_"): rows for name, rows in data["report_saved_raw_data"].items()}
    told = pd.read_csv(tmp_path / "report_data" / "regions.tsv", sep="\t")
    told = told[told["scope"] == "slice"].set_index(["slice", "trait", "region"])
    assert len(shown["traitmap_regions_table"]) == len(told) == 24
    for (slice_name, trait, region), row in told.iterrows():
        cells = shown["traitmap_regions_table"][f"{slice_name} | {trait} | {region}"]
        assert cells["p_contrast"] == pytest.approx(row["p_contrast"], rel=1e-9)
        assert cells["n_spots"] == row["n_spots"]
        colour = shown["traitmap_heatmap_plot"][trait][f"{slice_name} | {region}"]
        assert colour == pytest.approx(-np.log10(row["p_cauchy"]), rel=1e-6)
    general = data["report_general_stats_data"]["custom_content"]
    assert set(general) == {f"{slice_name} | {trait}" for slice_name in "ab" for trait in study.traits}
    assert all(row["n_snps"] == 246 for row in general.values())
