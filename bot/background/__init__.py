"""Background work beside the jobs: catch-up after a gap, App Homes, deletion of old data."""
