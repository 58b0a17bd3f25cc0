"""Small training programs as users write them: broken ones with one planted fault each, and healthy ones.

``python -m tests.corpus`` runs them under the callback and prints what it said. The list is in `programs`.
"""
