"""The only writers of contributions, one module per phase of a text's life.

`texts` prepares what was typed, `threads` gives places, references and counts, `sending`
takes texts in, `publishing` carries out what moderators decide, `removing` takes texts out
of view. None of them commits.
"""
