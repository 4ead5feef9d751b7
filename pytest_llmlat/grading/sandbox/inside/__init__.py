"""The side of the sandbox on which nothing is trusted.

An interpreter that was started for this alone, without site-packages, loads this
folder as the top-level package ``inside``. So its modules import the standard library
and one another, and nothing else of the project.

==============  ==============================================================
``server``      the fork server (zygote): imports once, forks for every program
``confine``     what a forked child takes away from itself before it runs anything
``candidate``   runs the generated code and answers calls
``judge``       runs the tests; each call of theirs is a question to the candidate
``values``      how values cross between the two (``encoder``, ``decoder``)
``frames``      how bytes cross
``probe``       tries to break out, to show that the confinement holds
==============  ==============================================================
"""
