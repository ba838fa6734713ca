"""Using what was said: exports, and whatever else turns published contributions into a note.

What belongs here starts from published texts and ends in something a drafter takes away. Who may
see a text is decided below, in ``consult.discussion``; nothing here decides it again.
"""
