"""The store: one database for all that must outlast a run and the machine that it was on.

Only this package knows SQLAlchemy. Nothing in it is imported before a run needs the store.
"""
