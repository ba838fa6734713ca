"""What people say: contributions, revisions, threads, objective tags, attachments.

The only owner of a contribution's state: moderation changes one through the services here.
"""
