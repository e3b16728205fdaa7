"""An engine for the tests of workers: it answers, hangs, fails or dies, as it is told."""

from __future__ import annotations

import os
import time


class Echo:
    """Remembers how often it was asked."""

    warm = False

    @classmethod
    def warm_up(cls) -> None:
        cls.warm = True

    def __init__(self) -> None:
        self.asked = 0

    def echo(self, text: str) -> tuple[str, int, int, bool]:
        self.asked += 1
        return text, self.asked, os.getpid(), self.warm

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def fail(self) -> None:
        raise KeyError("no such room")

    def die(self) -> None:
        os._exit(3)


class Broken:
    """Cannot be prepared."""

    @classmethod
    def warm_up(cls) -> None:
        raise OSError("no room for it")
