# Wrong: the target tensor made from the frame is float64, the model's prediction is float32
# Mend: y = tf.convert_to_tensor(df[['MEDV']].values, dtype=tf.float32)
import numpy as np
import pandas as pd
import tensorflow as tf

df = pd.DataFrame(np.random.rand(100, 4) * [10, 100, 1, 5], columns=['CRIM', 'AGE', 'NOX', 'RM'])
df['MEDV'] = 20 + 3 * df['RM'] - 2 * df['NOX'] + np.random.randn(100)

x = tf.convert_to_tensor(df[['CRIM', 'AGE', 'NOX', 'RM']].values)
y = tf.convert_to_tensor(df[['MEDV']].values)

model = tf.keras.Sequential([
    tf.keras.layers.Dense(16, activation='relu'),
    tf.keras.layers.Dense(1),
])
optimizer = tf.keras.optimizers.SGD(learning_rate=1e-5)

for epoch in range(5):
    with tf.GradientTape() as tape:
        y_hat = model(x, training=True)
        residual = y - y_hat
        loss = tf.reduce_mean(tf.square(residual))
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    print(f'epoch {epoch}: loss = {loss.numpy():.4f}')
