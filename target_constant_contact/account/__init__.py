"""The account that members go to: its lists and fields, its members, and the sign-in."""
