"""How fast the target is, beside a stock singer-sdk target and the least that is possible."""
