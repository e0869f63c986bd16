"""Where machine code is kept between runs: in a folder that only the user can write to."""

from __future__ import annotations

import pytest

from traitmap.compiled import cache_folder, own_cache


def test_machine_code_is_kept_only_where_no_one_else_can_write(tmp_path):
    folder = tmp_path / "numba"
    assert own_cache(str(folder)) and folder.is_dir()
    folder.chmod(0o777)
    assert not own_cache(str(folder))
    (tmp_path / "file").touch()
    assert not own_cache(str(tmp_path / "file" / "below"))
    assert not own_cache("")


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"NUMBA_CACHE_DIR": "/of/mine", "HOME": "/home/me"}, "/of/mine"),
        ({"NUMBA_CACHE_DIR": "", "HOME": "/home/me"}, ""),
        ({"XDG_CACHE_HOME": "/caches", "HOME": "/home/me"}, "/caches/traitmap/numba"),
        ({"HOME": "/home/me"}, "/home/me/.cache/traitmap/numba"),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
def test_the_folder_of_machine_code(environment, folder):
    assert cache_folder(environment) == folder
