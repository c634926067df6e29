"""People and screens: the command line, reports and the demonstration. May import nodes, protocol and keys."""

__version__ = "0.1.0"
