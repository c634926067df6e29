"""Files written whole or not at all."""

import os
from pathlib import Path

import pytest

from nodes.errors import FileRefused
from nodes.files import is_private, make_directory, read_file, write_file


def test_a_written_file_is_whole_and_private(tmp_path: Path) -> None:
    """Mode 0600 whatever the umask, replaced in one step, nothing left beside it."""
    path = tmp_path / "secret"
    before = os.umask(0)
    try:
        write_file(path, b"one")
        write_file(path, b"two")
    finally:
        os.umask(before)
    assert read_file(path) == b"two"
    assert is_private(path)
    assert os.listdir(tmp_path) == ["secret"]


def test_what_must_not_be_replaced_is_not(tmp_path: Path) -> None:
    """The file that is there stays as it is."""
    path = tmp_path / "key"
    write_file(path, b"old", replace=False)
    with pytest.raises(FileRefused) as caught:
        write_file(path, b"new", replace=False)
    assert (caught.value.code, caught.value.path) == ("file-exists", path)
    assert read_file(path) == b"old"
    assert os.listdir(tmp_path) == ["key"]


def test_reading_has_a_limit(tmp_path: Path) -> None:
    """One byte more than allowed is refused, and so is what is no plain file."""
    path = tmp_path / "data"
    write_file(path, bytes(10))
    assert read_file(path, bytes_max=10) == bytes(10)
    with pytest.raises(FileRefused) as caught:
        read_file(path, bytes_max=9)
    assert caught.value.code == "file-too-large"
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "."):
        with pytest.raises(FileRefused):
            read_file(tmp_path / name)
    with pytest.raises(FileRefused) as caught:
        read_file(tmp_path / "none")
    assert caught.value.code == "file-missing"


def test_directories_are_for_their_owner(tmp_path: Path) -> None:
    """Mode 0700, and one that is there is left as it is."""
    make_directory(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    (tmp_path / "home").chmod(0o710)
    make_directory(tmp_path / "home")
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o710


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    """The path and the system's reason."""
    with pytest.raises(FileRefused, match="none/file") as caught:
        write_file(tmp_path / "none" / "file", b"")
    assert caught.value.code == "file-not-written"
