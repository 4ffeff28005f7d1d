"""What knows Singer and singer-sdk."""
