"""What takes hours: every trial that `make test` samples, run in full, and resumed where it stopped.

A part is a module of this package with

* `NAME`, as it is called on the command line;
* `COUNT`, how many cases make it full;
* `run(*, first, count, say)`: try the cases `first` up to `first + count`, and raise where one fails. Gives figures by
  name: those of all runs are added, but of a name that ends in ` max` the largest stands. `say` prints a line;
* optionally `CHUNK`, how many cases are tried at a time, after which what was found is kept (a hundredth of COUNT);
* optionally `ALONE = True`, for cases that need the whole machine: no two are tried at once.

The first line of a module's docstring says in the table of spec/soak.md what it tries. The same case number gives the
same case for ever, so that a failure can be run again.
"""

from __future__ import annotations

PARTS: tuple[str, ...] = (
    "simulation",
    "simulation_real_keys",
    "fuzz",
    "kills",
    "sweep",
    "power",
    "damage",
    "recovery",
    "recovery_10000",
    "network",
    "flashes",
    "models",
)
"""The modules, in the order in which they are run."""
