# Wrong: TextVectorization(ragged=True) gives a RaggedTensor; the Conv1D model needs a dense, padded batch
# Mend: x = vectorize(texts).to_tensor(shape=(None, 10))
import tensorflow as tf
import keras
from keras import layers

texts = tf.constant([
    "what a great film", "boring", "i liked the actors and the music a lot",
    "never again", "awful plot and awful acting", "great great great",
])
labels = tf.constant([1, 0, 1, 0, 0, 1])

vectorize = layers.TextVectorization(max_tokens=100, ragged=True)
vectorize.adapt(texts)
x = vectorize(texts).to_tensor(shape=(None, 10))
print("vocabulary:", len(vectorize.get_vocabulary()))

model = keras.Sequential([
    layers.Embedding(100, 16),
    layers.Conv1D(16, 3, padding="same", activation="relu"),
    layers.GlobalMaxPooling1D(),
    layers.Dense(1, activation="sigmoid"),
])
model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(x, labels, epochs=2, verbose=0)
