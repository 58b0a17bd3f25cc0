"""Records to bytes and back: codec, writer, reader, migration."""
