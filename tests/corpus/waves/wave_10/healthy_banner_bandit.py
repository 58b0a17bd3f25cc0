"""Learn which banner to show to which visitor by policy gradient: train_step draws an action, gets a click or none, and follows it."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

KINDS, BANNERS = 6, 4
CLICK_RATES = np.full((KINDS, BANNERS), 0.1, "float32")
CLICK_RATES[np.arange(KINDS), np.array([2, 0, 3, 1, 0, 2])] = 0.8


class Policy(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(32, activation="tanh", name="hidden")
        self.scores = layers.Dense(BANNERS, name="scores")
        self.rates = tf.constant(CLICK_RATES)
        self.usual = keras.Variable(0.2, trainable=False, dtype="float32", name="usual_reward")
        self.loss_mean = keras.metrics.Mean(name="loss")
        self.reward_mean = keras.metrics.Mean(name="reward")

    @property
    def metrics(self):
        return [self.loss_mean, self.reward_mean]

    def call(self, visitors):
        return self.scores(self.hidden(visitors))

    def train_step(self, data):
        visitors, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        kind = tf.argmax(visitors[:, :KINDS], axis=1, output_type=tf.int32)
        with tf.GradientTape() as tape:
            logits = self(visitors, training=True)
            log_p = tf.nn.log_softmax(logits)
            action = tf.random.categorical(tf.stop_gradient(logits), 1, dtype=tf.int32)[:, 0]
            rate = tf.gather_nd(self.rates, tf.stack([kind, action], axis=1))
            reward = tf.cast(tf.random.uniform(tf.shape(rate)) < rate, "float32")
            advantage = reward - tf.convert_to_tensor(self.usual)
            chosen = tf.reduce_sum(log_p * tf.one_hot(action, BANNERS), axis=1)
            entropy = -tf.reduce_sum(tf.exp(log_p) * log_p, axis=1)
            loss = -tf.reduce_mean(chosen * advantage + 0.01 * entropy)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        mean_reward = tf.reduce_mean(reward)
        self.usual.assign(0.95 * self.usual + 0.05 * mean_reward)
        self.loss_mean.update_state(loss)
        self.reward_mean.update_state(mean_reward)
        return {"loss": self.loss_mean.result(), "reward": self.reward_mean.result()}


def run(callbacks):
    keras.utils.set_random_seed(42)
    rng = np.random.default_rng(42)
    kind = rng.integers(0, KINDS, 6400)
    visitors = np.concatenate([np.eye(KINDS)[kind], rng.normal(0, 0.5, (6400, 3))], axis=1).astype("float32")
    policy = Policy(name="banner_policy")
    policy.compile(optimizer=keras.optimizers.Adam(3e-3))
    policy.fit(visitors, batch_size=64, epochs=15, callbacks=callbacks, verbose=2)
    shown = policy.predict(visitors, verbose=0).argmax(axis=1)
    print("mean click rate now: %.2f" % CLICK_RATES[kind, shown].mean())
    return policy


if __name__ == "__main__":
    run([])
