"""What was said: the formats, the rules that judge them and the state machines, without any input or output.

Nothing here reads a disk, a socket or a clock, and nothing draws at random: bytes, times and secrets come in as
arguments, so that two nodes and an auditor who are given the same input answer the same.
"""
