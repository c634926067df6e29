"""Scenarios: readable scripts of what two parties say to each other, and of what must come of it.

A scenario is a TOML file in `hotline/data/scenarios`. It is played between two nodes under an agreement: for people to
watch, by `hotline demo --scenario`, between two processes and within seconds; and in the tests, in virtual time, with
the intervals that the agreement really has. One engine plays both; a stage gives it nodes and a clock.

Source: spec/scenarios.md.
"""
