"""Consult: a moderated consultation whose threads become evidence."""
