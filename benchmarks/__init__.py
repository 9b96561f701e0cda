"""Benchmarks: speed, processor time and memory of the bot next to a baseline in the same run; and a soak test."""
