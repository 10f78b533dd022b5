"""Train the digit networks, quantize them and write them as QCDQ ONNX files with their images."""

from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from . import FOLDER
from .dataset import Digits, load, save
from .export import export, exported_accuracy
from .fitting import accuracy, fit_float, fit_quantized, make_repeatable
from .models import DESIGNS

EPILOG = "Example: python -m nngen.flows.networks.digits.train --network cnn_w4a4 --output build/digits"

app = typer.Typer(add_completion=False)


@app.command(epilog=EPILOG)
def main(
    network: Annotated[list[str] | None, typer.Option(help="Network to train; repeatable. Default: all.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the weights and of the order of images.")] = 0,
    output: Annotated[Path, typer.Option(help="Folder for the files.", show_default="this package")] = FOLDER,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs in float; a quarter as many follow quantized.")] = 100,
) -> None:
    """Train the digit networks in float, then quantized, and write QCDQ ONNX files.

    Prints the accuracy on the 450 held-out images in float, quantized and in onnxruntime.

    The same seed gives the same bytes.
    """
    names = [_checked(name) for name in network or DESIGNS]
    digits = load()
    output.mkdir(parents=True, exist_ok=True)
    save(digits, output)
    table = Table("network", "float", "quantized", "exported", "bytes")
    with Progress() as progress:
        for name in names:
            make_repeatable(seed)
            table.add_row(name, *_train(name, digits, output / f"{name}.onnx", epochs=epochs, progress=progress))
    Console().print(table)


def _train(name: str, digits: Digits, path: Path, *, epochs: int, progress: Progress) -> tuple[str, ...]:
    """Train one network, write it to ``path`` and return its accuracies and size for the table."""
    quantized_epochs = -(-epochs // 4)
    task = progress.add_task(name, total=epochs + quantized_epochs)
    design = DESIGNS[name]
    advance = partial(progress.advance, task)
    float_model = fit_float(design, digits, epochs=epochs, advance=advance)
    model = fit_quantized(design, float_model, digits, epochs=quantized_epochs, advance=advance)
    export(model, path)
    shares = (accuracy(float_model, digits), accuracy(model, digits), exported_accuracy(path, digits))
    return (*(f"{share:.2%}" for share in shares), str(path.stat().st_size))


def _checked(name: str) -> str:
    if name in DESIGNS:
        return name
    close = get_close_matches(name, DESIGNS, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise typer.BadParameter(f"network must be one of {', '.join(DESIGNS)}, not {name}{hint}")


if __name__ == "__main__":
    app()
