"""Which objectives a text is about: proposed with a reason, offline, never taken over silently.

What a text names (“Objective 16”) comes from :mod:`consult.search.mentions`. Here its other words
are compared with a profile of each objective, made from its titles, the glossary, the text about
it and what moderators' tags taught. Only :mod:`.learning` writes, and nothing asks a service
outside.
"""
