"""The manifest of a run and the check against it."""

import hashlib
import json
import shutil

import pytest

from conftest import call, refused
from traitmap.errors import InputError
from traitmap.manifest import make_manifest, parse_input, result_files, verify_run, write_manifest

FILES = {
    "report.html": "<html>",
    "summary/regions.tsv": "region\n",
    "associations/a/t/spots.parquet": "spots",
    "associations/a/t/regions.tsv": "regions",
    "traits/t.parquet": "trait",
    "traits/t.qc.json": "{}",
    "notes.txt": "",
}


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    for name, text in {**FILES, "pipeline_info/trace.txt": "the engine's"}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def finish(results, **options):
    write_manifest(make_manifest(results, [], **options), results / "pipeline_info" / "manifest.json")


def test_every_result_is_listed_with_hash_size_and_role(results):
    listed = {entry["path"]: entry for entry in make_manifest(results, [])["results"]}
    assert list(listed) == sorted(FILES)
    for name, text in FILES.items():
        assert listed[name]["sha256"] == hashlib.sha256(text.encode()).hexdigest()
        assert listed[name]["size"] == len(text)
    roles = {name: entry["role"] for name, entry in listed.items()}
    assert roles["associations/a/t/spots.parquet"] == "spots"
    assert roles["associations/a/t/regions.tsv"] == "regions"
    assert roles["summary/regions.tsv"] == "summary"
    assert roles["traits/t.parquet"] == "trait" and roles["traits/t.qc.json"] == "trait quality control"
    assert roles["notes.txt"] == "other"


def test_the_manifest_tells_where_code_and_images_come_from(results, tmp_path):
    told = {"revision": "0123abc-dirty", "containers": {"default": {"image": "traitmap/cpu:1", "digest": "sha256:9f"}}}
    (tmp_path / "run_info.json").write_text(json.dumps(told))
    assert make_manifest(results, [], run_info=tmp_path / "run_info.json")["run"] == told


def test_the_same_run_elsewhere_has_the_same_manifest(results, tmp_path):
    data = tmp_path / "slice.h5ad"
    data.write_text("x")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(data, elsewhere)
    shutil.copytree(results, elsewhere / "other")
    first = make_manifest(results, [("slice", data)])
    assert first == make_manifest(elsewhere / "other", [("slice", elsewhere / "slice.h5ad")])
    assert first["inputs"] == [
        {"role": "slice", "path": "slice.h5ad", "size": 1, "sha256": hashlib.sha256(b"x").hexdigest()}
    ]


def test_inputs_are_sorted_and_folders_are_opened(results, tmp_path):
    folder = tmp_path / "resources"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "b").write_text("b")
    (folder / "a").write_text("a")
    (tmp_path / "s").write_text("s")
    inputs = make_manifest(results, [("slice", tmp_path / "s"), ("reference", folder)])["inputs"]
    assert [(entry["role"], entry["path"]) for entry in inputs] == [
        ("reference", "resources/a"),
        ("reference", "resources/deep/b"),
        ("slice", "s"),
    ]


def test_parameters_and_versions_travel_along(results, tmp_path):
    (tmp_path / "p.json").write_text('{"seed": 1, "outdir": "é"}')
    (tmp_path / "v.yml").write_text("STEP:\n  tool: 1.10\n")
    made = make_manifest(results, [], tmp_path / "p.json", tmp_path / "v.yml")
    assert made["parameters"] == {"seed": 1, "outdir": "é"}
    assert made["versions"] == {"STEP": {"tool": "1.10"}}


def test_links_count_as_what_they_lead_to_and_loops_end(results, tmp_path):
    other = tmp_path / "linked"
    other.mkdir()
    (other / "file").write_text("f")
    (results / "staged").symlink_to(other)
    (results / "associations" / "loop").symlink_to(results)
    names = [name for name, _ in result_files(results)]
    assert "staged/file" in names
    assert not any("loop" in name for name in names)


def test_an_untouched_folder_is_as_listed(results):
    finish(results)
    (results / "pipeline_info" / "timeline.html").write_text("written later by the engine")
    assert verify_run(results).lines() == []


def test_every_difference_is_found(results):
    finish(results)
    (results / "traits" / "t.parquet").unlink()
    (results / "report.html").write_text("<HTML>")  # same size
    (results / "notes.txt").write_text("longer")
    (results / "new").write_text("new")
    assert verify_run(results).lines() == [
        "missing: traits/t.parquet",
        "changed: notes.txt",
        "changed: report.html",
        "unlisted: new",
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("[]", "lists no results"), ('{"results": [{"path": "a"}]}', "lists no results"), ("{", "is no JSON")],
)
def test_a_manifest_that_is_none_is_refused(results, text, complaint):
    (results / "pipeline_info" / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=complaint):
        verify_run(results)


def test_mistakes_are_told(results, tmp_path):
    (tmp_path / "v.yml").write_text("a: [1\n")
    for attempt, complaint in (
        (lambda: make_manifest(tmp_path / "none", []), "no such folder"),
        (lambda: make_manifest(results, [("slice", tmp_path / "none")]), "no such file"),
        (lambda: make_manifest(results, [], None, tmp_path / "v.yml"), "is no YAML"),
        (lambda: parse_input("slice.h5ad"), "must be ROLE=PATH"),
        (lambda: parse_input("=slice.h5ad"), "must be ROLE=PATH"),
        (lambda: verify_run(tmp_path), "no such file"),
    ):
        with pytest.raises(InputError, match=complaint):
            attempt()
    (results / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match="link to nothing"):
        make_manifest(results, [])


def test_a_path_may_hold_an_equals_sign():
    role, path = parse_input("slice=a=b.h5ad")
    assert (role, str(path)) == ("slice", "a=b.h5ad")


def test_executables_write_and_verify(results, tmp_path):
    (tmp_path / "in").write_text("in")
    (tmp_path / "p.json").write_text("{}")
    out = results / "pipeline_info" / "manifest.json"
    arguments = ("--results", results, "--input", f"slice={tmp_path / 'in'}", "--parameters", tmp_path / "p.json")
    call("write_manifest.py", *arguments, "--out", out)
    assert json.loads(out.read_text())["inputs"][0]["role"] == "slice"
    call("verify_run.py", results)
    (results / "report.html").unlink()
    done = call("verify_run.py", results, check=False)
    assert done.returncode == 1 and done.stdout == "missing: report.html\n"
    out.unlink()
    assert "no such file" in refused("verify_run.py", results)
