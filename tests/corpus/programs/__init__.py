"""The programs, by topic. A module registers what it defines when it is imported."""
