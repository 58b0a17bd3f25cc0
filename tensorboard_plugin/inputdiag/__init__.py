"""The TensorBoard plugin over the logs of tb_inputdiag."""
