"""The duty officer's screen: what the line is, what is owed, what was said, and what calls for a person.

`picture` is what was seen at one moment; `view` and `changes` are functions from pictures to lines; `watcher` asks the
node on a thread; `terminal` and `sound` are the only modules that know a terminal.
"""
