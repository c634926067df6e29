"""The demonstration: two invented ministries, a real line between them, and the record of past incidents.

rules        which side speaks, how grave an incident counts, what is asked: tables, no code
letters      from an incident of the record to the fields of a notification and of what follows it
script       the order of events, decided before anything runs
stage        the directory: two homes, their officers, a pairing by the command line's own code
processes    the two nodes, each a process of its own
cast         officers at their desks, who say, open, sign and acknowledge
play         acts out the script
transcript   what the person who watches sees
checks       what must hold at the end
evidence     exports, receipts and the audit, each in a process that has no home
run          all of it in order
"""
