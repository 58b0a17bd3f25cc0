"""What several rules compute in the same way: scales, labels, shapes, wording."""
