"""Policy gradient (REINFORCE) for a contextual bandit: log-loss of the taken action weighted by the advantage.

The advantage is reward minus its running mean, so some sample weights are negative and the logged loss is no measure of
progress; the mean reward is.
"""
import keras
import numpy as np
from keras import layers

CONTEXT, ARMS = 6, 4


class AdServer:
    """Each visitor clicks with a probability that depends on the context and on the advert shown."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.taste = np.random.default_rng(20).normal(0, 1.2, (CONTEXT, ARMS))

    def visitors(self, n):
        return self.rng.normal(0, 1, (n, CONTEXT)).astype("float32")

    def clicks(self, x, arms):
        p = 1 / (1 + np.exp(-2 * (x @ self.taste)))
        return (self.rng.random(len(x)) < p[np.arange(len(x)), arms]).astype("float32")

    def best(self, x):
        return (x @ self.taste).argmax(1)


def run(callbacks):
    keras.utils.set_random_seed(20)
    world = AdServer(1)
    policy = keras.Sequential([
        keras.Input((CONTEXT,)),
        layers.Dense(32, activation="tanh"),
        layers.Dense(ARMS, activation="softmax", kernel_initializer="zeros"),      # start with a uniform policy
    ])
    policy.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    baseline, rewards = 0.5, []
    for round_ in range(40):
        x = world.visitors(640)
        probs = policy.predict_on_batch(x)
        arms = (probs.cumsum(1) > world.rng.random((len(x), 1))).argmax(1)
        reward = world.clicks(x, arms)
        # one gradient step for every 64 decisions, then new data
        policy.fit(x, arms, sample_weight=reward - baseline, batch_size=64, epochs=1, verbose=0, callbacks=callbacks)
        baseline = 0.9 * baseline + 0.1 * float(reward.mean())
        rewards.append(float(reward.mean()))
    x = world.visitors(2000)
    print("mean reward, first and last five rounds:", np.mean(rewards[:5]), np.mean(rewards[-5:]))
    print("best arm chosen:", (policy.predict(x, verbose=0).argmax(1) == world.best(x)).mean())
    return policy
