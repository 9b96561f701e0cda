"""Soak test: ten minutes of a busy workspace with faults, floods and kills; no reply may be doubled, lost or forged.

About 50 events per second, including 3 short recordings. One call in twenty fails, at Slack and at both providers, in
every way that the stand-ins support. The bot is killed with SIGKILL every few seconds and restarted with one of the two
providers. Private channels get new ids, Slack drops events for a while, and some recordings are deleted as soon as
they are shared, so that the deletion is often heard first. Clocks are set forward and back, events come in bursts, a
provider answers with 64 MB now and then, and strangers forge webhooks, also with the right token.

Then the load and the faults end: every recording must have exactly one reply in its own thread, with its own words or
with an explanation, and never with forged ones. Nothing may be left of a deleted one.

    python -m benchmarks.soak [--minutes 10] [--database postgresql://…]

With PostgreSQL, one process listens and two work, and any of them may be killed.
"""
