"""What `make bench` measures: each figure beside its baseline, in one run on one machine."""
