"""Codes of commands themselves."""

from protocol.code import Code

COMMANDS = (
    Code(
        "no-such-scenario",
        "error",
        "no scenario of that name",
        "The program does not have it.",
        "`demo --list` names the scenarios.",
        2,
    ),
    Code(
        "scenario-unplayable",
        "error",
        "not between these nodes",
        "A step is something that no node does by itself, such as logging what nobody signed; the simulator has it.",
        "Read the scenario's file, or play another one.",
        1,
    ),
    Code(
        "usage",
        "error",
        "the command was not given as it asks",
        "The text says what is wrong.",
        "Run it with `--help`.",
        2,
    ),
    Code(
        "browser-missing",
        "error",
        "there is no browser that prints",
        "A PDF is printed from the page by Chromium, which is not on this machine.",
        "Install Chromium, or print the page of `--page` from any browser.",
    ),
    Code(
        "pdf-not-made",
        "error",
        "the page could not be printed",
        "The browser ended without a PDF. The page itself is not touched by that.",
        "Print the page of `--page` from any browser; the text names what the browser said.",
    ),
    Code(
        "code-unknown",
        "error",
        "there is no such code",
        "It may be misspelt or come from a newer version.",
        "`explain` without a code lists them all.",
        2,
    ),
    Code(
        "interrupted",
        "error",
        "stopped by the keyboard or a signal",
        "What was acknowledged is kept.",
        "Run it again; a repeated statement counts once.",
    ),
    Code(
        "internal-error",
        "error",
        "a mistake in Hotline",
        "Nothing acknowledged is lost.",
        "Report it with the text; run again with `--debug` to see more.",
    ),
    Code(
        "demo-failed",
        "refuted",
        "a check of the demonstration did not hold",
        "The transcript names it.",
        "Keep the directory and report it.",
    ),
    Code(
        "roots-too-few",
        "error",
        "fewer roots are left than must sign",
        "No new set can be signed any more by those that are left.",
        "Bring a root back from its shares: `hotline root shares restore`. If none comes back, the parties found a new"
        " agreement: `hotline pair`.",
        3,
    ),
)
