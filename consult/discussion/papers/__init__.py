"""Position papers: files that come with a text, as bytes; pure, without tables and web.

`kinds` says what a file is and refuses what must not be kept, `reading` takes its text out,
`isolation` does both in a child process that a hostile file can kill without harm, `scanning` asks
a virus scanner. Nothing here looks at a name to find out what a file is.
"""
