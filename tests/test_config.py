from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remora_hub.config import (
    HubConfig,
    LoadedConfig,
    allowed,
    has_ignored_table,
    load_config,
    section_models,
    values_by_name,
)
from remora_hub.errors import ConfigError

DOCUMENTED = Path(__file__).parents[1] / "config" / "remora-hub.toml"
KEYS = [(section, key) for section, model in section_models().items() for key in model.__struct_fields__]


@pytest.fixture(autouse=True)
def user_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "config" / "remora-hub" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    return directory


def load(
    root: Path, toml: str = "", environ: dict[str, str] | None = None, **overrides: object
) -> LoadedConfig:
    if toml:
        (root / "remora-hub.toml").write_text(toml)
    return load_config(root, overrides, environ or {})


def refusal(root: Path, toml: str = "", environ: dict[str, str] | None = None, **overrides: object) -> str:
    with pytest.raises(ConfigError) as caught:
        load(root, toml, environ, **overrides)
    assert caught.value.exit_code == 78
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


# the documented file


def test_the_documented_file_holds_every_key_at_its_default() -> None:
    documented = tomllib.loads(DOCUMENTED.read_text())
    assert documented == msgspec.json.decode(msgspec.json.encode(HubConfig()))
    assert list(_flat(documented)) == [f"{section}.{key}" for section, key in KEYS]


def _flat(table: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, content in table.items():
        if isinstance(content, dict):
            yield from _flat(content, f"{prefix}{name}.")
        else:
            yield prefix + name


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_the_comment_above_each_key_says_what_the_model_says(section: str, key: str) -> None:
    comment: list[str] = []
    of_section = DOCUMENTED.read_text().split(f"\n[{section}]\n")[1]
    for line in of_section.splitlines():
        if line.startswith(f"{key} = "):
            break
        comment = [*comment, line.removeprefix("# ")] if line.startswith("# ") else []
    kind = next(
        field.type for field in msgspec.structs.fields(section_models()[section]) if field.name == key
    )
    description = msgspec.json.schema(kind)["description"]
    assert description
    assert " ".join(comment) == f"{description}. Allowed: {allowed(section, key)}."


def test_the_documented_file_can_be_used_as_it_is(root: Path) -> None:
    loaded = load(root, DOCUMENTED.read_text())
    assert loaded.config == HubConfig()
    assert set(loaded.origins.values()) == {"remora-hub.toml"}


def test_key_names_are_unique_across_sections_but_those_inside_another_one() -> None:
    keys = [key for section, key in KEYS if "." not in section]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set(section_models())


def test_the_configuration_is_frozen() -> None:
    config = HubConfig()
    with pytest.raises(AttributeError, match="immutable"):
        config.index.max_indexing_workers = 1  # type: ignore[misc]  # that it is refused is the point


# layering


def test_each_source_gives_way_to_the_one_before_it(root: Path, user_file: Path) -> None:
    user_file.write_text(
        "[index]\nmax_indexing_workers = 1\nlane_idle_s = 1\n[store]\nbatch_ms = 1\nbatch_files = 1\n"
    )
    toml = "[index]\nmax_indexing_workers = 2\nlane_idle_s = 2\n[store]\nbatch_ms = 2\n"
    environ = {"REMORA_HUB_INDEX__MAX_INDEXING_WORKERS": "3", "REMORA_HUB_LANE_IDLE_S": "3"}
    loaded = load(root, toml, environ, max_indexing_workers=4)
    assert loaded.config.index.max_indexing_workers == 4
    assert loaded.config.index.lane_idle_s == 3
    assert loaded.config.store.batch_ms == 2
    assert loaded.config.store.batch_files == 1
    assert loaded.config.changes.max_change_workers == 4
    assert loaded.origins["index.max_indexing_workers"] == "command line"
    assert loaded.origins["index.lane_idle_s"] == "REMORA_HUB_LANE_IDLE_S"
    assert loaded.origins["store.batch_ms"] == "remora-hub.toml"
    assert loaded.origins["store.batch_files"] == str(user_file)
    assert loaded.origins["changes.max_change_workers"] == "default"


def test_the_table_in_pyproject_is_read_unless_the_file_beside_it_exists(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.remora-hub.watch]\ndebounce_ms = 7\n[tool.other]\nx = 1\n")
    loaded = load(root)
    assert loaded.config.watch.debounce_ms == 7
    assert loaded.origins["watch.debounce_ms"] == "pyproject.toml [tool.remora-hub]"
    assert not has_ignored_table(root)
    assert load(root, "[watch]\nstep_ms = 1\n").config.watch.debounce_ms == 50
    assert has_ignored_table(root)


def test_the_users_file_below_the_home_directory_is_shown_with_a_tilde(
    root: Path, tmp_path: Path, user_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    user_file.write_text('[logs]\nlevel = "debug"\n')
    assert load(root).origins["logs.level"] == "~/config/remora-hub/config.toml"


def test_the_longer_name_of_an_environment_variable_wins(root: Path) -> None:
    environ = {"REMORA_HUB_LOGS__LEVEL": "debug", "REMORA_HUB_LEVEL": "error"}
    assert load(root, environ=environ).config.logs.level == "debug"
    assert load(root, environ=dict(reversed(environ.items()))).config.logs.level == "debug"


@pytest.mark.parametrize(
    ("variable", "text", "value"),
    [
        ("PARSE_LANES", "auto", "auto"),
        ("PARSE_LANES", "3", 3),
        ("PARSE_TIMEOUT_S", "1", 1.0),
        ("RESPECT_GIT_IGNORES", "false", False),
        ("EXCLUDE", '["a/**", "b"]', ("a/**", "b")),
        ("BACKPRESSURE", "block", "block"),
    ],
)
def test_text_from_the_environment_becomes_a_value_of_the_keys_type(
    root: Path, variable: str, text: str, value: object
) -> None:
    config = load(root, environ={f"REMORA_HUB_{variable}": text}).config
    section = next(section for section, key in KEYS if key == variable.lower())
    assert getattr(getattr(config, section), variable.lower()) == value


def test_overrides_are_read_by_either_name_and_from_text(root: Path) -> None:
    loaded = load_config(root, {"store.batch_ms": "20", "level": "debug"}, {})
    assert loaded.config.store.batch_ms == 20
    assert loaded.config.logs.level == "debug"


# sections inside another one


@pytest.mark.parametrize(
    ("toml", "environ", "overrides"),
    [
        ("[enrich.embed]\nenabled = true", {}, {}),
        ("[enrich]\nembed = {enabled = true}", {}, {}),
        ("", {"REMORA_HUB_ENRICH__EMBED__ENABLED": "true"}, {}),
        ("", {}, {"enrich.embed.enabled": "true"}),
    ],
)
def test_a_key_of_an_inner_section_is_set_by_its_whole_name(
    root: Path, toml: str, environ: dict[str, str], overrides: dict[str, object]
) -> None:
    loaded = load(root, toml, environ, **overrides)
    assert loaded.config.enrich.embed.enabled
    assert not loaded.config.enrich.summarize.enabled
    assert loaded.origins["enrich.embed.enabled"] != "default"
    assert values_by_name(loaded.config)["enrich.embed.enabled"] is True


@pytest.mark.parametrize(
    ("toml", "environ", "overrides", "said"),
    [
        ("[enrich.embed]\nenable = true", {}, {}, "enrich.embed.enabled"),
        ("[enrich]\nembed = 1", {}, {}, "must be a table"),
        ("enrich = 1", {}, {}, "must be a table"),
        ("[enrich.embde]\nenabled = true", {}, {}, "did you mean enrich.embed"),
        ("", {"REMORA_HUB_MAX_WORKERS": "1"}, {}, "there is no such key"),
        ("", {}, {"max_workers": "1"}, "there is no such key"),
        ("[enrich.embed]\nmax_workers = 0", {}, {}, "enrich.embed.max_workers = 0"),
        (
            '[enrich.embed]\nbase_url = "ftp://host"',
            {},
            {},
            "a URL (http or https, without a password), or empty",
        ),
        ("[enrich.summarize]\nmax_cost = -1", {}, {}, "a number from 0 to 1_000_000"),
        ('[enrich.summarize]\nprovider = "other"', {}, {}, '"openai", "anthropic", "google", "local"'),
    ],
)
def test_a_mistake_in_an_inner_section_is_named(
    root: Path, toml: str, environ: dict[str, str], overrides: dict[str, object], said: str
) -> None:
    assert said in refusal(root, toml, environ, **overrides)


def test_a_key_written_where_its_variable_belongs_is_not_repeated(root: Path, user_file: Path) -> None:
    user_file.write_text('[enrich.embed]\napi_key_env = "sk-secret-0123"\n')
    sentence = refusal(root)
    assert "sk-secret" not in sentence
    assert "the name of a variable" in sentence
    sentence = refusal(root, '[enrich.embed]\nbase_url = "https://me:sk-secret@example.com/v1"\n')
    assert "sk-secret" not in sentence
    assert "without a password" in sentence


def test_a_project_does_not_choose_where_its_text_and_the_users_key_are_sent(
    root: Path, user_file: Path
) -> None:
    toml = '[enrich.embed]\nbase_url = "{}"\n'
    for foreign in ("https://api.example.com/v1", "http://127.0.0.1.example.com/v1", "http://10.0.0.1/v1"):
        assert "must not choose" in refusal(root, toml.format(foreign))
        user_file.write_text(toml.format(foreign))
        (root / "remora-hub.toml").unlink()
        assert load(root).config.enrich.embed.base_url == foreign
    for own in ("http://127.0.0.1:8000/v1", "http://localhost:8000/v1", "http://[::1]:8000/v1"):
        assert load(root, toml.format(own)).config.enrich.embed.base_url == own


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("summarize", "model", "gpt-5"),
        ("summarize", "api_key_env", "DEPLOY_TOKEN"),
        ("embed", "api_key_env", "DEPLOY_TOKEN"),
    ],
)
def test_a_projects_file_cannot_have_its_text_or_a_secret_sent_to_a_provider(
    root: Path, user_file: Path, section: str, key: str, value: str
) -> None:
    toml = f'[enrich.{section}]\n{key} = "{value}"\n'
    assert "must not choose" in refusal(root, toml)
    user_file.write_text(toml)
    (root / "remora-hub.toml").unlink()
    assert getattr(getattr(load(root).config.enrich, section), key) == value


# refusals


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        (
            "[index]\nmax_indexing_workers = 0",
            ["index.max_indexing_workers = 0", "whole number from 1 to 64"],
        ),
        ("[index]\nmax_indexing_workers = 65", ["= 65", "whole number from 1 to 64"]),
        ("[index]\nmax_indexing_workers = true", ["= true", "whole number from 1 to 64"]),
        ('[index]\nmax_indexing_workers = "8"', ['= "8"', "whole number from 1 to 64"]),
        ("[index]\nmax_indexing_workers = 2.5", ["= 2.5", "whole number from 1 to 64"]),
        (
            '[index]\nparse_lanes = "many"',
            ['index.parse_lanes = "many"', '"auto" or a whole number from 1 to 64'],
        ),
        ("[index]\nparse_timeout_s = inf", ["index.parse_timeout_s", "above 0"]),
        ('[changes]\nbackpressure = "drop"', ["changes.backpressure", '"reconcile", "block", "shed_oldest"']),
        ('[discovery]\nexclude = "a"', ['discovery.exclude = "a"', "a list of strings"]),
        ("[discovery]\nrespect_git_ignores = 1", ["respect_git_ignores = 1", "true or false"]),
    ],
)
def test_a_bad_value_names_the_file_the_key_the_value_and_what_is_allowed(
    root: Path, toml: str, said: list[str]
) -> None:
    sentence = refusal(root, toml)
    for part in [str(root / "remora-hub.toml"), *said]:
        assert part in sentence


def test_a_bad_value_in_the_environment_names_the_variable(root: Path) -> None:
    sentence = refusal(root, environ={"REMORA_HUB_MAX_CHANGE_WORKERS": "none"})
    assert 'changes.max_change_workers = "none"' in sentence
    assert "REMORA_HUB_MAX_CHANGE_WORKERS" in sentence
    assert "whole number from 1 to 64" in sentence


@pytest.mark.parametrize("name", ["REMORA_HUB_LEVEL", "REMORA_HUB_MAX_FILE_BYTES", "REMORA_HUB_EXCLUDE"])
def test_a_value_that_is_not_utf_8_is_refused(root: Path, name: str) -> None:
    assert name in refusal(root, environ={name: '["\udcff"]' if name.endswith("EXCLUDE") else "\udcff"})


def test_a_bad_value_on_the_command_line_names_the_option(root: Path) -> None:
    assert "--set batch_ms" in refusal(root, batch_ms=0)


def test_a_bad_value_in_pyproject_names_the_table(root: Path) -> None:
    (root / "pyproject.toml").write_text("[tool.remora-hub.watch]\ndebounce_ms = 0\n")
    assert f"{root / 'pyproject.toml'} [tool.remora-hub]" in refusal(root)


def test_a_bad_value_that_a_stronger_source_replaces_does_no_harm(root: Path) -> None:
    loaded = load(root, "[store]\nbatch_ms = 0\n", {"REMORA_HUB_BATCH_MS": "9"})
    assert loaded.config.store.batch_ms == 9


def test_several_mistakes_are_counted_after_the_first(root: Path) -> None:
    sentence = refusal(root, '[store]\nbatch_ms = 0\nbatch_files = 0\nbatch = 1\n[logs]\nlevel = "loud"\n')
    assert sentence.endswith("(and 3 more mistakes)")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[index]\nmax_indexing_worker = 1", "index.max_indexing_workers"),
        ("[store]\nmax_indexing_workers = 1", "index.max_indexing_workers"),
        ("max_indexing_workers = 1", "index.max_indexing_workers"),
        ("[indx]\nx = 1", "did you mean index"),
        ("index = 1", "must be a table"),
    ],
)
def test_an_unknown_key_is_refused_and_the_likely_one_named(root: Path, toml: str, said: str) -> None:
    assert said in refusal(root, toml)


def test_an_unknown_variable_with_the_hubs_prefix_is_refused(root: Path) -> None:
    sentence = refusal(root, environ={"REMORA_HUB_MAX_CHANGE_WORKER": "1"})
    assert "did you mean REMORA_HUB_MAX_CHANGE_WORKERS" in sentence


def test_a_file_that_is_not_toml_is_refused_with_its_line(root: Path) -> None:
    sentence = refusal(root, "[index]\nmax_indexing_workers == 2\n")
    assert str(root / "remora-hub.toml") in sentence
    assert "line 2" in sentence


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[index]\nx = '\xff'"])
def test_a_file_that_is_not_utf8_is_refused(root: Path, content: bytes) -> None:
    (root / "remora-hub.toml").write_bytes(content)
    assert "not valid TOML" in refusal(root)


def test_a_file_that_cannot_be_read_is_refused(root: Path) -> None:
    (root / "remora-hub.toml").mkdir()
    assert "Is a directory" in refusal(root)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [_fifo, _endless])
def test_what_would_never_end_is_not_read(root: Path, make: Callable[[Path], None]) -> None:
    make(root / "remora-hub.toml")
    assert "not a regular file" in refusal(root)


@pytest.mark.parametrize(
    ("toml", "said"), [("#" * (5 << 20), "bytes"), (f"a = {'[' * 100_000}", "nested too deeply")]
)
def test_a_file_built_to_exhaust_the_reader_is_refused(root: Path, toml: str, said: str) -> None:
    assert said in refusal(root, toml)
