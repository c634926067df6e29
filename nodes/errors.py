"""What can go wrong in `nodes`.

    NodeError
    ├── FileRefused       a file is absent, too large, or cannot be read or written
    ├── HomeRefused       a directory is not a home, or its settings do not parse
    └── ApiRefused        the local API refused a request, or could not be reached

Every error carries a `code` that `hotline explain` knows, and a text for a person. Only `hotline/cli` prints them.
"""

from __future__ import annotations

from pathlib import Path


class NodeError(Exception):
    """Something that a node or a client of it could not do.

    Attributes:
        code: kebab-case, declared in `protocol.codes`.
        text: one sentence for a person, without secrets or contents.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class FileRefused(NodeError):
    """A file is absent, too large, not what it should be, or the file system refused.

    Attributes:
        path: the file.
    """

    def __init__(self, code: str, path: Path, text: str) -> None:
        super().__init__(code, f"{path}: {text}")
        self.path = path


class HomeRefused(NodeError):
    """A directory is not a home of the kind asked for, or one of its files does not parse."""


class ApiRefused(NodeError):
    """The local API refused a request, or the node could not be reached."""
