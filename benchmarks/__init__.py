"""Six families of tasks: run them, copy them, set your own limits.

As they are, they gate only what the embedded model surely does: it answers, and in
time. What a model of yours must reach you say in the marker of your copy, such as
``quality=">=0.6"`` or ``e2e_p95="<=2s"``.
"""
