# Wrong: a NumPy array of Python strings is handed to fit; Keras cannot convert it to a tensor
# Mend: x = tf.constant(messages)
import numpy as np
import tensorflow as tf
import keras
from keras import layers

messages = [
    "win a free prize now", "are we still meeting at noon", "free entry claim cash",
    "call me when you get home", "urgent you have won", "lunch tomorrow?",
]
is_spam = np.array([1, 0, 1, 0, 1, 0])
x = np.array(messages)

vectorize = layers.TextVectorization(max_tokens=100, output_sequence_length=8)
vectorize.adapt(messages)

model = keras.Sequential([
    keras.Input(shape=(), dtype="string"),
    vectorize,
    layers.Embedding(100, 8),
    layers.GlobalAveragePooling1D(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, is_spam, epochs=1, batch_size=2, verbose=0)
print(model.predict(tf.constant(["free cash prize"]), verbose=0))
