"""What the software costs: ratios taken side by side, so that they outlive the machine.

`python -m bench` measures everything, `python -m bench page` a part, `python -m bench growth` with
a corpus of 100,000 comments. The corpora are made once, from a seed, and kept in `bench/.corpus/`.
"""
