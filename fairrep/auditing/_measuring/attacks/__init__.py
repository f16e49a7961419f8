"""S is attacked anew: views of the rows, attackers, their scores and their null."""
