"""What became of the uploads to a leased PPA: accepted, built, published, installable, or why not.

`model` has the values, `verdict` says what they mean, `cadence` when to look again: pure, no clock, no threads, no I/O.
`follower` looks, for all who wait for one PPA together.  Rule: nothing is kept that a restart would lose.
"""
