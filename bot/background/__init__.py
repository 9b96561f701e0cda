"""What the bot does besides its jobs: catches up after a gap, keeps App Homes current, deletes what is old."""
