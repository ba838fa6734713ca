"""Telling people: deliveries, mail texts, the mailer.

A delivery is looked at again when it is sent: nobody is mailed what they may not see by then.
"""
