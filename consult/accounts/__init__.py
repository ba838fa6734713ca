"""Who can sign in: users, passwords, sessions, mailed links, erasure.

Not here: for whom somebody speaks (an Author, in `consult.spaces`) and what they said.
"""
