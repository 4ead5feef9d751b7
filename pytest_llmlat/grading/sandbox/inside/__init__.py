"""The side of the sandbox on which nothing is trusted.

An interpreter that was started for this alone, without site-packages, loads this
folder as the top-level package ``inside``. So its modules import the standard library
and one another, and nothing else of the project.

==============  ==============================================================
``server``      the fork server (zygote): imports once, forks for every program
``confine``     what a forked child takes away from itself before it runs anything
``candidate``   runs the generated code and answers questions
``judge``       runs the tests; each call of theirs is a question to the candidate
``asking``      the judge's end of the line between the two
``demands``     whether tests see objects of the candidate, or values alone
``remote``      an object of the candidate as the tests see it
``operations``  what can be done with one by asking
``values``      how values cross between the two (``encoder``, ``decoder``)
``handles``     how what has no exact form crosses: as a number to ask by
``raised``      how exceptions cross
``veiled_exceptions``
                how the candidate's reach the tests past the interpreter
``frames``      how bytes cross
``probe``       tries to break out, to show that the confinement holds
==============  ==============================================================
"""
