"""Distribution strategies, each in processes of its own: devices and clusters are settled once for a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tb_inputdiag import read
from tests.modes.rows import mode

ROOT = Path(__file__).parents[2]
GROUP = "Distribution"


def start(module: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", f"tests.modes.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@mode(
    GROUP,
    "`MirroredStrategy`: the global batch, and the gradients that are applied",
    note="a wrong shape raises before Keras calls callbacks: put `watch(model)` around `fit` to get the diagnosis",
)
def test_mirrored() -> None:
    process = start("program_mirrored")
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output[-4000:]
    assert output.rstrip().endswith("fine")


def _free_ports(n: int) -> list[str]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [str(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


@mode(
    GROUP,
    "`MultiWorkerMirroredStrategy`: each worker's part of the batch, and the gradients that are applied; a run for each"
    " worker; a worker that dies",
    note="`fit` of Keras 3.15 itself fails under this strategy (keras-team/keras issue 20585): tested with these two"
    " faults fixed. All workers need the callback; `stop_on` is ignored with a warning",
)
def test_multi_worker(tmp_path: Path) -> None:
    ports = _free_ports(2)
    workers = [start("program_workers", str(index), *ports, str(tmp_path)) for index in range(2)]
    try:
        outputs = [worker.communicate(timeout=240)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert workers[0].returncode == 0, outputs[0][-4000:]
    assert workers[1].returncode == -signal.SIGKILL, outputs[1][-4000:]
    assert outputs[0].rstrip().endswith("fine")
    assert "the other worker is lost" in outputs[0]
    # one view over both
    runs = read(tmp_path / "whole").runs
    assert [run.name for run in runs] == ["inputdiag/worker-0", "inputdiag/worker-1"]
    assert [[s.status for s in run.sessions] for run in runs] == [["finished"]] * 2
    # what the killed worker wrote is there
    lost = read(tmp_path / "lost").runs
    assert [len(run.sessions) for run in lost] == [1, 1]
    assert lost[1].sessions[0].status not in ("finished", "failed")


@mode(
    GROUP,
    "JAX: `DataParallel` and `ModelParallel`, on four devices: the global batch, and the gradients that are applied",
    on=("jax",),
)
def test_devices_of_jax() -> None:
    process = start("program_jax_devices", XLA_FLAGS="--xla_force_host_platform_device_count=4")
    output, _ = process.communicate(timeout=280)
    assert process.returncode == 0, output[-4000:]
    assert output.rstrip().endswith("fine")


def _finish_two(program: str, log_dir: Path) -> None:
    """Runs a program in two processes that talk to each other, and sees that each has written a run."""
    (port,) = _free_ports(1)
    workers = [start(program, str(index), port, str(log_dir)) for index in range(2)]
    try:
        outputs = [worker.communicate(timeout=240)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    for worker, output in zip(workers, outputs, strict=True):
        assert worker.returncode == 0, output[-4000:]
        assert output.rstrip().endswith("fine"), output[-4000:]
    assert [run.name for run in read(log_dir).runs] == ["inputdiag/worker-0", "inputdiag/worker-1"]


@mode(
    GROUP,
    "JAX: two processes (`jax.distributed`) with `DataParallel`: the global batch; a run for each process",
    on=("jax",),
)
def test_processes_of_jax(tmp_path: Path) -> None:
    _finish_two("program_jax_workers", tmp_path)


@mode(
    GROUP,
    "PyTorch: `DistributedDataParallel` in a `train_step` of your own, two processes: each process's part of the batch,"
    " and the gradients that are applied; a run for each process",
    on=("torch",),
)
def test_processes_of_pytorch(tmp_path: Path) -> None:
    _finish_two("program_torch_workers", tmp_path)
