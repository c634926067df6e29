"""`hotline ceremony qr` and `scan`: what is small enough goes over a screen, and comes back as text."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hotline.cli.settings import Settings, common_options, settings_of
from hotline.errors import CouldNot, Misused, Refused
from hotline.printable import printable

SCANNED_BYTES_MAX = 128 * 1024


@click.command("qr")
@click.argument("file", required=False, type=click.Path())
@click.option("--digest", is_flag=True, help="Only the SHA-256 of the file.")
@click.option("--words", is_flag=True, help="The words that this room reads aloud, instead of a file.")
@click.option("--with", "counterpart", metavar="ABC", help="With --words: the other party.")
@click.option("--format", "kind", type=click.Choice(["terminal", "svg", "png"]), default="terminal", show_default=True)
@click.option("-o", "--output", "directory", type=click.Path(), help="Directory for the pictures.")
@common_options
@click.pass_context
def qr_command(
    context: click.Context,
    file: str | None,
    digest: bool,
    words: bool,
    counterpart: str | None,
    kind: str,
    directory: str | None,
) -> None:
    """Draw QR codes: of a file's digest, of the words, or of a whole file in at most 32 numbered codes.

    \b
    Examples:
      hotline ceremony qr offer
      hotline ceremony qr --digest answer
      hotline --home ARC ceremony qr --words
      hotline ceremony qr offer --format svg -o /media/courier
    """
    from hotline.qr import blocks, picture
    from hotline.qr_parts import DIGEST, FILE, WORDS, parts_of
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    if (file is None) != words or (words and digest):
        raise Misused("usage", "name a file, with --digest for its digest only, or give --words")
    if (kind == "terminal") != (directory is None):
        raise Misused("usage", "pictures go to the directory named with -o, and nothing else does")
    if file is None:
        lines, stem = parts_of(WORDS, " ".join(_own_words(settings, counterpart)).encode("ascii")), "words"
    else:
        data = read_file(Path(file))
        stem = Path(file).name
        lines = parts_of(DIGEST, hashlib.sha256(data).digest()) if digest else parts_of(FILE, data)
    found: dict[str, Any] = {"codes": lines, "files": []}
    shown: list[str] = []
    for number, line in enumerate(lines, start=1):
        head = f"{printable(stem)}: code {number} of {len(lines)}"
        if directory is not None:
            path = Path(directory) / f"{stem}-{number:02d}-of-{len(lines):02d}.{kind}"
            write_file(path, picture(line, kind), replace=False)
            found["files"].append(str(path))
            shown.append(f"{head}: {path}")
        elif settings.may_ask and len(lines) > 1:
            for row in (*blocks(line), head):
                settings.output.note(row)
            click.prompt("Enter shows the next", default="", show_default=False, err=True)
        elif not settings.output.as_json:
            shown += [*blocks(line), head, *([line] if len(lines) == 1 else [])]
    settings.output.result(found, shown)


@click.command("scan")
@click.argument("files", nargs=-1, type=click.Path())
@click.option("-o", "--output", "out", type=click.Path(), help="Where a scanned file goes; none is replaced.")
@click.option("--file", "compared", type=click.Path(), help="Compare a scanned digest with this file.")
@common_options
@click.pass_context
def scan_command(context: click.Context, files: tuple[str, ...], out: str | None, compared: str | None) -> None:
    """Take what a reader of QR codes gives, or what is typed: one line a code, in any order.

    Without files the lines come from standard input, until they make a whole.

    \b
    Examples:
      hotline ceremony scan -o offer
      hotline ceremony scan codes.txt -o offer
      hotline ceremony scan --file answer
    """
    from hmac import compare_digest

    from hotline.qr_parts import DIGEST, FILE, Scanned
    from nodes.files import read_file, write_file

    settings = settings_of(context)
    scanned = Scanned()
    for line in _lines(settings, files, scanned):
        try:
            scanned.add(line)
        except Refused as error:
            if files or not settings.may_ask:
                raise
            settings.output.note(f"  {error.text}: again, please")
    data = scanned.result()
    if scanned.kind == FILE:
        if out is None:
            raise Misused("usage", "this is a file: say with -o where it goes")
        write_file(Path(out), data, replace=False)
        name = hashlib.sha256(data).hexdigest()
        found = {"kind": "file", "file": out, "sha256": name, "codes": scanned.of}
        settings.output.result(found, [f"{out}: {len(data)} bytes of {scanned.of} codes", f"  sha256 {name}"])
    elif scanned.kind == DIGEST:
        if len(data) != hashlib.sha256().digest_size:
            raise Refused("scan-unreadable", "this is no digest")
        same = None
        if compared is not None:
            same = compare_digest(hashlib.sha256(read_file(Path(compared))).digest(), data)
            if not same:
                raise Refused("digest-differs", f"{compared} is another file than the one whose code was scanned")
        told = [f"sha256 {data.hex()}", *([f"{compared} is that file"] if same else [])]
        settings.output.result({"kind": "digest", "sha256": data.hex(), "same": same}, told)
    else:
        words = printable(data.decode("ascii", errors="replace"))
        settings.output.result({"kind": "words", "words": words.split()}, [words])


def _lines(settings: Settings, files: tuple[str, ...], scanned: Any) -> Iterator[str]:
    """The lines of files, or those that come in until the whole is there."""
    from nodes.files import read_file

    if files:
        for name in files:
            text = read_file(Path(name), bytes_max=SCANNED_BYTES_MAX).decode("ascii", errors="replace")
            yield from (line for line in text.splitlines() if line.strip())
        return
    if sys.stdin.isatty() and not settings.may_ask:
        raise Misused("usage", "name the files with the scanned lines")
    while not scanned.complete:
        if settings.may_ask:
            missing = f"missing {', '.join(map(str, scanned.missing))}" if scanned.of else "the first code"
            settings.output.note(f"Scan or type a code; {missing}. An empty line ends it.")
        line = sys.stdin.readline(4_096)
        if not line.strip():
            return
        yield line


def _own_words(settings: Settings, counterpart: str | None) -> tuple[str, ...]:
    from hotline.cli.ceremony import opened

    words = opened(settings, counterpart).words_to_show()
    if words is None:
        raise CouldNot("ceremony-refused", "there are no words to read yet; the second room types those it hears first")
    return words
