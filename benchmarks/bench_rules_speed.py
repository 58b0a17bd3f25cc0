"""What the whole catalogue of rules costs on one sample: python benchmarks/bench_rules_speed.py

Models of the size of a small convolutional network on MNIST and of a ResNet50, one image input with its entry, target
and prediction. Every sample pays this within the training loop; the aim is a median of at most 1.5 ms and 8 ms.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np

from tb_inputdiag.records import Losses, Record, Sample
from tb_inputdiag.rules import RuleEngine, all_rules
from tb_inputdiag.rules.examples import Scenario, class_ids, layer, pixels, probabilities

MODELS = {"MNIST CNN": (3, 3, 1.5), "ResNet50": (106, 70, 8.0)}
"""Name -> layers with a kernel and a bias, layers without weights, and the most milliseconds that a sample may take.

The 53 convolutions and 53 normalizations of a ResNet50 have two weights each, as these layers do.
"""


def records(samples: int, kernels: int, plain: int) -> list[Record]:
    convolutions = [layer(f"conv2d_{i}", "Conv2D", activation="relu", filters=32) for i in range(kernels)]
    others = [layer(f"pool_{i}", "MaxPooling2D") for i in range(plain)]
    scenario = Scenario((*convolutions, *others, layer("dense", "Dense", activation="softmax", units=10)))
    rng = np.random.default_rng(0)
    scenario.train(
        steps=samples,
        x=lambda step: pixels(shape=(16, 28, 28, 1)) + step * 1e-4,
        y=class_ids(),
        y_pred=probabilities(),
        loss=lambda step: float(2.3 * 0.99**step * (1 + 0.2 * rng.random())),
    )
    return scenario.records


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--by-rule", action="store_true", help="the most expensive rules, each alone")
    options = parser.parse_args()
    for name, (kernels, plain, most) in MODELS.items():
        stream = records(options.samples, kernels, plain)
        times = measure(None, stream)
        print(
            f"{name}, {len(all_rules())} rules: median {statistics.median(times):.3f} ms a sample (aim {most} ms), "
            f"95 % below {np.quantile(times, 0.95):.3f} ms, the first {times[0]:.3f} ms"
        )
    if options.by_rule:
        cost = {rule.id: statistics.median(measure([rule.id], stream)) for rule in all_rules()}
        base = min(cost.values())
        for rule_id in sorted(cost, key=cost.__getitem__, reverse=True)[:15]:
            print(
                f"  {rule_id:30} {1000 * (cost[rule_id] - base):6.1f} us more than the cheapest ({1000 * base:.1f} us)"
            )


def measure(rules: list[str] | None, stream: list[Record]) -> list[float]:
    engine = RuleEngine(rules, on_error=lambda rule_id, error: print(rule_id, error))
    times = []
    pending = 0.0
    for record in stream:
        start = time.perf_counter()
        engine.feed(record)
        elapsed = 1000 * (time.perf_counter() - start)
        # The losses of the steps belong to the sample that they come with.
        if isinstance(record, Sample):
            pending = elapsed
        elif isinstance(record, Losses):
            times.append(pending + elapsed)
    return times


if __name__ == "__main__":
    main()
