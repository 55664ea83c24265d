"""A whole system on one seed: ledger, writers, runner, publisher and platform, on a simulated disk
and a clock that is moved; no threads and no real time, so a seed repeats its history to the byte.

`world` has what is simulated, `steps` what may happen in it, `model` the rules that everything is
held against, written a second time; `simulation` runs steps and checks, `shrink` shortens a run
that fails.
"""
