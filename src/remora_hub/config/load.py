"""From the sources to one validated configuration, or one sentence that says what is wrong and what is allowed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args
from urllib.parse import urlsplit

import msgspec

from remora_hub.config.model import HubConfig, Section, section_models
from remora_hub.config.sources import (
    PYPROJECT_TABLE,
    Complaint,
    Layer,
    Setting,
    command_line,
    environment,
    known_keys,
    toml_file,
)
from remora_hub.errors import ConfigError
from remora_hub.paths import CONFIG_FILE, user_config_file

_NO_OVERRIDES: Mapping[str, object] = MappingProxyType({})
_LONGEST_VALUE_SHOWN = 80
_USERS_CHOICE = (
    "whoever wrote the project must not choose where its text and your keys are sent; only {} is allowed here, "
    "anything else in your own config.toml, the environment or on the command line"
)
# What decides, beside an endpoint, that source text is sent and which of the user's secrets with it; and what a
# project's file may say there all the same.
_HARMLESS = {
    "enrich.embed.api_key_env": ("OPENAI_API_KEY", ""),
    "enrich.summarize.api_key_env": ("",),
    "enrich.summarize.model": ("",),
}


class LoadedConfig(msgspec.Struct, frozen=True):
    """The configuration and, for each ``section.key``, where its value was written (``default`` if nowhere)."""

    config: HubConfig
    origins: Mapping[str, str]


def load_config(
    root: Path, overrides: Mapping[str, object] = _NO_OVERRIDES, environ: Mapping[str, str] = os.environ
) -> LoadedConfig:
    """The configuration for ``root``, from (the first wins): ``overrides`` (``section.key`` or ``key``), the
    environment, ``remora-hub.toml`` or else ``[tool.remora-hub]`` of ``pyproject.toml`` in the root, the user's file,
    the defaults.

    Raises ``ConfigError`` naming the place, key, value and what is allowed for the first mistake found.
    """
    layers = [command_line(overrides), environment(environ), _project_layer(root), _user_layer()]
    written: dict[str, Setting] = {}
    for layer in layers:
        for setting in layer.settings:
            written.setdefault(setting.name, setting)
    complaints = [complaint for layer in layers for complaint in layer.complaints]
    values = {}
    for name, setting in written.items():
        try:
            msgspec.json.encode(setting.value)  # what is not UTF-8 could not be shown or handed on
            values[name] = msgspec.convert(setting.value, _types(setting.section)[setting.key])
        except (msgspec.ValidationError, UnicodeEncodeError):
            complaints.append(_bad_value(setting))
    if complaints:
        raise _config_error(complaints)
    config = _filled(HubConfig(), values)
    origins = {name: written[name].origin if name in written else "default" for name in known_keys()}
    return LoadedConfig(config, MappingProxyType(origins))


def has_ignored_table(root: Path) -> bool:
    """Whether ``pyproject.toml`` has a ``[tool.remora-hub]`` that ``remora-hub.toml`` beside it puts out of force."""
    if not (root / CONFIG_FILE).is_file():
        return False
    return toml_file(root / "pyproject.toml", "", PYPROJECT_TABLE) is not None


def allowed(section: str, key: str) -> str:
    """What a key may be set to, in words: ``a whole number from 1 to 64``."""
    kind = _types(section)[key]
    schema = msgspec.json.schema(kind)
    return " or ".join(_describe(choice, _literals(kind)) for choice in schema.get("anyOf", [schema]))


def _types(section: str) -> dict[str, Any]:
    """The type of each key of a section, with its bounds."""
    return {field.name: field.type for field in msgspec.structs.fields(section_models()[section])}


def _filled(section: Section, values: Mapping[str, object], prefix: str = "") -> Any:
    """The section with these values, by whole names, in it and the sections it holds."""
    changes = {}
    for name in section.__struct_fields__:
        whole, value = f"{prefix}{name}", getattr(section, name)
        if isinstance(value, Section):
            changes[name] = _filled(value, values, f"{whole}.")
        elif whole in values:
            changes[name] = values[whole]
    return msgspec.structs.replace(section, **changes)


def _project_layer(root: Path) -> Layer:
    own = toml_file(root / CONFIG_FILE, CONFIG_FILE)
    if own is None:
        origin = f"pyproject.toml [{'.'.join(PYPROJECT_TABLE)}]"
        own = toml_file(root / "pyproject.toml", origin, PYPROJECT_TABLE) or Layer()
    complaints, settings = list(own.complaints), []
    for setting in own.settings:
        allowed = _allowed_to_projects(setting)
        if allowed is None:
            settings.append(setting)
        else:
            complaints.append(Complaint(setting.name, setting.place, _USERS_CHOICE.format(allowed)))
    return Layer(settings, complaints)


def _allowed_to_projects(setting: Setting) -> str | None:
    """What a project's own file may say there, if it says something else; None for what it may say."""
    if _is_foreign_endpoint(setting):
        return "a loopback address"
    harmless = _HARMLESS.get(f"{setting.section}.{setting.key}")
    if harmless is None or setting.value in harmless:
        return None
    return " or ".join(map(_shown, harmless))


def _is_foreign_endpoint(setting: Setting) -> bool:
    """Whether it would send source text, and a key from the environment, to another machine."""
    if setting.key != "base_url" or not str(setting.value).startswith("http"):  # no URL: the model refuses it
        return False
    try:
        host = urlsplit(str(setting.value)).hostname or ""
        return "@" not in str(setting.value) and host != "localhost" and not ip_address(host).is_loopback
    except ValueError:  # it is no address but a name
        return True


def _user_layer() -> Layer:
    path = user_config_file()
    home = os.path.expanduser("~")
    shown = f"~{str(path)[len(home) :]}" if path.is_relative_to(home) else str(path)
    return toml_file(path, shown) or Layer()


def _bad_value(setting: Setting) -> Complaint:
    value = "…" if _may_be_secret(setting) else _shown(setting.value)
    reason = f"allowed is {allowed(setting.section, setting.key)}"
    return Complaint(f"{setting.name} = {value}", setting.place, reason)


def _may_be_secret(setting: Setting) -> bool:
    """Whoever takes a variable for its value has written a key there; a URL may hold a password."""
    return setting.key.endswith("_env") or (setting.key == "base_url" and "@" in str(setting.value))


def _config_error(complaints: Sequence[Complaint]) -> ConfigError:
    first, more = complaints[0], len(complaints) - 1
    hint = f"and {more} more mistake{'s' * (more > 1)}" if more else ""
    return ConfigError("use", f"{first.subject} from {first.place}", first.reason, hint)


def _shown(value: object) -> str:
    text = json.dumps(value, default=str)
    return text if len(text) <= _LONGEST_VALUE_SHOWN else f"{text[:_LONGEST_VALUE_SHOWN]}…"


def _literals(kind: Any) -> list[str]:
    """What a type names as its values, in its order, which a schema does not keep."""
    if isinstance(kind, str):
        return [kind]
    return [literal for part in get_args(kind) for literal in _literals(part)]


def _describe(schema: Mapping[str, Any], literals: list[str]) -> str:
    if "enum" in schema:
        choices = ", ".join(f'"{choice}"' for choice in sorted(schema["enum"], key=literals.index))
        return f"one of {choices}" if len(schema["enum"]) > 1 else choices
    if schema["type"] == "boolean":
        return "true or false"
    if schema["type"] == "array":
        return "a list of strings"
    if schema["type"] == "string":
        return _describe_text(schema)
    if "exclusiveMinimum" in schema:
        return f"a number above {schema['exclusiveMinimum']:g} and at most {schema['maximum']:_g}"
    whole = "whole " if schema["type"] == "integer" else ""
    return f"a {whole}number from {schema['minimum']:_} to {schema['maximum']:_}"


def _describe_text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "uri":
        return "a URL (http or https, without a password), or empty"
    if schema.get("format") == "variable":
        return "the name of a variable, or empty"
    return f"a text of at most {schema['maxLength']} characters"
