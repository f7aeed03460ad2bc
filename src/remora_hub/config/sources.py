"""The sources of configuration: command line, environment, TOML files.

Each setting knows where it was written, so that ``config show`` and an error can say so. A setting that names no key is
a complaint, not an exception: an error tells how many there are.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from remora_hub.config.model import section_models
from remora_hub.errors import ConfigError

ENVIRONMENT_PREFIX = "REMORA_HUB_"
COMMAND_LINE = "command line"
PYPROJECT_TABLE = ("tool", "remora-hub")

_MOST_FILE_BYTES = 4 << 20  # a pyproject.toml holds more than the hub's table


class Setting(msgspec.Struct, frozen=True):
    """One value as it was written: ``origin`` is short, for a table; ``place`` is exact, for an error."""

    section: str
    key: str
    value: object
    origin: str
    place: str

    @property
    def name(self) -> str:
        """``section.key``."""
        return f"{self.section}.{self.key}"


class Complaint(msgspec.Struct, frozen=True):
    """What is wrong with something that was written in ``place``."""

    subject: str
    place: str
    reason: str


class Layer(msgspec.Struct, frozen=True):
    """The settings one source holds, and its complaints."""

    settings: Sequence[Setting] = ()
    complaints: Sequence[Complaint] = ()


@cache
def known_keys() -> Mapping[str, tuple[str, str]]:
    """Section and key by ``section.key``, in the order of the model."""
    return {
        f"{section}.{key}": (section, key)
        for section, model in section_models().items()
        for key in model.__struct_fields__
    }


@cache
def owners() -> Mapping[str, str]:
    """Key to the section it belongs to, for keys that need not name it: those of sections inside another one do."""
    return {key: section for section, key in known_keys().values() if "." not in section}


def command_line(overrides: Mapping[str, object]) -> Layer:
    """Overrides by ``section.key`` or ``key``; a string is read as ``parse_value`` reads it."""
    settings, complaints = [], []
    for name, written in overrides.items():
        place = f"the option --set {name}"
        value = parse_value(written) if isinstance(written, str) else written
        found = known_keys().get(f"{owners()[name]}.{name}" if name in owners() else name)
        if found is not None:
            settings.append(Setting(*found, value, COMMAND_LINE, place))
        else:
            complaints.append(_unknown(name, [*owners(), *known_keys()], place))
    return Layer(settings, complaints)


def environment(environ: Mapping[str, str]) -> Layer:
    """``REMORA_HUB_SECTION__KEY``, or ``REMORA_HUB_KEY``; the longer form wins. Values as in ``parse_value``.

    ``__`` stands for each dot of a whole name: ``REMORA_HUB_ENRICH__EMBED__ENABLED``.
    """
    settings: dict[str, Setting] = {}
    complaints = []
    named = {f"{ENVIRONMENT_PREFIX}{key}".upper(): (section, key) for key, section in owners().items()}
    named |= {
        f"{ENVIRONMENT_PREFIX}{name.replace('.', '__')}".upper(): found
        for name, found in known_keys().items()
    }
    for variable, text in environ.items():
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        if variable not in named:
            complaints.append(_unknown(variable, named, "the environment"))
            continue
        place = f"the environment variable {variable}"
        setting = Setting(*named[variable], parse_value(text), variable, place)
        if setting.name not in settings or "__" in variable:
            settings[setting.name] = setting
    return Layer(list(settings.values()), complaints)


def toml_file(path: Path, origin: str, table: tuple[str, ...] = ()) -> Layer | None:
    """The settings in a TOML file, below ``table``; None if the file or the table does not exist.

    Raises ``ConfigError`` if the file cannot be read or is not TOML.
    """
    document = _read_toml(path)
    for name in table:
        document = document.get(name) if isinstance(document, dict) else None
    if document is None:
        return None
    place = f"{path} [{'.'.join(table)}]" if table else str(path)
    if not isinstance(document, dict):
        return Layer(complaints=[Complaint(".".join(table), str(path), "it must be a table")])
    settings: list[Setting] = []
    complaints: list[Complaint] = []
    for name, content in _flat(document):
        if (found := known_keys().get(name)) is not None:
            settings.append(Setting(*found, content, origin, place))
        elif name in _section_names():
            complaints.append(Complaint(name, place, "it is a section, so it must be a table"))
        else:
            complaints.append(_unknown(name, [*_section_names(), *owners(), *known_keys()], place))
    return Layer(settings, complaints)


def parse_value(text: str) -> object:
    """A value on the command line or in the environment: a TOML value (``8``, ``true``, ``["a"]``), else a string."""
    if "\n" in text:
        return text
    import tomllib  # most starts have nothing for it to read

    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text  # `auto` needs no quotes


def _read_toml(path: Path) -> Any:
    try:
        text = _read_text(path)
        import tomllib  # as above

        return tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError("read the configuration file", str(path), error.strerror or str(error)) from error
    except ValueError as error:  # of its encoding, or of TOML
        raise ConfigError("read the configuration file", str(path), f"not valid TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError("read the configuration file", str(path), "it is nested too deeply") from error


def _read_text(path: Path) -> str:
    """A repository brings this file along: it may be a FIFO, or a link to a device, which would never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ConfigError("read the configuration file", str(path), "it is not a regular file")
        text = file.read(_MOST_FILE_BYTES + 1)
    if len(text) > _MOST_FILE_BYTES:
        raise ConfigError("read the configuration file", str(path), f"it has over {_MOST_FILE_BYTES} bytes")
    return text.decode("utf-8").replace("\r\n", "\n")


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """What stands in the sections, by whole names; and what stands elsewhere, as a whole."""
    for name, content in table.items():
        whole = prefix + name
        if isinstance(content, dict) and whole in _section_names():
            yield from _flat(content, f"{whole}.")
        else:
            yield whole, content


@cache
def _section_names() -> AbstractSet[str]:
    """Every section, and those that hold sections."""
    names = (section.split(".") for section in section_models())
    return {".".join(parts[:count]) for parts in names for count in range(1, len(parts) + 1)}


def _unknown(name: str, known: Iterable[str], place: str) -> Complaint:
    """Names no key; says which one was probably meant, and in which section it is."""
    import difflib  # only where there is a mistake

    section = owners().get(name.rpartition(".")[2])
    if section and f"{section}.{name.rpartition('.')[2]}" != name:
        meant = f"{section}.{name.rpartition('.')[2]}"
    else:
        meant = next(iter(difflib.get_close_matches(name, list(known), n=1)), "")
    suggestion = f"; did you mean {meant}?" if meant else ""
    return Complaint(name, place, f"there is no such key{suggestion}")
