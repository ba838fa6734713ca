"""Where, when and who speaks: forums, objectives, spaces, questions, authors, organisations,
roles per space, dates, and the definition files that make them.

Not here: what people say (`consult.discussion`).
"""
