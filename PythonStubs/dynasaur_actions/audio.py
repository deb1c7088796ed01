"""Recordings of speech and sound."""

import os
import wave

from dynasaur_actions import host
from dynasaur_actions.files import check_file
from dynasaur_actions.office import UnreadableFile

# What transcription services take at most.
LARGEST_RECORDING = 25 << 20


def transcribe_audio(path: str, language: str | None = None) -> str:
    """Write down what is said in a recording (wav, mp3, m4a, ogg, flac …)."""
    path = check_file(path)
    size = os.path.getsize(path)
    if size > LARGEST_RECORDING:
        raise ValueError(
            f"{path} has {size:,} bytes; services take at most {LARGEST_RECORDING:,}: cut it in pieces"
        )
    if size == 0:
        raise UnreadableFile(f"{path} is empty")
    with open(path, "rb") as file:
        data = file.read()
    return str(host.call("hear_audio", data, os.path.basename(path), language))


def audio_text(path: str) -> str:
    """What is known of the recording as text, and what is said in it where a model can tell."""
    lines = []
    try:
        with wave.open(path) as file:
            seconds = file.getnframes() / file.getframerate()
            lines.append(
                f"{seconds:.2f} seconds, {file.getnchannels()} channel(s), {file.getframerate()} Hz"
            )
    except (wave.Error, EOFError, ZeroDivisionError):
        pass
    if host.offers("hear_audio"):
        lines += ["", "What is said:", transcribe_audio(path)]
    else:
        lines.append("(What is said cannot be told here: no model that understands speech is set up.)")
    return "\n".join(lines)
