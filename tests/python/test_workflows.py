"""Continuous integration as described: actions pinned by commit, and the versions that the project itself names."""

from __future__ import annotations

import re

import pytest
import yaml

from conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ENGINE = re.search(r"nextflowVersion = '!>=([\d.]+)'", (ROOT / "nextflow.config").read_text())[1]


def steps(path):
    return [step for job in yaml.safe_load(path.read_text())["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_say_their_version(path):
    lines = [line.split("uses:", 1)[1].strip() for line in path.read_text().splitlines() if "uses:" in line]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d[\d.]*", line)] == []


def test_one_commit_an_action():
    pins = {step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step}
    assert len({pin.split("@")[0] for pin in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_may_write_only_where_they_say(path):
    assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}


def test_nf_test_runs_on_the_oldest_engine_and_in_its_own_version():
    (job,) = yaml.safe_load((ROOT / ".github/workflows/nf-test.yml").read_text())["jobs"].values()
    matrix = job["strategy"]["matrix"]
    assert matrix["NXF_VER"][0] == ENGINE
    assert matrix["profile"] == ["docker", "conda"]
    assert matrix["shard"] == list(range(1, len(matrix["shard"]) + 1))
    commands = " ".join(step.get("run", "") for step in job["steps"])
    assert f"/{len(matrix['shard'])} " in commands
    wanted = re.search(r'"nf-test": "([\d.]+)"', (ROOT / "nf-test.config").read_text())[1]
    installed = [step["with"]["version"] for step in job["steps"] if "setup-nf-test" in step.get("uses", "")]
    assert installed == [wanted]


def test_lock_files_are_audited_where_they_change_and_every_week():
    """YAML 1.1 reads the key ``on`` as true."""
    workflow = yaml.safe_load((ROOT / ".github/workflows/audit.yml").read_text())
    assert {"pull_request", "push", "schedule"} <= workflow[True].keys()
    assert any("make audit" in step.get("run", "") for step in steps(ROOT / ".github/workflows/audit.yml"))
    recipe = re.search(r"^audit:\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert "pip-audit==" in recipe and "--strict" in recipe
    listed = re.search(r"for lock in ([^;]+);", recipe)[1].split()
    locks = {path.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("*/**/requirements.lock")}
    assert set(listed) == {name for name in locks if not name.startswith(".")}


def test_the_versions_that_workflows_read_are_where_they_look():
    """They take ruff's version from the lock file, nf-core's from .nf-core.yml, the pipeline's from nextflow.config."""
    assert re.search(r"^ruff==[\d.]+", (ROOT / "tests/requirements.lock").read_text(), re.MULTILINE)
    assert re.search(r"^nf_core_version: [\d.]+$", (ROOT / ".nf-core.yml").read_text(), re.MULTILINE)
    assert len(re.findall(r"^ *version *= '(.*)'", (ROOT / "nextflow.config").read_text(), re.MULTILINE)) == 1
