"""A user's training run whose log_dir is a URL."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tb_inputdiag
from tb_inputdiag.cli import main
from tests.remote.http_store import StoreServer

_PROGRAM = """
    import numpy as np, keras
    import tests.remote.http_store
    {before}
    x = np.random.default_rng(0).uniform(0, 255, (256, 8)).astype("float32")
    hidden = keras.layers.Dense(4, activation="relu")
    model = keras.Sequential([keras.layers.Input((8,)), hidden, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    {body}
"""


def run(
    tmp_path: Path, body: str, *, before: str = "", launcher: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "train.py"
    indented = textwrap.indent(textwrap.dedent(body).strip(), " " * 4).strip()
    path.write_text(textwrap.dedent(_PROGRAM.format(before=before, body=indented)))
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root), "KERAS_BACKEND": "tensorflow"}
    return subprocess.run(
        [sys.executable, *launcher, str(path)], capture_output=True, text=True, env=env, cwd=tmp_path, timeout=280
    )


def test_fit_on_s3(s3: str, tmp_path: Path, spools: Path) -> None:
    done = run(
        tmp_path,
        f"""
        callback = tb_inputdiag.InputDiagnostics({s3!r}, save_bad_batches=True)
        for _ in range(2):
            model.fit(x, x[:, :1] / 255, epochs=2, verbose=0, callbacks=[callback])
        assert callback.log_dir == {s3!r}
        assert callback.report().session.n_fits == 2
        model.fit(np.full((64, 8), np.nan), np.zeros((64, 1)), verbose=0, callbacks=[callback])
        """,
        before="import tb_inputdiag",
    )
    assert done.returncode == 0, done.stderr
    assert f"the log is at {s3} (" in done.stdout
    session = tb_inputdiag.read(s3).run.session
    assert session.status == "finished"
    assert session.n_fits == 3
    assert {"unnormalized-input", "non-finite-input"} <= {alert.rule for alert in session.alerts}
    assert list(spools.iterdir()) == []


def test_the_last_steps_of_train_on_batch_are_uploaded(store: StoreServer, tmp_path: Path) -> None:
    """Only the end of the program ends a loop of `train_on_batch`."""
    body = "for i in range(8): model.train_on_batch(x[:32], x[:32, :1])"
    launcher = ("run", "--log-dir", store.url)
    done = run(tmp_path, body, launcher=_known_store(tmp_path, launcher))
    assert done.returncode == 0, done.stderr
    assert f"tb-inputdiag alerts {store.url}" in done.stderr
    (session,) = tb_inputdiag.read(store.url).run.sessions
    assert session.status == "finished"
    assert session.n_steps == 8


def test_the_last_steps_are_uploaded_to_a_server_that_has_a_name(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", os.environ["AWS_ENDPOINT_URL"].replace("127.0.0.1", "localhost"))
    body = "for i in range(8): model.train_on_batch(x[:32], x[:32, :1])"
    done = run(tmp_path, body, before=f"import tb_inputdiag; tb_inputdiag.autolog({s3!r})")
    assert done.returncode == 0, done.stderr
    assert f"the log is at {s3} (" in done.stdout
    assert tb_inputdiag.read(s3).run.session.status == "finished"


def test_all_is_uploaded_before_python_closes_its_thread_pools(store: StoreServer, tmp_path: Path) -> None:
    """From then on, Azure's client sends no request."""
    before = """
    import concurrent.futures.thread as pools, tb_inputdiag
    Store = tests.remote.http_store.TestStoreFileSystem
    ask = Store._ask
    def refuse(*args, **kwargs):
        if pools._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
        return ask(*args, **kwargs)
    Store._ask = staticmethod(refuse)
    """
    body = f"""
    tb_inputdiag.autolog({store.url!r})
    for i in range(8): model.train_on_batch(x[:32], x[:32, :1])
    """
    done = run(tmp_path, body, before=textwrap.indent(textwrap.dedent(before), " " * 4).strip())
    assert done.returncode == 0, done.stderr
    assert "cannot be uploaded" not in done.stderr
    assert f"the log is at {store.url} (" in done.stdout
    assert tb_inputdiag.read(store.url).run.session.status == "finished"
    assert sum(name.endswith("-outline") for name in store.objects) == 1


def _known_store(tmp_path: Path, launcher: tuple[str, ...]) -> tuple[str, ...]:
    """Has fsspec know the store before the command line checks the URL, as an installed package would."""
    code = "import sys, tests.remote.http_store; sys.argv[0] = 'tb-inputdiag'; "
    code += "from tb_inputdiag.cli import main; sys.exit(main())"
    path = tmp_path / "launch.py"
    path.write_text(code)
    return (str(path), *launcher)


def test_an_exception_is_explained_at_the_url(store: StoreServer, tmp_path: Path) -> None:
    body = f"""
    callback = tb_inputdiag.InputDiagnostics({store.url!r})
    model.fit(x[:, :5], x[:, :1], verbose=0, callbacks=[callback])
    """
    done = run(tmp_path, body, before="import tb_inputdiag")
    assert done.returncode == 1
    assert f"tb_inputdiag wrote this to {store.url}" in done.stderr
    assert main(["check", store.url]) == 1
    assert tb_inputdiag.read(store.url).runs[0].session.status == "failed"


def test_check_data_writes_to_a_url(store: StoreServer) -> None:
    import numpy as np

    x = np.random.default_rng(0).normal(size=(200, 3))
    x[5] = np.nan
    found = tb_inputdiag.check_data(x, log_dir=store.url)
    assert found.run_dir == store.url
    assert tb_inputdiag.read(store.url).run.session.start.mode == "data"  # type: ignore[union-attr]  # it was written


@pytest.mark.parametrize("wrong", [0, "60", True, 4000, float("nan")])
def test_flush_s_is_checked(wrong: object) -> None:
    from tb_inputdiag.callback import InputDiagnostics
    from tb_inputdiag.errors import ConfigurationError

    with pytest.raises(ConfigurationError, match=r"flush_s must be the seconds .* 1 to 3600. Received"):
        InputDiagnostics("logs", flush_s=wrong)  # type: ignore[arg-type]  # on purpose
