"""For machines and operators: health, readiness, metrics, robots, sitemap, `doctor`."""
