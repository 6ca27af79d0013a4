"""Metrics: arrays and callables in, numbers out. One file a metric; none of them knows a model, a data set or a run."""
