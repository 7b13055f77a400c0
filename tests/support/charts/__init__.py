"""Static checks of the Helm chart: `python -m tests.support.charts` runs all of them, each by its name."""
