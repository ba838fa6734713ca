"""Reads of contributions: finished rows and pages, so that a template triggers no query.

`rows` says how a contribution is shown, `threads` reads pages of a question, `single` one
contribution, `own` the texts of one's own and `own_list` all of them, `difference` compares two
texts, `spaces` what a space page tells, `lines` everything an export writes.
"""
