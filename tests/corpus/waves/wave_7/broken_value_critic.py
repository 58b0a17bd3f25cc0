"""Train the critic of a pendulum controller on discounted returns, with its own train step.

Wrong: the returns have shape (batch,) and the critic's output (batch, 1). Their difference broadcasts to
(batch, batch), so each state is compared with the returns of all others and the critic only learns the mean return.

Expected: target-shape-broadcast
"""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

GAMMA = 0.9


def rollouts(episodes=90, length=40):
    rng = np.random.default_rng(31)
    states, returns = [], []
    for _ in range(episodes):
        angle, speed = rng.uniform(-2, 2), rng.uniform(-1, 1)
        seen, rewards = [], []
        for _ in range(length):
            seen.append([np.cos(angle), np.sin(angle), speed])
            torque = -1.5 * angle - 0.6 * speed + rng.normal(0, 0.1)
            speed = speed + 0.1 * torque
            angle = angle + 0.1 * speed
            rewards.append(-(angle ** 2 + 0.1 * speed ** 2))
        g, back = 0.0, []
        for r in reversed(rewards):
            g = r + GAMMA * g
            back.append(g)
        states += seen
        returns += back[::-1]
    return np.array(states, dtype="float32"), np.array(returns, dtype="float32")


class Critic(keras.Model):
    def __init__(self):
        super().__init__()
        self.h1 = layers.Dense(48, activation="tanh")
        self.h2 = layers.Dense(48, activation="tanh")
        self.value = layers.Dense(1)
        self.loss_tracker = keras.metrics.Mean(name="loss")

    def call(self, x):
        return self.value(self.h2(self.h1(x)))

    @property
    def metrics(self):
        return [self.loss_tracker]

    def train_step(self, data):
        states, returns = data
        with tf.GradientTape() as tape:
            values = self(states, training=True)
            loss = tf.reduce_mean(tf.square(returns - values))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}


def run(callbacks):
    keras.utils.set_random_seed(0)
    states, returns = rollouts()
    returns = (returns - returns.mean()) / returns.std()
    data = tf.data.Dataset.from_tensor_slices((states, returns)).shuffle(4000, seed=1).batch(64)
    critic = Critic()
    critic.compile(optimizer=keras.optimizers.Adam(2e-3))
    return critic.fit(data, epochs=12, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history["loss"])
