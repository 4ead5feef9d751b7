"""From records to figures: statistics of cells, rows of the scoreboard, who is best."""
