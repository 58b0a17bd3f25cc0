"""What the probe sees: the part that knows Keras and TensorFlow."""
