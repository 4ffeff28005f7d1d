"""Who is in a segment, who may not be sent, and who leaves a list."""
