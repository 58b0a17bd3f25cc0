import tensorflow as tf
import keras
from keras import layers

messages = ["win a free prize now", "are you coming home", "free entry call now", "see you at eight then",
            "claim your prize today", "lunch tomorrow"]
spam = [1, 0, 1, 0, 1, 0]

vectorize = layers.TextVectorization(max_tokens=100, output_sequence_length=8)
vectorize.adapt(messages)

model = keras.Sequential()
model.add(keras.Input(shape=(1,), dtype="string"))
model.add(vectorize)
model.add(layers.Embedding(100, 8))
model.add(layers.Flatten())
model.add(layers.Dense(8, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])

ds = tf.data.Dataset.from_tensor_slices(([[m] for m in messages], spam)).batch(2)
model.fit(ds, epochs=2, verbose=0)
print(model.predict(tf.constant([["free lunch"]]), verbose=0))
