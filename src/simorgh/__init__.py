"""Simorgh: a laboratory for deep generative models and sequence models."""

__version__ = "0.1.0"
