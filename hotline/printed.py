"""A page of ours as PDF, printed by a browser of this machine that reaches nothing.

The page is whole in itself; the browser gets a directory of its own, no name resolves, and it ends with the page. What
it writes differs from run to run in two dates only, which become the time of the page: the same page and the same
browser give the same bytes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hotline.errors import CouldNot
from nodes.files import read_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 300
PDF_BYTES_MAX = 256 * 1024 * 1024
_DATE = re.compile(rb"\(D:\d{14}\+00'00'\)")
_OPTIONS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-pdf-header-footer"),
)


def find_browser() -> str:
    """The browser that prints.

    Raises:
        CouldNot: `browser-missing`.
    """
    found = next((path for name in BROWSERS if (path := shutil.which(name)) is not None), None)
    if found is None:
        raise CouldNot("browser-missing", f"none of {', '.join(BROWSERS)} is on this machine")
    return found


def printed(page: bytes, *, browser: str, at_ms: int) -> bytes:
    """Print a page.

    Args:
        page: HTML, whole in itself.
        browser: as `find_browser` gives it.
        at_ms: the time that the document carries, UTC milliseconds.

    Raises:
        CouldNot: `pdf-not-made`.
    """
    with TemporaryDirectory(prefix="hotline-print-") as name:
        folder = Path(name)
        (folder / "page.html").write_bytes(page)
        out = folder / "page.pdf"
        # As root a browser has no sandbox to begin with; the page is ours, runs nothing and reaches nothing.
        command = [browser, *_OPTIONS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        command += [f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={out}", (folder / "page.html").as_uri()]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": name, "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S, env=environment, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CouldNot("pdf-not-made", f"{browser} did not print the page: {error}") from error
        if not out.is_file():
            raise CouldNot("pdf-not-made", f"{browser} printed nothing and ended with {done.returncode}")
        made = read_file(out, bytes_max=PDF_BYTES_MAX)
    at = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("(D:%Y%m%d%H%M%S+00'00')").encode()
    return _DATE.sub(at, made)
