"""Codes of pages: that people could not be called, and what of `hotline pages` is refused."""

from protocol.code import Code

PAGING = (
    Code(
        "pager-failed",
        "alarm",
        "a pager was not reached",
        "A program, webhook or mail server of the settings did not take a page. Whoever comes next was called at once.",
        "Reach the person another way. Look at `pages list`; mend the pager, then try it: `hotline pages test ROLE`.",
    ),
    Code(
        "pages-not-kept",
        "alarm",
        "how far people were told cannot be kept",
        "The file of pages cannot be written or read. People are still called; a restart may call them again.",
        "Look at the disk and at pages.json in the home. If it is damaged, move it away.",
    ),
    Code(
        "no-such-pager",
        "error",
        "the role has no pager",
        "No table [[page]] of node.toml names this role, so nobody of it is called.",
        "Add one to node.toml and start the node anew, or choose another role: `hotline pages list`.",
        2,
    ),
    Code(
        "no-such-page",
        "error",
        "there is no such page",
        "Nobody is called for that any more, or it never was.",
        "See which there are: `hotline pages`.",
        2,
    ),
    Code(
        "mute-refused",
        "error",
        "a mute that is not taken",
        "A mute has a reason and ends by itself, within seven days; and one role always stays that flashes reach.",
        "Give `--for` and `--reason`; mute the last role without `--even-flash`.",
        2,
    ),
)
