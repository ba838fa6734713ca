"""Pages of the search: `results` answers, `feed` tells the newest, `addresses` reads and writes
what stands in the address, `facets` counts what narrows it, `showing` prepares what was found.
"""

from consult.search.views import feed, results
from consult.search.views.blueprint import blueprint

__all__ = ["blueprint", "feed", "results"]
