"""No reader runs what it reads: no pickle, unsafe YAML, eval or shell in the code, and none by way of a file."""

from __future__ import annotations

import ast
import pickle
from importlib import metadata

import h5py
import numpy as np
import pytest

from conftest import ROOT
from corpus import slice_files
from traitmap.errors import InputError
from traitmap.h5ad import read_h5ad

SOURCES = sorted((ROOT / "bin").rglob("*.py"))
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "subprocess", "cloudpickle"}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.unsafe_load", "yaml.full_load",
    "pd.read_pickle", "pandas.read_pickle", "np.load", "numpy.load", "pd.eval",
}  # fmt: skip


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_code_runs_what_it_reads(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not {name.name.split(".")[0] for name in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            assert called(node) not in FORBIDDEN_CALLS
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert options.get("shell") != "True" and options.get("allow_pickle") != "True"
            if called(node) == "torch.load":  # its restricted reader makes tensors, numbers and texts alone
                assert options.get("weights_only") == "True"
            if called(node) == "yaml.load":
                assert ast.unparse(node.args[1]) in ("yaml.SafeLoader", "yaml.BaseLoader")


def test_the_scan_sees_what_it_forbids():
    assert called(ast.parse("yaml.unsafe_load(x)").body[0].value) in FORBIDDEN_CALLS
    assert len(SOURCES) > 50


class Bomb:
    """Unpickling it leaves a trace."""

    def __reduce__(self):
        return (exec, ("raise SystemError('a file was unpickled')",))


@pytest.mark.parametrize("place", ["uns/bomb", "obs/bomb", "X"])
def test_a_pickle_within_an_h5ad_is_never_unpickled(tmp_path, place):
    path = tmp_path / "slice.h5ad"
    slice_files.slice_data().write_h5ad(path)
    payload = np.void(pickle.dumps(Bomb()))
    with h5py.File(path, "r+") as file:
        if place in file:
            del file[place]
        file[place] = payload
        file[place].attrs["encoding-type"], file[place].attrs["encoding-version"] = "pickle", "0.1.0"
    try:
        read_h5ad(path, "slice")
    except InputError as error:
        assert "unpickled" not in str(error)


def test_arrow_is_one_that_does_not_unpickle_extensions():
    """Up to 14.0.0, pyarrow unpickled extension types of any parquet or feather file (CVE-2023-47248)."""
    assert tuple(map(int, metadata.version("pyarrow").split(".")[:3])) >= (14, 0, 1)
