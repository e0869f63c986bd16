"""What the profiles of clusters and clouds resolve to, by Nextflow itself."""

import os
import shutil
import subprocess

import pytest

from conftest import ROOT

NEXTFLOW = shutil.which("nextflow") or shutil.which("nextflow", path=ROOT / ".engine")

pytestmark = pytest.mark.skipif(NEXTFLOW is None, reason="no nextflow on the PATH and none in .engine: make install")


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("slurm,apptainer", ["process.executor = 'slurm'", "apptainer.enabled = true"]),
        (
            "awsbatch,docker",
            ["process.executor = 'awsbatch'", "aws.batch.maxSpotAttempts = 5", "docker.enabled = true"],
        ),
        ("google_batch,docker", ["process.executor = 'google-batch'", "google.batch.spot = true"]),
        ("k8s,docker", ["process.executor = 'k8s'", "k8s.storageClaimName = 'traitmap'"]),
        ("gpu,docker", ["process.'withLabel:process_gpu'.accelerator = 1"]),
    ],
)
def test_a_profile_resolves(tmp_path, profile, expected):
    command = [NEXTFLOW, "config", str(ROOT), "-profile", profile, "-flat"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"NXF_OFFLINE": "true"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in expected if line not in lines] == []
