"""Several inferences in flight: each core runs its layers for one inference after the other."""

from ._pipeline import pipeline_plan

__all__ = ["pipeline_plan"]
