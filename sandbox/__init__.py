"""Pretends: real servers on loopback that stand in for Slack and the providers.

Written from the wire and from nothing of ours, so that a wrong model of theirs cannot agree with itself.
"""
