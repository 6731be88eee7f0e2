"""Published leaderboards: a folder that anybody can read, and the index over such folders."""

from .publish import Published, publish_run

__all__ = ["Published", "publish_run"]
