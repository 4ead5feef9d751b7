"""One run, without pytest: select, load, measure, judge, close."""
