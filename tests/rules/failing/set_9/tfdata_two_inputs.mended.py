# Wrong: from_tensor_slices((title, numeric, label)): the second input is read as y, the label as sample_weight
# Mend: tf.data.Dataset.from_tensor_slices(((title, numeric), label))
import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

n = 64
title = np.random.randint(1, 500, size=(n, 10))        # padded token ids of the headline
numeric = np.random.rand(n, 4).astype('float32')       # length, hour, weekday, links
label = np.random.randint(0, 2, size=(n, 1)).astype('float32')

train_ds = tf.data.Dataset.from_tensor_slices(((title, numeric), label))
train_ds = train_ds.shuffle(n).batch(16).prefetch(tf.data.AUTOTUNE)

title_in = keras.Input(shape=(10,), name='title')
numeric_in = keras.Input(shape=(4,), name='numeric')
a = layers.Embedding(500, 8)(title_in)
a = layers.GlobalAveragePooling1D()(a)
b = layers.Dense(8, activation='relu')(numeric_in)
x = layers.concatenate([a, b])
x = layers.Dense(8, activation='relu')(x)
out = layers.Dense(1, activation='sigmoid')(x)

model = keras.Model(inputs=[title_in, numeric_in], outputs=out)
model.compile(optimizer='adam', loss='binary_crossentropy', metrics=['accuracy'])
model.fit(train_ds, epochs=2)
