"""A process of the runtime with a drain that can be told to hang; run as a program by the lifecycle's tests."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from typing import ClassVar

from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.service import Service
from isocenter.runtime.settings import ServiceSettings


class SmallSettings(ServiceSettings):
    service: ClassVar[str] = "small"

    hangs: bool = False
    fails: bool = False


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


async def compose(settings: SmallSettings, stack: AsyncExitStack) -> Process:
    stack.callback(say, "closed")

    def drain(grace_s: float) -> None:
        say("draining")
        if settings.hangs:
            time.sleep(60)

    async def work() -> None:
        say("working")
        if settings.fails:
            raise ValueError
        await asyncio.Event().wait()

    return Process(Service("small", drains=[drain], tasks={"work": work}))


if __name__ == "__main__":
    sys.exit(run(SmallSettings, compose))
