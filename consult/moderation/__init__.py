"""Deciding: the queue, decisions and their reasons, claims, flags, appeals.

Not here: the state of a text, which `consult.discussion` alone changes.
"""
