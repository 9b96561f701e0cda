"""One module per state of a job, with the step that the worker runs for it.

A step takes a claimed job and returns either the job as saved in its next state (the worker goes on with it at once) or
`Later`. It raises errors; the worker decides about retries. Every outward effect follows the pattern "note, look, act,
note" (`bot.worker.effects`).
"""
