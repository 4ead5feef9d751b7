"""Cards and hosts: from jobs to the workers that measure them, here or elsewhere.

What a job is, only the session knows: this room carries its bytes to a worker that has
to itself what the job needs, and what the worker tells back. Where workers are is an
open table (``spread_kinds``): processes of this machine, or actors of a Ray cluster.
"""
