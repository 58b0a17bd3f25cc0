# Wrong: raw strings are given to a model that starts with an Embedding; the adapted TextVectorization is not used
# Mend: model.fit(vectorizer(train_texts), train_y, ...)
import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

train_texts = np.array(["good movie", "awful acting", "loved every minute", "waste of time",
                        "really good fun", "so bad"])
train_y = np.array([1, 0, 1, 0, 1, 0])

vectorizer = layers.TextVectorization(max_tokens=200, output_sequence_length=6)
vectorizer.adapt(train_texts)

model = tf.keras.Sequential([
    layers.Embedding(input_dim=200, output_dim=8),
    layers.GlobalAveragePooling1D(),
    layers.Dense(8, activation="relu"),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(vectorizer(train_texts), train_y, epochs=3, verbose=0)
print("trained on", len(train_texts), "texts")
