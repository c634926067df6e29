"""Damage in the file of a store, as disks make it: bytes that are not what they were."""

from __future__ import annotations

from pathlib import Path

import apsw


def settle(path: Path) -> None:
    """Move the log of an idle file into it, so that its pages are the truth."""
    connection = apsw.Connection(str(path))
    mode = connection.pragma("journal_mode", "delete")
    connection.close()
    assert mode == "delete", f"{path} is open somewhere"


def flip(path: Path, payload: bytes, *, bit: int = 4, table: str | None = None) -> None:
    """Flip one bit of a row, found by bytes that no other row has; SQLite does not notice.

    Args:
        path: the file.
        payload: of the row.
        bit: which.
        table: where the row is, if the head has these bytes as well.
    """
    data = bytearray(path.read_bytes())
    whole = bytes(data)
    if table is not None:
        size = int.from_bytes(whole[16:18], "big")
        inside = {page - 1 for page in pages_of(path, table)}
        pages = (whole[at : at + size] for at in range(0, len(whole), size))
        whole = b"".join(page if number in inside else bytes(size) for number, page in enumerate(pages))
    for start in range(0, max(1, len(payload) - 31), 16):
        part = payload[start : start + 32]
        if whole.count(part) == 1:
            data[whole.index(part) + len(part) // 2] ^= 1 << bit
            path.write_bytes(data)
            return
    raise AssertionError("no part of the row is in the file just once")


def pages_of(path: Path, table: str) -> list[int]:
    """The leaf pages of a table or index, counted from 1."""
    connection = apsw.Connection(str(path))
    try:
        sql = "SELECT pageno FROM dbstat WHERE name=? AND pagetype='leaf' ORDER BY path"
        return [int(row[0]) for row in connection.execute(sql, (table,))]
    finally:
        connection.close()


def tear(path: Path, page: int) -> None:
    """Write noise over the head of a page; SQLite notices as soon as it reads it."""
    connection = apsw.Connection(str(path))
    size = int(connection.pragma("page_size"))
    connection.close()
    data = bytearray(path.read_bytes())
    start = (page - 1) * size
    data[start : start + 200] = b"\xff" * 200
    path.write_bytes(data)
