"""How studies are hung in the quick viewer: the hospital's own file where there is one, else what is shipped."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import respond_json

FILE = "hanging.json"  # in the folder of the configuration
MAX_BYTES = 256 << 10
_SHIPPED = Path(str(files("isocenter.streaming.web"))) / FILE
Words = str | list[str]
Side = Annotated[int, Field(ge=1, le=4)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Strict):
    """What a series has to be; of several words any one. A description needs to hold the word only."""

    modality: Words | None = None
    label: Words | None = None
    description: Words | None = None
    plane: Words | None = None
    phase: Words | None = None
    sequence: Words | None = None
    kernel: Words | None = None


class Window(_Strict):
    """Of values, in their unit."""

    center: float
    width: Annotated[float, Field(ge=1)]


class Pane(_Strict):
    """One picture; `window` may be the name of a preset."""

    choose: Choice
    window: str | Window | None = None
    prior: bool = False
    optional: bool = False


class Protocol(_Strict):
    """Holds for studies of these modalities in which every pane that is not optional finds a series of its own."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    modality: list[str] = []
    rows: Side
    columns: Side
    panes: Annotated[list[Pane], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits(self) -> "Protocol":
        if len(self.panes) > self.rows * self.columns:
            raise ValueError("there are more panes than rows and columns have room for")
        return self


class Hanging(_Strict):
    """The file: the first protocol that holds hangs a study, the others are offered."""

    protocols: list[Protocol]


def read_hanging(config_folder: Path) -> tuple[Hanging, str]:
    """The protocols in force, and what is wrong with the hospital's file, empty for nothing."""
    own = config_folder / FILE
    problem = ""
    if own.exists():
        try:
            if own.stat().st_size > MAX_BYTES:
                raise ValueError("it is too large")
            return Hanging.model_validate_json(own.read_bytes()), ""
        except ValidationError as error:
            first = error.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except (OSError, ValueError) as error:
            problem = str(error)
    return Hanging.model_validate_json(_SHIPPED.read_bytes()), problem


class HangingRoutes:
    """The handler. The file is read again for each question: an edit holds for the next study that is opened."""

    def __init__(self, config_folder: Path) -> None:
        self._config_folder = config_folder

    def routes(self) -> list[Route]:
        """The one there is."""
        return [Route("GET", "/api/hanging", Action.QUERY, self.hanging)]

    async def hanging(self, request: Request) -> None:
        """Protocols, and a problem of the hospital's file in words."""
        hanging, problem = read_hanging(self._config_folder)
        content = {**hanging.model_dump(exclude_none=True), "problem": problem}
        await respond_json(request, content)
