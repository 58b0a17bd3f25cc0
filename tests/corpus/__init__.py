"""Small training programs as users write them: broken ones with one planted fault each, and healthy ones.

``python -m tests.corpus`` runs them with the callback and prints the alerts. The list is in `programs`.
"""
