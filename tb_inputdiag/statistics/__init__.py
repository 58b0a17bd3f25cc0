"""What a statistic is, in one place: one module for each statistic or close family.

A module holds, side by side:

- the definition and the unit, in its docstring,
- `reduce`: the reduction of an array to a few numbers of the row, written over an array namespace (`namespace`), so
  that every backend runs the same code inside its training step,
- `merge`: what the numbers of several replicas are together,
- `columns`: the host arithmetic from these numbers to the columns of `records`,
- `reference`: the same columns from the whole batch, by plain NumPy in float64. It shares no arithmetic with the above.
  Rule examples and all tests use it, so it is the only other opinion on what a statistic is.

`row` says where each block of numbers lies in a row. Nothing here imports TensorFlow or Keras.
"""
