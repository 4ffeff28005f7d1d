"""Everything that knows HTTP, and nothing that knows Singer."""
