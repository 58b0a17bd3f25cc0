"""Helpers that several rules share: pictures, curves, scales, labels, shapes, wording."""
