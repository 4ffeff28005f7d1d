"""Pages that show runs to people: one of a run, and one of all of them."""
