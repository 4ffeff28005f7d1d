"""The service's limits, kept together by all processes that share them."""
