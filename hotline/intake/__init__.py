"""Reports of operators, sensors and teams, taken in as drafts of the party's own (spec/intake.md).

A report is read in one of three forms, coded by tables that are data, compared with what was taken in before, and put
in as a draft without signatures. Nothing of it goes anywhere before persons have signed it.
"""
