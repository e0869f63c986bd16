"""The images as they are described: what Nextflow needs of them, one version everywhere, every package by its hash."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from conftest import ROOT
from traitmap import __version__

IMAGES = ("cpu", "gpu")
FOLDER = ROOT / "containers"
CONFIG = (ROOT / "conf" / "containers.config").read_text()


def instructions(image: str) -> list[tuple[str, str]]:
    """(instruction, argument) of a Dockerfile, lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", (FOLDER / image / "Dockerfile").read_text(), flags=re.MULTILINE)
    return [tuple(line.split(None, 1)) for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def pinned(image: str) -> dict[str, set[str]]:
    """Package -> its versions (several where they depend on Python's) of an image's lock file."""
    found: dict[str, set[str]] = {}
    lock = (FOLDER / image / "requirements.lock").read_text()
    for name, version in re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock, re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def manifest_version() -> str:
    block = re.search(r"^manifest \{(.*?)^\}", (ROOT / "nextflow.config").read_text(), re.MULTILINE | re.DOTALL)[1]
    return re.search(r"^\s+version\s*= '(.+)'$", block, re.MULTILINE)[1]


@pytest.mark.parametrize("image", IMAGES)
def test_image_can_run_tasks_and_is_not_roots(image):
    """An ENTRYPOINT would stand before the task's command; Nextflow needs bash and ps."""
    steps = instructions(image)
    names = [name for name, _ in steps]
    assert "ENTRYPOINT" not in names
    assert "CMD" not in names
    assert steps[-1] == ("USER", "traitmap")
    assert any("useradd" in argument and "traitmap" in argument for _, argument in instructions("cpu"))
    installed = next(argument for _, argument in instructions("cpu") if "apt-get install" in argument)
    assert {"bash", "procps", "python3", "python3-venv", "ca-certificates"} <= set(installed.split())


def test_caches_go_where_any_user_may_write():
    """Docker's profile runs tasks as whoever started the run: a user that the image does not know."""
    environment = dict(
        pair.split("=", 1) for name, text in instructions("cpu") if name == "ENV" for pair in text.split()
    )
    assert environment["HOME"] == "/tmp"
    assert environment["PATH"].startswith("/opt/traitmap/bin:")


@pytest.mark.parametrize("image", IMAGES)
def test_packages_come_from_the_lock_file_by_hash(image):
    install = (FOLDER / "install.sh").read_text()
    assert "--require-hashes" in install
    assert "--only-binary :all:" in install
    # Debian's pip takes pandas[parquet] for another package than the pinned pandas; the lock is whole, and is checked.
    assert "--no-deps" in install
    assert "pip check" in install
    steps = instructions(image)
    copied = next(argument.split() for name, argument in steps if name == "COPY")
    assert f"{image}/requirements.lock" in copied
    assert ("RUN", "sh /usr/local/share/traitmap/install.sh /usr/local/share/traitmap/requirements.lock") in steps
    assert not any("pip" in argument for _, argument in steps)
    definition = (FOLDER / image / "apptainer.def").read_text()
    assert f"containers/{image}/requirements.lock /usr/local/share/traitmap/requirements.lock" in definition
    assert "sh /usr/local/share/traitmap/install.sh /usr/local/share/traitmap/requirements.lock" in definition
    assert "%runscript" not in definition
    environment = (FOLDER / image / "environment.yml").read_text()
    assert "- --require-hashes\n      - -r requirements.lock\n" in environment  # on one line pip takes the second alone
    assert f"name: traitmap-{image}\n" in environment


@pytest.mark.parametrize("image", IMAGES)
def test_every_pin_has_hashes(image):
    lock = (FOLDER / image / "requirements.lock").read_text()
    entries = re.split(r"^(?=[a-z0-9._-]+==)", lock, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_gpu_image_only_adds_to_the_cpu_image():
    """It is built on top of it: a pin that differed would be installed twice, and the images' numbers could differ."""
    cpu, gpu = pinned("cpu"), pinned("gpu")
    assert {name: gpu.get(name) for name in cpu} == cpu
    assert not {"torch", "torch-geometric"} & cpu.keys()
    assert {"torch", "torch-geometric"} <= gpu.keys()


def test_one_version_everywhere():
    version = manifest_version()
    assert __version__ == version
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n  version: {version}\n" in (ROOT / ".nf-core.yml").read_text()
    for image in IMAGES:
        labels = next(argument for name, argument in instructions(image) if name == "LABEL")
        assert f'org.opencontainers.image.version="{version}"' in labels
        assert f'org.opencontainers.image.title="traitmap/{image}"' in labels
        definition = (FOLDER / image / "apptainer.def").read_text()
        assert f"org.opencontainers.image.version {version}\n" in definition
        assert f"traitmap-{image}-{version}.img" in definition
    assert ("ARG", f"CPU=traitmap/cpu:{version}") in instructions("gpu")


def test_config_names_the_images_that_are_built():
    """conf/containers.config is the one place; without a digest the tag is the pipeline's version."""
    version = manifest_version()
    named = re.findall(r"container\s*= '([^']+)'", CONFIG)
    assert [re.sub(r"@sha256:[0-9a-f]{64}$", "", name) for name in named] == [
        f"traitmap/cpu:{version}",
        f"traitmap/gpu:{version}",
    ]
    for image, name in zip(IMAGES, named, strict=True):
        assert f"-t {name} containers" in (FOLDER / image / "Dockerfile").read_text() or "@" in name
    built = subprocess.run(["make", "-n", "-C", ROOT, "images"], capture_output=True, text=True, check=True).stdout
    assert f"-t traitmap/$image:{version} " in built
    elsewhere = [*ROOT.glob("modules/*/main.nf"), *ROOT.glob("conf/*.config"), ROOT / "nextflow.config"]
    assert [path.name for path in elsewhere if re.search(r"\bcontainer\s*=?\s*['\"{]", path.read_text())] == [
        "containers.config"
    ]


def test_torch_is_asked_for_only_by_the_step_in_the_gpu_image():
    """Every other process runs in the image without torch."""
    for module in ROOT.glob("modules/*/main.nf"):
        labelled = "label 'process_gpu'" in module.read_text()
        assert labelled == (module.parent.name == "embed_spots"), module
    imports = re.compile(r"^\s*(?:import|from) torch", re.MULTILINE)
    users = {path.stem for path in (ROOT / "bin").rglob("*.py") if imports.search(path.read_text())}
    assert users
    assert all(name.startswith("embed") for name in users), users
