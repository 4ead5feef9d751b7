"""From a plan to records: requests offered, answers timed and graded."""
