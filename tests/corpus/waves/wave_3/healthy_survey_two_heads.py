"""Two outputs from a survey, income (often unanswered) and club membership; missing incomes get weight zero."""
import numpy as np
import pandas as pd
import keras
from keras import layers


def survey(n=4000, seed=23):
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({
        "age": rng.integers(18, 80, n),
        "school_years": rng.normal(12, 3, n).clip(6, 20),
        "hours": rng.normal(36, 8, n).clip(5, 60),
        "region": rng.choice(["north", "south", "coast"], n, p=[0.5, 0.3, 0.2]),
    })
    bonus = df.region.map({"north": 0.0, "south": -0.2, "coast": 0.35})
    log_income = 2.0 + 0.08 * df.school_years + 0.012 * df.hours - 0.0006 * (df.age - 48) ** 2 + bonus
    df["log_income"] = log_income + rng.normal(0, 0.15, n)
    chance = 1 / (1 + np.exp(-(0.08 * (df.age - 45) + 1.5 * bonus)))
    df["member"] = (rng.random(n) < chance).astype("float32")
    df.loc[rng.random(n) < 0.35, "log_income"] = np.nan
    return df


def tensors(df, stats):
    numbers = ((df[["age", "school_years", "hours"]] - stats["mean"]) / stats["std"]).to_numpy("float32")
    x = {"numbers": numbers, "region": df.region.to_numpy(str)}
    answered = df.log_income.notna()
    y = {"income": df.log_income.fillna(0.0).to_numpy("float32")[:, None],
         "member": df.member.to_numpy("float32")[:, None]}
    w = {"income": answered.to_numpy("float32"), "member": np.ones(len(df), "float32")}
    return x, y, w


def run(callbacks):
    keras.utils.set_random_seed(23)
    df = survey()
    train, val = df.iloc[:3200], df.iloc[3200:]
    cols = train[["age", "school_years", "hours"]]
    stats = {"mean": cols.mean(), "std": cols.std()}
    to_id = {"coast": 0, "north": 1, "south": 2}
    sets = []
    for part in (train, val):
        x, y, w = tensors(part, stats)
        x["region"] = np.array([to_id[r] for r in x["region"]], "int32")
        sets.append((x, y, w))

    numbers = keras.Input((3,), name="numbers")
    region = keras.Input((), dtype="int32", name="region")
    h = layers.Concatenate()([numbers, layers.Embedding(3, 2)(region)])
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(24, activation="relu")(h)
    mean_income = keras.initializers.Constant(float(train.log_income.mean()))
    income = layers.Dense(1, name="income", bias_initializer=mean_income)(h)
    member = layers.Dense(1, activation="sigmoid", name="member")(h)
    model = keras.Model({"numbers": numbers, "region": region}, {"income": income, "member": member})
    model.compile(optimizer=keras.optimizers.Adam(3e-3),
                  loss={"income": "mse", "member": "binary_crossentropy"}, loss_weights={"income": 4.0, "member": 1.0},
                  weighted_metrics={"income": ["mae"], "member": ["accuracy"]})
    (x, y, w), valid = sets[0], sets[1]
    return model.fit(x, y, sample_weight=w, validation_data=valid, epochs=12, batch_size=64,
                     callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
