from __future__ import annotations

import pytest

from remora_hub.query.words import telling_words, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("get_http_response", ["get", "http", "response"]),
        ("getHTTPResponse", ["get", "http", "response"]),
        ("HTTPServer2Factory", ["http", "server", "2", "factory"]),
        ("__init__", ["init"]),
        ("MAX_SIZE", ["max", "size"]),
        ("größe_ändern", ["größe", "ändern"]),
        ("where are retries configured?", ["where", "are", "retries", "configured"]),
        ("", []),
    ],
)
def test_identifiers_and_prose_are_taken_apart_alike(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_question_is_about_its_telling_words() -> None:
    assert telling_words("Where are the retries of a Retry configured, and where not?") == [
        "retries",
        "retry",
        "configured",
        "not",
    ]


def test_a_question_without_any_is_about_all_of_them() -> None:
    assert telling_words("who is it") == ["who", "is", "it"]
