"""HTTP/1.1 for measuring: what arrives is stamped at once and read afterwards.

============== ===============================================================
addresses      where to send, under which name, through which proxy
messages       requests as bytes
secrets        keys that stand in no text
dialling       from a name to an open connection, with the time of each step
connection     one connection: stamps, and where an answer ends
pool           idle connections, kept for the next request
client         a request with its retries and its time limit
bodies         afterwards: the body of an answer, each part with its stamp
events         afterwards: the server-sent events in a body
============== ===============================================================
"""
