"""Reads of contributions: finished rows and pages, so that a template triggers no query.

`rows` says how a contribution is shown, `threads` reads pages of a question, `single` one
contribution and its author's own list, `spaces` what a space page tells, `lines` everything
an export writes.
"""
