"""A folder of images, with a folder for each class."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.console import say_warning
from tb_inputdiag.datacheck.part_tally import Batch, TensorKey
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.numbers import count

__all__ = ["ImageFolder", "image_folder"]

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm"})
_BATCH_BYTES = 4 << 20
_X, _Y = TensorKey("input", "x"), TensorKey("target", "y")


@dataclass
class ImageFolder:
    """Reads the images of a folder, in the order of their paths; classes are numbered in the order of their names."""

    files: tuple[Path, ...]
    labels: tuple[int, ...]
    """The class of each file; empty without folders of classes."""
    classes: tuple[str, ...]
    unreadable: list[str] = field(default_factory=list)
    examples: list[Path] = field(default_factory=list)
    """The file of each example that was read."""
    counts_batches: bool = False
    columns: Mapping[TensorKey, tuple[str, ...]] = field(default_factory=dict)

    total: int = 0
    """Number of files."""

    def __post_init__(self) -> None:
        self.total = len(self.files)

    def __iter__(self) -> Iterator[Batch]:
        pillow = _pillow()
        self.unreadable.clear()
        self.examples.clear()
        waiting: list[NDArray[Any]] = []
        labels: list[int] = []
        for i, path in enumerate(self.files):
            image = self._read(pillow, path)
            if image is None:
                continue
            full = bool(waiting) and len(waiting) * image.nbytes >= _BATCH_BYTES
            if waiting and (full or (waiting[0].shape, waiting[0].dtype) != (image.shape, image.dtype)):
                yield _batch(waiting, labels)
                waiting, labels = [], []
            waiting.append(image)
            self.examples.append(path)
            labels += self.labels[i : i + 1]
        if waiting:
            yield _batch(waiting, labels)
        if self.unreadable:
            first = ", ".join(self.unreadable[:5])
            say_warning(f"{count(len(self.unreadable), 'file')} cannot be read as an image and is left out: {first}.")

    def _read(self, pillow: Any, path: Path) -> NDArray[Any] | None:
        try:
            with pillow.open(path) as image:
                found = np.asarray(image.convert("RGB") if image.mode in ("P", "CMYK", "YCbCr") else image)
        except Exception:  # whatever a decoder raises about a damaged file
            self.unreadable.append(str(path))
            return None
        return found[..., None] if found.ndim == 2 else found


def _batch(images: list[NDArray[Any]], labels: list[int]) -> Batch:
    batch = {_X: np.stack(images)}
    return {**batch, _Y: np.asarray(labels)} if labels else batch


def _pillow() -> Any:
    try:
        return importlib.import_module("PIL.Image")
    except ImportError:
        raise ConfigurationError('Reading images needs Pillow: pip install "tb-inputdiag[images]".') from None


def image_folder(folder: Path) -> ImageFolder:
    """Returns the images of a folder. Each folder in it is a class; without such, there are no classes.

    Raises:
        ConfigurationError: if there is no image in it, or Pillow is missing.
    """
    _pillow()
    classes = sorted(path for path in folder.iterdir() if path.is_dir())
    found: list[tuple[Path, int]] = []
    for number, place in enumerate(classes or [folder]):
        found += [(path, number) for path in sorted(place.rglob("*")) if path.suffix.lower() in _SUFFIXES]
    if not found:
        raise ConfigurationError(
            f"There is no image in {str(folder)!r}. Expected: a folder for each class, with image files: "
            f"{', '.join(sorted(_SUFFIXES))}."
        )
    labels = tuple(number for _, number in found) if classes else ()
    return ImageFolder(tuple(path for path, _ in found), labels, tuple(path.name for path in classes))
