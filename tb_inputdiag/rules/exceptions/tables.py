"""Tables whose columns are not numbers."""

from __future__ import annotations

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.data_arguments import (
    DATA_ARGUMENTS,
    OBJECT_WORDS,
    code_of,
    subject_of,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]


def _odd_text(case: Case) -> Finding | None:
    """Numbers that became text because some of them are a sign for "missing"."""
    culprits = [a for a in case.arguments.values() if a.odd_text is not None and a.name.split("/")[0] in DATA_ARGUMENTS]
    if not culprits:
        return None
    name, odd, columns = code_of(culprits[0]), culprits[0].odd_text or "", list(culprits[0].text_columns)
    frame = culprits[0].kind == "frame"
    again = f"df = pd.read_csv(file, na_values={odd!r}).dropna()  # rows with {odd!r} are left out"
    inside = (
        f'{name}[{columns[0]!r}] = pd.to_numeric({name}[{columns[0]!r}], errors="coerce")'
        if frame and columns
        else f'df = pd.DataFrame({name}).apply(pd.to_numeric, errors="coerce")\n{name} = df.to_numpy("float32")'
    )
    return case.finding(
        f"'{name}' holds numbers as text{f' in {join([repr(c) for c in columns])}' if frame else ''}, because "
        f"{odd!r} stands among them.",
        f"{again}\n# or, after reading; what is not a number becomes NaN:\n{inside}",
        seen=repr(odd),
        expected="numbers",
        subject=subject_of(culprits[0]),
        evidence={"text_columns": columns},
    )


def _text_column(case: Case) -> Finding | None:
    frames = [a for a in case.arguments.values() if a.kind == "frame" and a.text_columns]
    if not frames:
        return None
    columns, name = list(frames[0].text_columns), code_of(frames[0])
    if frames[0].name == "y":
        return case.finding(
            f"The labels in '{name}' are text.",
            f"classes, {name} = np.unique({name}[{columns[0]!r}], return_inverse=True)  # ids 0, 1, 2, ...",
            seen="text",
            expected="class ids",
            subject="target:y",
        )
    several = f"the columns {join([repr(c) for c in columns])}" if len(columns) > 1 else f"the column {columns[0]!r}"
    return case.finding(
        f"'{name}' has text in {several}, which the model cannot compute with.",
        f'{name} = pd.get_dummies({name}, columns={columns!r}, dtype="float32")  # a column for each category\n'
        f"# or leave them out: {name} = {name}.drop(columns={columns!r})",
        seen=f"text in {join(columns)}",
        expected="numbers",
        subject=subject_of(frames[0]),
        evidence={"text_columns": columns},
    )


def _time_column(case: Case) -> Finding | None:
    if case["type"] != "Timestamp" and "datetime64" not in case.text:
        return None
    name = case.variable("x")
    return case.finding(
        f"'{name}' has a column of dates, which the model cannot compute with.",
        f'{name}["day"] = {name}["day"].dt.dayofyear.astype("float32")  # a number that means something\n'
        f'# or leave dates out: {name} = {name}.select_dtypes("number")',
        seen="dates",
        expected="numbers",
        subject="input:x",
    )


KINDS = (
    Kind(
        id="numbers-with-a-sign-for-missing",
        title="A column of numbers holds a text such as ?",
        words=OBJECT_WORDS,
        cause="pandas reads a column as text if a single cell of it is not a number.",
        failing=program(
            mend(REGRESSION, "keras.Input((4,))", "keras.Input((2,))"),
            'df = pd.DataFrame({"power": ["90", "?", "95", "88"], "weight": [1.2, 1.3, 1.1, 1.4]})\n'
            "x = df.values\nmodel.fit(x, np.zeros(4))",
        ),
        mended=program(
            mend(REGRESSION, "keras.Input((4,))", "keras.Input((2,))"),
            'df = pd.DataFrame({"power": ["90", "?", "95", "88"], "weight": [1.2, 1.3, 1.1, 1.4]})\n'
            'df["power"] = pd.to_numeric(df["power"], errors="coerce").fillna(0)\n'
            "x = df.values\nmodel.fit(x, np.zeros(4))",
        ),
        explain=_odd_text,
        rule="dtype-mismatch",
    ),
    Kind(
        id="text-column",
        title="A table has columns of text",
        words=OBJECT_WORDS,
        cause="All columns become one tensor of numbers. Text has to be encoded before.",
        failing="""\
df = pd.DataFrame({"age": [23.0, 35.0, 41.0], "city": ["Oslo", "Rome", "Oslo"]})
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(3))
""",
        mended="""\
df = pd.DataFrame({"age": [23.0, 35.0, 41.0], "city": ["Oslo", "Rome", "Oslo"]})
df = pd.get_dummies(df, columns=["city"], dtype="float32")
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(3))
""",
        explain=_text_column,
        rule="dtype-mismatch",
    ),
    Kind(
        id="date-column",
        title="A table has a column of dates",
        words=(
            Words("pandas", "float() argument must be a string or a real number, not '{type}'"),
            Words("Keras", "Invalid dtype: datetime64"),
        ),
        cause="All columns become one tensor of numbers, and a date is not a number.",
        failing="""\
df = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=4), "price": [1.0, 2.0, 3.0, 4.0]})
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(4))
""",
        mended="""\
df = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=4), "price": [1.0, 2.0, 3.0, 4.0]})
df["day"] = df["day"].dt.dayofyear.astype("float32")
model = keras.Sequential([keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(df, np.zeros(4))
""",
        explain=_time_column,
        rule="dtype-mismatch",
    ),
)
"""Kinds of this family."""
