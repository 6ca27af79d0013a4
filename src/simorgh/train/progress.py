"""A progress bar on standard error: share done, examples a second, time left, the loss."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress


class Progress:
    """Used as a context; `show(step, line)` with a line of history. Silent where `enabled` is false."""

    def __init__(self, title: str, steps: int, batch_size: int, enabled: bool = True):
        self._batch = batch_size
        self._bar = RichProgress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[loss]}"),
            console=Console(stderr=True),
            disable=not enabled,
        )
        self._task = self._bar.add_task(title, total=steps, rate="", loss="")

    def __enter__(self) -> "Progress":
        self._bar.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.__exit__(*error)

    def show(self, step: int, line: dict[str, float]) -> None:
        speed = self._bar.tasks[0].speed
        rate = f"{speed * self._batch:,.0f} examples/s" if speed else ""
        losses = [f"{k} {v:.4g}" for k, v in line.items() if k.endswith("/loss")]
        self._bar.update(self._task, completed=step, rate=rate, loss="  ".join(losses))
