"""REINFORCE on a contextual bandit: each step plays 64 contexts, then train_on_batch takes the actions as labels and the
advantages (negative ones too) as sample weights. The mean reward climbs from 0.25 (chance) to 0.98."""
import keras
import numpy as np
from keras import layers


def run(callbacks):
    rng = np.random.default_rng(32)
    keras.utils.set_random_seed(32)
    prototypes = rng.normal(size=(4, 6))
    policy = keras.Sequential([
        layers.Input((6,)),
        layers.Dense(32, activation="tanh"),
        layers.Dense(4, activation="softmax"),
    ])
    policy.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    baseline, rewards = 0.25, []
    with callbacks[0].watch(policy):
        for step in range(180):
            kind = rng.integers(0, 4, 64)
            state = (prototypes[kind] + rng.normal(0, 0.4, (64, 6))).astype("float32")
            p = np.asarray(policy(state))
            action = np.array([rng.choice(4, p=row / row.sum()) for row in p.astype("float64")])
            reward = (action == kind).astype("float32")
            policy.train_on_batch(state, action, sample_weight=reward - baseline)
            baseline = 0.95 * baseline + 0.05 * reward.mean()
            rewards.append(reward.mean())
    print("   mean reward", np.mean(rewards[:20]), "->", np.mean(rewards[-20:]))
