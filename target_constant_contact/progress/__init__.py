"""How far a run or a long command is: the numbers, and the two ways to show them."""
