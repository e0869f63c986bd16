"""The house: one step, one name; parameters with one truth; what -resume must see."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from conftest import ROOT

MODULES = sorted((ROOT / "modules").glob("*/main.nf"))
NEXTFLOW_FILES = sorted([ROOT / "main.nf", *(ROOT / "functions").glob("*.nf"), *ROOT.glob("*/*/main.nf")])
NEXTFLOW_FILES += sorted(
    [*(ROOT / "subworkflows").glob("*.nf"), *(ROOT / "conf").glob("*.config"), ROOT / "nextflow.config"]
)
EXECUTABLES = sorted((ROOT / "bin").glob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.parent.name)
def test_module_carries_its_name_and_names_its_library(module):
    text = module.read_text()
    assert f"process {module.parent.name.upper()} {{" in text
    scripts = re.search(r'script:\n.*?"""\n(.*?)"""', text, re.DOTALL)[1]
    # Or -resume would not see edits of bin/traitmap.
    assert scripts.strip().startswith("# library: ${task.ext.library}")
    # conf/library.config finds the executable by the step's name; three steps share one.
    own = ROOT / "bin" / f"{module.parent.name}.py"
    assert f"{own.name if own.exists() else 'link_snps_to_genes.py'} " in scripts
    assert "stub:" in text


def test_every_step_is_on_the_map_and_in_the_docs_of_its_output():
    """The README's picture of the steps, whose labels are broken into lines, and docs/output.md."""
    drawn = re.sub(r"</text><text[^>]*>", " ", (ROOT / "docs/images/metro.svg").read_text())
    written = (ROOT / "docs/output.md").read_text()
    steps = {module.parent.name for module in MODULES}
    assert {step for step in steps if f">{step.upper().replace('_', ' ')}<" not in drawn} == {"tell_failures"}
    headings = set(re.findall(r"\w+", " ".join(re.findall(r"^## (.*)$", written, re.MULTILINE))))
    assert steps - headings == set()


@pytest.mark.parametrize("path", EXECUTABLES, ids=lambda path: path.name)
def test_executable_starts_alone_and_tells_its_version(path):
    done = subprocess.run([path, "--version"], capture_output=True, text=True, cwd="/", check=True)
    assert done.stdout.startswith("traitmap ")
    assert path.stat().st_mode & 0o111 == 0o111


def test_import_lines_are_such_as_the_pipeline_reads():
    """conf/library.config reads import lines one by one: no module name may stand on a further line."""
    for path in [*EXECUTABLES, *(ROOT / "bin" / "traitmap").glob("*.py")]:
        assert not re.search(r"^\s*from traitmap import \(", path.read_text(), re.MULTILINE), path


@pytest.mark.parametrize("path", NEXTFLOW_FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nextflow_files_hold_none_of_the_traps_of_the_strict_parser(path):
    """What the older engine runs and the newest refuses; `nextflow lint` of the newest finds the rest."""
    code = re.sub(r"//.*", "", path.read_text())
    assert re.findall(r"^\s*[+*/] .*$", code, re.MULTILINE) == []  # an operator begins a line
    assert (
        re.findall(r"^.*[{] \w+ -> \w+ instanceof \w+ [?].*$", code, re.MULTILINE) == []
    )  # read as a type that may be null
    closures = set(re.findall(r"def (\w+) = [{]", code))
    assert {name for name in closures if re.search(rf"\b{name}\(", code)} == set()  # local closures: name.call(...)
    assert re.findall(r"[\[,] ?default:", code) == []  # a keyword of Groovy


def schema_parameters() -> dict[str, dict]:
    groups = json.loads((ROOT / "nextflow_schema.json").read_text())["$defs"].values()
    return {name: spec for group in groups for name, spec in group["properties"].items()}


def test_config_and_schema_have_the_same_parameters_and_defaults():
    config = (ROOT / "nextflow.config").read_text()
    block = re.search(r"^params \{(.*?)^\}", config, re.MULTILINE | re.DOTALL)[1]
    given = dict(re.findall(r"^\s+(\w+)\s*= (.*)$", block, re.MULTILINE))
    specs = schema_parameters()
    assert given.keys() == specs.keys()
    for name, text in given.items():
        default = None if text == "null" else json.loads(text.replace("'", '"'))
        assert default == specs[name].get("default"), name


def test_every_parameter_is_described():
    for name, spec in schema_parameters().items():
        assert spec.get("description"), name
        assert spec["type"] in ("string", "integer", "number", "boolean"), name


def test_no_lock_file_names_a_registry():
    for lock in ROOT.glob("**/requirements.lock"):
        if ".venv" not in lock.parts:
            assert "http" not in re.sub(r"(#.*|^aiohttp\b.*)", "", lock.read_text(), flags=re.MULTILINE)
