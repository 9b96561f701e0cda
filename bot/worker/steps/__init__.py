"""The worker's steps, one for each state of a job and each followup, and what they share.

A step takes a claimed job and returns either the job as saved in its next state (the worker goes on with it at once) or
`Later`. It raises errors; the worker decides about retries. Every outward effect follows the pattern "note, look, act,
note" (`bot.worker.effects`).
"""
