"""Programs that fail, by somebody who did not know the rules: each gets the line that mends it, and runs when mended.

A program begins with two comments: what is wrong, and its author's line that mends it. ``NAME.mended.py`` is the same
program with that line. The answers of a set at first sight, before anything was changed because of it, are in
docs/corpus.md.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest

from tb_inputdiag import autolog
from tb_inputdiag.recording.explanations import explain_exception

FOLDER = Path(__file__).parent / "failing"
MENDS = {
    "adam_lr_argument": "learning_rate=0.001",
    "adam_lr_decay": "learning_rate=0.001",
    "add_weight_name_first": 'add_weight(shape=(3,), name="w")',
    "airline_lstm_lookback": "testX = testX[:, None]",
    "attention_padding_mask": "[:, None, :]",
    "attention_token_mask": "[:, None, :]",
    "auto_mpg_question_marks": "na_values='?').dropna()",
    "backbone_no_pooling": "keras.layers.GlobalAveragePooling2D()",
    "bag_of_words_refitted": "X_test = vectorizer.transform(test_texts).toarray()",
    "batch_loader_len": "return math.ceil(len(",
    "bbox_and_class_swapped": "model.fit(images, [labels, boxes], ...)",
    "bilstm_decoder_state": "LSTM(32",
    "bilstm_seq2seq": "h = keras.layers.concatenate([forward_h, backward_h])",
    "boston_input_shape_rows": "keras.Input(X_train.shape[1:])",
    "callback_acc_none": 'logs.get("accuracy")',
    "callback_signature": "def on_epoch_end(self, epoch, logs=None):",
    "captcha_ctc": "y = y.argmax(axis=-1)",
    "cartpole_agent": "state = state[None]",
    "cat_or_dog_photo": "img = img[None]",
    "categorical_int_labels": 'loss="sparse_categorical_crossentropy"',
    "cats_dogs_directory": 'Dense(2, activation="softmax")',
    "cgan_concat_float64": 'onehot = keras.ops.cast(onehot, "float32")',
    "channels_first_shape": "keras.Input((150, 150, 3))",
    "chargen_onehot_embedding": "x = x.argmax(axis=-1)",
    "checkpoint_weights_suffix": 'best.weights.h5", save_weights_only=True)',
    "cifar_from_torch_folder": "x_val = np.moveaxis(x_val, 1, -1)",
    "class_weight_array": "class_weight=dict(enumerate(weights))",
    "class_weights_as_sample_weight": "weights = weights[y]",
    "compute_class_weight_array": "class_weight=dict(enumerate(weights))",
    "conv_autoencoder_28": 'Conv2D(16, (3, 3), activation="relu", padding="same")',
    "conv_autoencoder_32_vs_28": "Cropping2D(((0, 4), (0, 4)))",
    "csv_question_mark": "na_values='?').dropna()",
    "custom_dense_kernel_transposed": "self.w = self.add_weight(shape=(input_shape[-1], self.units), ...)",
    "dataset_not_batched": "val_ds = val_ds.batch(",
    "dataset_of_single_samples": "ds = ds.batch(",
    "dataset_three_tuple": "ds.map(lambda x1, x2, y: ((x1, x2), y))",
    "dcgan_generator_reshape": "keras.layers.Reshape((7, 7, 64))",
    "dice_loss_no_return": "return keras.ops.",
    "dict_wrong_key": 'model.fit({"user": users, "movie": movies}',
    "digits_gan_targets": "np.concatenate([np.ones((16, 1)), np.zeros((16, 1))])",
    "digits_int_labels": 'loss="sparse_categorical_crossentropy"',
    "digits_no_channel": "x_train = x_train[..., None]",
    "dqn_cartpole_act": "state = state[None]",
    "dummies_of_the_test_rows": ".reindex(columns=",
    "dummies_test_columns": ".reindex(columns=",
    "ecg_autoencoder": "Cropping1D((0, 2))",
    "ecg_beats_conv1d": "keras.Input((187, 1))",
    "ecg_conv1d_2d": "X = X[..., None]",
    "embedding_vocab_plus_one": "input_dim=8",
    "embedding_without_row_zero": "keras.layers.Embedding(15, 10)",
    "energy_gru_stack": "return_sequences=True",
    "f1_on_integer_labels": "to_categorical(y_true, 3)",
    "face_age_gender": '{"age": y_age, "gender": y_gender}',
    "face_age_gender_stacked": "model.fit(faces, [targets[:, 0], targets[:, 1]], ...)",
    "face_embedding_norm": "embedding = keras.ops.normalize(x, axis=1)",
    "fashion_mlp_labels": 'loss="sparse_categorical_crossentropy"',
    "feature_extractor_unbuilt": "keras.Input(",
    "fer2013_gray_pretrained": "X = np.repeat(X, 3, axis=-1)",
    "fit_before_compile": "model.compile(",
    "flowers_dataset_split": "ds.skip(n), validation_data=ds.take(n)",
    "focal_loss_one_hot_float": 'tf.one_hot(keras.ops.cast(labels, "int32"), depth=NUM_CLASSES)',
    "forecast_horizon": "Dense(7)",
    "from_generator_signature": "tf.TensorSpec(shape=(1,)",
    "gan_reshape_size": "keras.layers.Reshape((7, 7, 64))",
    "generator_two_inputs_flat": "yield (users[rows], items[rows]), ratings[rows]",
    "get_dummies_bool_object": '.astype("float32")',
    "get_layer_auto_name": 'get_layer("features")',
    "glove_bare_matrix": "embedding.set_weights([matrix])",
    "glove_matrix": "matrix = np.zeros((14, 20))",
    "glove_matrix_rows": "embedding_matrix = np.zeros((6, 10))",
    "gradcam_nested_disconnected": 'keras.Model(base.input, [base.get_layer("last_conv").output,',
    "headline_word_index": "input_dim=21",
    "house_two_inputs_dict": '{"numeric": numeric, "loc": loc}',
    "input_dict_key_typo": '"metadata": x["meta"]',
    "iris_species_csv": "classes, y = np.unique(y, return_inverse=True)",
    "iris_string_labels": "classes, y = np.unique(y, return_inverse=True)",
    "keep_best_weights": "best.weights.h5",
    "kfold_optimizer": "optimizer=keras.optimizers.Adam()",
    "label_signature": "tf.TensorSpec(shape=()",
    "labels_from_one": "y = y - 1",
    "lambda_layer_load_unsafe": "safe_mode=False",
    "layer_made_in_call": 'self.dense = layers.Dense(self.dim, activation="relu")',
    "leaf_disease_conv": "keras.layers.GlobalAveragePooling2D()",
    "leakyrelu_class_as_activation": "activation=keras.layers.LeakyReLU())",
    "lipreading_timedistributed": "X = X[..., None]",
    "load_custom_layer": 'custom_objects={"Attention1D": Attention1D}',
    "load_pooling_layer": '"units": self.units',
    "load_scale_layer": 'custom_objects={"Scale": Scale}',
    "load_weights_other_head": "target.load_weights(path, skip_mismatch=True)",
    "loop_float64_targets": 'yb = keras.ops.cast(yb, "float32")',
    "lstm_return_state_dense": "x, h, c = layers.LSTM(24, return_state=True)(x)",
    "luong_attention_units": "enc_seq = keras.layers.Dense(32)(enc_seq)",
    "mean_iou_probabilities": "MeanIoU(num_classes=3, sparse_y_pred=False)",
    "meaniou_softmax": "MeanIoU(num_classes=3, sparse_y_pred=False)",
    "mha_single_argument": "(x, x)",
    "mixed_precision_constant": "inputs * keras.ops.cast(constant, inputs.dtype)",
    "mixed_precision_custom_layer": "keras.ops.cast(constant, inputs.dtype)",
    "mixed_precision_positions": "keras.ops.cast(constant, inputs.dtype)",
    "mnist_cnn_int_labels": 'loss="sparse_categorical_crossentropy"',
    "mobilenet_grayscale_xray": "images = np.repeat(images, 3, axis=-1)",
    "movie_recommender": "keras.layers.Embedding(rows, 32)",
    "ner_sparse_onehot": 'loss="categorical_crossentropy"',
    "normalization_adapted_with_target": "normalizer.adapt(features)",
    "normalizer_adapted_with_target": "normalizer.adapt(X)",
    "npy_files_pipeline": "tf.ensure_shape(x, (24, 16, 1))",
    "nuclei_dice_backend": "from keras import ops as K",
    "numpy_function_no_shape": "tf.ensure_shape(x, (32, 32, 3))",
    "one_hot_sample_weight": "weights = weights.sum(axis=-1)",
    "onehot_to_single_sigmoid": 'Dense(2, activation="softmax")',
    "optimizer_shared": "optimizer=keras.optimizers.Adam()",
    "optimizer_shared_by_models": "optimizer=keras.optimizers.Adam()",
    "own_dense_layer": "self.w = self.add_weight(shape=(input_shape[-1], self.units)",
    "padding_mask_attention": "mask = mask[:, None, :]",
    "penguin_species": "classes, y = np.unique(y, return_inverse=True)",
    "pix2pix_patch_labels": "keras.layers.GlobalAveragePooling2D()",
    "plateau_and_decay": "keras.optimizers.Adam(learning_rate=0.001)",
    "plateau_with_schedule": "keras.optimizers.Adam(learning_rate=0.001)",
    "png_generator": 'Image.open(path).convert("RGB")',
    "pollution_lstm_axes": "test_X = test_X.transpose(0, 2, 1)",
    "position_embedding_64": "pad_sequences(x_train, maxlen=64)",
    "position_embedding_length": "pad_sequences(x_train, maxlen=50)",
    "position_embedding_too_short": "x = TokenAndPosition(maxlen=32, vocab=200, dim=16)(inputs)",
    "precision_on_sparse_labels": "keras.utils.to_categorical(y_train,",
    "predict_one_image": "img = img[None]",
    "predict_one_photo": "img = img[None]",
    "pydataset_flips_not_labels": "y = np.concatenate([y, y])",
    "pydataset_list_labels": "return x, np.array(y)",
    "python_lists_to_fit": "x = np.array(x)",
    "ragged_reviews": "x = x.to_tensor()",
    "ragged_token_ids": "pad_sequences(X",
    "raw_strings_to_embedding": "train_texts = vectorize(train_texts)",
    "raw_text_into_model": "x = vectorize(x)",
    "recall_on_sparse_labels": 'metrics=["accuracy"]',
    "records_signature": "tf.TensorSpec(shape=(20,), dtype=tf.float32)",
    "reload_attention_pool": "def __init__(self, hidden, **kwargs):",
    "reviews_unpadded": "pad_sequences(X",
    "sample_weight_from_all_rows": "weights = weights[:80]",
    "save_no_extension": "my_model.keras",
    "save_without_extension": "my_model.keras",
    "schedule_lr_keyword": "SGD(learning_rate=0.05, momentum=0.9)",
    "schedule_no_return": "return lr",
    "schedule_returns_none": "return lr",
    "segmentation_iou": "MeanIoU(num_classes=4, sparse_y_pred=False)",
    "segmentation_mean_iou": "MeanIoU(num_classes=3, sparse_y_pred=False)",
    "sensor_generator_single": "yield X[None], np.array([y])",
    "sensor_stateful_lstm": "X, y = X[:80], y[:80]",
    "seq2seq_bidirectional_states": "keras.layers.LSTM(64, ...)",
    "seq2seq_bilstm_states": "_, forward_h, forward_c, backward_h, backward_c =",
    "seq2seq_joined_states": "keras.layers.LSTM(64, ...)",
    "siamese_gallery_predict": "query = np.repeat(query, len(gallery), axis=0)",
    "siamese_pairs": "[pairs[:, 0], pairs[:, 1]]",
    "siamese_pairs_as_one_array": "model.fit([pairs[:, 0], pairs[:, 1]], ...)",
    "sklearn_f1_as_metric": "metrics=[keras.metrics.F1Score(threshold=0.5)]",
    "sklearn_f1_metric": "keras.ops in place of np",
    "spam_raw_strings": "x = tf.constant(x)",
    "specificity_metric_dtype": 'y_hat = keras.ops.cast(y_hat, "float32")',
    "split_order": "X_train, X_test, y_train, y_test = train_test_split(X, y)",
    "stacked_lstm": "return_sequences=True",
    "star_labels_from_one": "y = y - 1",
    "stateful_forecast": "X, y = X[:96], y[:96]",
    "stateful_lstm_last_batch": "X, y = X[:80], y[:80]",
    "stateful_other_batch": "np.repeat(window, 8, axis=0)",
    "steering_generator": "yield frame[None], np.array([angle])",
    "stock_scaler_inverse": "pred = pred * scaler.scale_[-1] + scaler.mean_[-1]",
    "stock_windows_list": "X_train = np.stack(X_train)",
    "stop_at_accuracy": 'logs.get("val_accuracy")',
    "swap_input_of_backbone": "(new_input)",
    "tape_float64_target": 'y = keras.ops.cast(y, "float32")',
    "tape_sparse_ce_one_hot": "tf.nn.softmax_cross_entropy_with_logits(\n    labels=yb, logits=logits\n)",
    "textvectorization_no_length": "keras.layers.GlobalAveragePooling1D()",
    "tf_norm_on_kerastensor": "x = keras.ops.normalize(x, axis=-1)",
    "tfdata_two_inputs": "train_ds.map(lambda x1, x2, y: ((x1, x2), y))",
    "tfdata_val_not_batched": "val_ds = val_ds.batch(",
    "ticket_text_and_meta": "keras.layers.GlobalAveragePooling1D()",
    "tickets_class_weight": '"urgent": np.vectorize(weights.get)(urgent)',
    "titanic_dummies_object": 'X = X.astype("float32")',
    "titanic_object_column": "X = pd.get_dummies(pd.DataFrame(X).infer_objects(), dtype",
    "titanic_text_columns": "pd.get_dummies(",
    "to_categorical_strings": "classes, ids = np.unique(",
    "tokens_not_padded": "keras.utils.pad_sequences(x",
    "train_step_int_labels": '"float32")',
    "train_step_int_target": 'y = keras.ops.cast(y, "float32")',
    "train_step_sample_weight": "x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)",
    "translator_bilstm_states": "encoder_outputs, forward_h, forward_c, backward_h, backward_c =",
    "translator_states": "keras.layers.LSTM(32, ...)",
    "tweets_column_of_lists": "keras.utils.pad_sequences(X",
    "two_heads_metrics_list": 'metrics={"age": ',
    "two_input_generator_tuple": "yield (image_batch, meta_batch), label_batch",
    "uint8_augment_map": "image = tf.cast(image, tf.float32)",
    "unet_100_pixels": "ZeroPadding2D(((0, 1), (0, 1)))",
    "unet_50_pixels": "ZeroPadding2D(((0, 1), (0, 1)))",
    "unet_odd_size": "ZeroPadding2D(((0, 1), (0, 1)))",
    "unet_odd_tile": "ZeroPadding2D(((0, 1), (0, 1)))",
    "unet_skip_100px": "x = keras.layers.Resizing(*skip.shape[1:3])(x)",
    "unet_skip_size": "x = keras.layers.Resizing(*skip.shape[1:3])(x)",
    "vae_add_loss": "self.add_loss(kl)",
    "vae_epsilon_shape": "epsilon = keras.random.normal(shape=keras.ops.shape(z_log_var))",
    "vae_sampling_fixed_batch": "x_train = x_train[:96]",
    "validation_split_dataset": "ds.skip(n), validation_data=ds.take(n)",
    "vgg_no_flatten": "keras.layers.GlobalAveragePooling2D()",
    "void_label_255": "ignore_class=255",
    "weighted_loss_float_index": 'weight = ops.take(alpha, keras.ops.cast(labels, "int32"))',
    "weighted_loss_gather": 'tf.gather(class_weights, keras.ops.cast(y_true, "int32"))',
    "weights_from_other_head": "new_model.load_weights(path, skip_mismatch=True)",
    "weights_into_other_size": "Dense(32)",
    "wheat_seeds_csv": "y = y - 1",
    "wine_custom_step": 'y = keras.ops.cast(y, "float32")',
    "yolo_head_reshape": "keras.layers.Reshape((4, 4, 13))",
    "zip_code_lookup": "zips = np.asarray(zips).astype(str)",
}
"""Program -> what the fix must hold: the line that mends it, or the decisive part of it."""
PROGRAMS = {path.stem: path for path in sorted(FOLDER.glob("set_*/*.py")) if not path.stem.endswith(".mended")}


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    keras.backend.clear_session()
    yield
    keras.config.set_dtype_policy("float32")


def test_each_program_has_a_twin_and_a_line() -> None:
    assert set(PROGRAMS) == set(MENDS)
    assert all(path.with_suffix(".mended.py").exists() for path in PROGRAMS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_fix_is_the_line_that_mends(name: str, tmp_path: Path) -> None:
    with autolog(str(tmp_path / "logs"), verbose=0):
        with pytest.raises(Exception) as caught:  # noqa: PT011  # any exception: which one is the program's affair
            runpy.run_path(str(PROGRAMS[name]), run_name="__main__")
        alerts = explain_exception(caught.value)
    assert alerts
    assert MENDS[name] in alerts[0].fix


@pytest.mark.slow
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_mended_program_runs(name: str) -> None:
    runpy.run_path(str(PROGRAMS[name].with_suffix(".mended.py")), run_name="__main__")
