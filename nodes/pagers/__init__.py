"""Pagers: how a node reaches people who do not look at a screen. Each is a program, a webhook or mail.

What they are told is without contents (`nodes/pagers/words.py`). None of them can hold the node: each has a thread of
its own and a time after which it has failed.

Source: spec/paging.md, "Pagers".
"""
