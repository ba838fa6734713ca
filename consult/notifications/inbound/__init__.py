"""Reading mails that come in: addresses, parts, the words that somebody wrote, reports of failure.

Pure: nothing here knows the database or the settings. What came in is other people's, so
everything has a bound, and what cannot be told apart is kept rather than lost.
"""
