"""Frames in, frames out: runs compiled workflows. Knows nothing of the compiler."""
