"""One module per state of a job: what is done about it, and what it becomes.

A step takes a claimed job and returns either the job as saved in its next state (the worker goes on with it at once)
or `Later`. It raises what went wrong; the worker decides. Every outward effect follows one pattern, note, look, act,
note (`bot.worker.effects`).
"""
