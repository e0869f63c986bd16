"""How executables end: what they say, what they leave, and the exit code that the pipeline goes by."""

from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from conftest import ROOT, call, refused
from traitmap.errors import InputError
from traitmap.failures import FAILURE, MISTAKE, NO_MEMORY, NO_SPACE, end_with, read_failures
from traitmap.formats import FAILURES


@pytest.fixture
def failure(tmp_path, monkeypatch):
    path = tmp_path / "failure.txt"
    monkeypatch.setenv(FAILURE, str(path))
    return path


def wrapped(cause: Exception) -> InputError:
    """As readers tell whatever a parser met."""
    try:
        try:
            raise cause
        except Exception as error:
            raise InputError(f"a.h5ad: cannot be read ({error})") from error
    except InputError as error:
        return error


def test_a_mistake_is_a_line_each_and_exit_code_1(capsys, monkeypatch):
    monkeypatch.delenv(FAILURE, raising=False)
    assert end_with(InputError("one", "two")) == MISTAKE
    assert capsys.readouterr().err == "error: one\nerror: two\n"


def test_a_mistake_in_one_of_many_is_left_in_a_file(failure, capsys):
    assert end_with(InputError("one", "two")) == 0
    assert failure.read_text() == "one\ntwo\n"
    assert capsys.readouterr().err == "error: one\nerror: two\n"


def test_a_bug_met_by_one_of_many_is_told_with_its_traceback(failure, capsys):
    try:
        {}["gene"]
    except KeyError as error:
        assert end_with(error) == 0
    assert failure.read_text() == "this should not happen, please report it: KeyError: 'gene'\n"
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 9 TiB"),
        wrapped(MemoryError()),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 400 bytes"),
        ImportError("index.so: failed to map segment from shared object"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
def test_out_of_memory_is_tried_again_with_more(error, failure, capsys):
    assert end_with(error) == NO_MEMORY
    assert not failure.exists()
    assert "error: out of memory" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"),
        wrapped(OSError(errno.ENOSPC, "No space left on device")),
    ],
)
def test_a_full_disk_is_no_fault_of_the_slice(error, failure, capsys):
    assert end_with(error) == NO_SPACE
    assert not failure.exists()
    assert "error: no space left on the disk" in capsys.readouterr().err


def test_words_in_a_mistake_are_not_taken_for_the_machine(failure):
    assert end_with(InputError("out of memory.h5ad: no space left on device in obs")) == 0


def test_executable_as_one_of_many(failure):
    done = call("rank_genes.py", "--specificity", "no.h5ad", "--spots", "no.parquet", "--out", "genes.tsv")
    assert done.returncode == 0
    assert "no such file" in failure.read_text()


def test_failures_are_told_and_end_with_exit_code_3(tmp_path):
    table = tmp_path / "failures.tsv"
    table.write_text("\t".join(FAILURES) + "\nheight\tHARMONIZE_SUMSTATS\theight.txt: has no P\n")
    assert read_failures(table) == [("height", "HARMONIZE_SUMSTATS", "height.txt: has no P")]
    done = call("tell_failures.py", "--failures", table, check=False)
    assert done.returncode == 3
    assert done.stderr == "error: height, HARMONIZE_SUMSTATS: height.txt: has no P\n"


def test_no_failures(tmp_path):
    table = tmp_path / "failures.tsv"
    table.write_text("\t".join(FAILURES) + "\n")
    call("tell_failures.py", "--failures", table)


@pytest.mark.parametrize("text", ["a\tb\n", "subject\tstep\tmessage\none\n"])
def test_another_table_is_refused(text, tmp_path):
    table = tmp_path / "failures.tsv"
    table.write_text(text)
    assert "other columns" in refused("tell_failures.py", "--failures", table)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("print('done')", 0, "done\n"),
        ("raise InputError('no')", MISTAKE, "error: no\n"),
        ("raise SystemExit(2)", 2, ""),
    ],
)
def test_what_aborts_when_the_interpreter_is_torn_down_changes_no_end(body, code, said):
    program = (
        "import atexit, os\nfrom traitmap.cli import run\nfrom traitmap.errors import InputError\n"
        f"atexit.register(os.abort)\ndef main() -> None:\n    {body}\nrun(main)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT / "bin")},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (code, said)
