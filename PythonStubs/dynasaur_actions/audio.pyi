"""Recordings of speech and sound."""

def transcribe_audio(path: str, language: str | None = None) -> str:
    """Write down what is said in a recording (wav, mp3, m4a, ogg, flac …).

    `language` is a code such as 'en' or 'de'; without it the model finds out.

    Effects: reads the file; sends it to the model.

    Example:
        >>> transcribe_audio("message.wav")
        'Hi, it is me. Could you bring three packs of nails ...'
    """
