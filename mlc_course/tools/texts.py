"Text for people, and text files."

from pathlib import Path

from mlc_course.safety import write_whole


def write_text(
    path: Path,  # file
    text: str,
):
    "Write a text file as a whole or not at all."
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(
        path,
        lambda part: part.write_text(text, encoding="utf-8", newline="\n"),
        then="run the command again",
    )


def clock(
    seconds: float,
) -> str:  # "m:ss" or "h:mm:ss"
    "Seconds as a person reads them."
    s = int(max(0, seconds) + 0.5)
    return (
        f"{s // 3600}:{s // 60 % 60:02d}:{s % 60:02d}" if s >= 3600 else f"{s // 60}:{s % 60:02d}"
    )
