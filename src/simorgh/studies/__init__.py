"""Questions answered by experiments: each file is a notebook in percent format, run by `simorgh study NAME`."""
