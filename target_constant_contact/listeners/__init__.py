"""Everything that shows a run: each module here listens to its events, and no other knows it."""
