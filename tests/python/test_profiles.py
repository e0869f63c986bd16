"""What the profiles of clusters and clouds resolve to, by Nextflow itself."""

import os
import shutil
import subprocess

import pytest

from conftest import ROOT

NEXTFLOW = shutil.which("nextflow") or shutil.which("nextflow", path=ROOT / ".engine")

pytestmark = pytest.mark.skipif(NEXTFLOW is None, reason="no nextflow on the PATH and none in .engine: make install")


def told_by_nextflow(folder, *words):
    """The lines that it prints, run in that folder."""
    environment = os.environ | {"NXF_OFFLINE": "true"}
    done = subprocess.run([NEXTFLOW, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("slurm,apptainer", ["process.executor = 'slurm'", "apptainer.enabled = true"]),
        (
            "awsbatch,docker",
            ["process.executor = 'awsbatch'", "aws.batch.maxSpotAttempts = 5", "docker.enabled = true"],
        ),
        (
            "google_batch,docker",
            [
                "process.executor = 'google-batch'",
                "process.containerOptions = '--user root'",
                "google.batch.spot = true",
            ],
        ),
        ("k8s,docker", ["process.executor = 'k8s'", "k8s.storageClaimName = 'traitmap'"]),
        ("gpu,docker", ["process.'withLabel:process_gpu'.accelerator = 1"]),
    ],
)
def test_a_profile_resolves(tmp_path, profile, expected):
    lines = told_by_nextflow(tmp_path, "config", ROOT, "-profile", profile, "-flat")
    assert [line for line in expected if line not in lines] == []


@pytest.fixture(scope="module")
def without_profile(tmp_path_factory):
    lines = told_by_nextflow(tmp_path_factory.mktemp("without"), "config", ROOT, "-flat")
    return process_settings(lines) - {"process.executor"}  # of the profile `standard`, which stands where none is named


def process_settings(lines):
    """Names of all settings of processes, such as process.'withLabel:process_gpu'.container."""
    return {name for line in lines for name, equals, _ in [line.partition(" = ")] if equals and name[:8] == "process."}


@pytest.mark.parametrize("profile", ["gpu", "slurm", "gpu,slurm", "awsbatch", "google_batch", "k8s", "test"])
def test_a_profile_takes_no_setting_away(tmp_path, profile, without_profile):
    """A profile's block of a selector takes the place of a whole block before it: image and time limit went with it."""
    settings = process_settings(told_by_nextflow(tmp_path, "config", ROOT, "-profile", profile, "-flat"))
    assert without_profile - settings == set()


# The option that hands a GPU to a container, as a task of that executor and engine would get it.
OPTIONS_OF_A_TASK = """
workflow {
    def of_label = nextflow.Global.session.config.process.'withLabel:process_gpu'.containerOptions
    ['local', 'slurm', 'awsbatch', 'google-batch', 'k8s', null].each { executor ->
        ['docker', 'podman', 'apptainer', null].each { engine ->
            def option = of_label.clone()
            option.delegate = [task: [executor: executor], workflow: [containerEngine: engine]]
            option.resolveStrategy = Closure.DELEGATE_FIRST
            println("${executor} ${engine}: ${option.call()}")
        }
    }
}
"""


def test_a_gpu_is_handed_over_by_the_engine_only_where_nextflow_runs_it(tmp_path):
    """Clouds and Kubernetes give it by `accelerator`, and refuse `--gpus all`."""
    (tmp_path / "main.nf").write_text(OPTIONS_OF_A_TASK)
    lines = told_by_nextflow(tmp_path, "-C", ROOT / "conf" / "gpu.config", "-q", "run", "main.nf", "-ansi-log", "false")
    told = dict(line.split(": ") for line in lines)
    by_engine = {"docker": "--gpus all", "podman": "--device nvidia.com/gpu=all", "apptainer": "--nv", "null": "null"}
    for executor in ("local", "slurm", "null"):
        assert {engine: told[f"{executor} {engine}"] for engine in by_engine} == by_engine
    for executor, option in (("awsbatch", "null"), ("google-batch", "--user root"), ("k8s", "null")):
        assert {told[f"{executor} {engine}"] for engine in by_engine} == {option}
