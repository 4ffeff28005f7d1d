"""Singer target that turns segments into Constant Contact lists."""
