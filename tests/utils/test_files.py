"""Files are whole or not there."""

import pytest

from fairrep._utils.files import check_writable, replacing


def test_a_failed_write_leaves_the_older_file(tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text("older")

    def write():
        with replacing(path) as file:
            file.write(b"half a fi")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert path.read_text() == "older"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_written_whole(tmp_path):
    path = tmp_path / "figures.csv"
    with replacing(path) as file:
        file.write(b"figures")
        assert not path.exists()
    assert path.read_bytes() == b"figures"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_found_out_first(tmp_path):
    with pytest.raises(OSError, match="No such file or directory"):
        check_writable(tmp_path / "missing" / "figures.csv")
    with pytest.raises(OSError, match="no regular file"):
        check_writable(tmp_path)
    check_writable(tmp_path / "figures.csv")
    assert list(tmp_path.iterdir()) == []
