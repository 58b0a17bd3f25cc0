"""Folders on other machines: what is written below a local folder, the spool, is uploaded to a URL.

It knows files and nothing of what is in them.
"""
