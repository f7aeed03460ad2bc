"""Which definitions have which words, and in what order they come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from remora_hub.store.word_index import IndexedNode, NodeWords, Wanted, WordIndex, accepted


def words(path: str, suffix: str, name: str, docstring: str = "", outer: str = "") -> NodeWords:
    node = IndexedNode(path, suffix, "function", 1, 4, is_test=False, docstring=docstring or None)
    return NodeWords(node, name, outer, path.removesuffix(".py"), docstring)


@pytest.fixture
def index() -> Iterator[WordIndex]:
    made = WordIndex()
    made.replace(
        "mail.py",
        [
            words("mail.py", "send_mail", "send mail", "deliver a message"),
            words("mail.py", "Retry.wait", "wait", "how long to retry", outer="retry"),
        ],
    )
    made.replace("locks.py", [words("locks.py", "acquire", "acquire", "retries until the lock is free")])
    yield made
    made.close()


def found(index: WordIndex, *asked: str) -> list[str]:
    return [hit.node.suffix for hit in index.search(asked)]


def test_a_word_of_the_name_counts_more_than_one_of_the_docstring(index: WordIndex) -> None:
    index.replace("post.py", [words("post.py", "stamp", "stamp", "what send mail puts on")])
    assert found(index, "send", "mail")[0] == "send_mail"
    assert "stamp" in found(index, "send", "mail")


def test_forms_of_a_word_are_one(index: WordIndex) -> None:
    assert set(found(index, "retrying")) == {"Retry.wait", "acquire"}


def test_a_beginning_stands_for_the_words_that_nobody_wrote_out(index: WordIndex) -> None:
    assert found(index, "acqui") == ["acquire"]


def test_a_misspelt_word_stands_for_those_like_it(index: WordIndex) -> None:
    assert found(index, "mesage") == ["send_mail"]


def test_a_word_that_is_like_none_finds_nothing(index: WordIndex) -> None:
    assert found(index, "zebra") == []
    assert found(index) == []


@pytest.mark.parametrize("hostile", ['"', "a OR b", "name:", "*", "NEAR(", "-", "'"])
def test_nothing_in_a_word_is_syntax(index: WordIndex, hostile: str) -> None:
    assert found(index, hostile) in ([], ["send_mail"])


def test_it_says_whether_names_or_text_have_a_word(index: WordIndex) -> None:
    by_suffix = {hit.node.suffix: hit.node for hit in index.search(["retry"])}
    assert index.parts_with(["retry"], by_suffix["Retry.wait"]) == (True, True)
    assert index.parts_with(["retry"], by_suffix["acquire"]) == (False, True)
    assert index.parts_with(["acqui"], by_suffix["acquire"]) == (True, False)
    assert index.parts_with(["zebra"], by_suffix["acquire"]) == (False, False)


def test_a_file_is_replaced_whole(index: WordIndex) -> None:
    index.replace("mail.py", [words("mail.py", "receive", "receive")])
    assert found(index, "send") == []
    assert found(index, "receive") == ["receive"]
    index.replace("mail.py", [])
    assert found(index, "receive") == []
    assert len(index) == 1
    assert index.node("mail.py", "receive") is None
    assert index.node("locks.py", "acquire") is not None


def test_only_what_is_accepted_is_counted(index: WordIndex) -> None:
    hits = accepted(index.search(["retry"]), lambda node: node.path == "locks.py", 1)
    assert [hit.node.suffix for hit in hits] == ["acquire"]


def test_it_lists_the_places_that_are_wanted(index: WordIndex) -> None:
    assert ("locks.py", "acquire") in index.places(Wanted())
    assert index.places(Wanted(is_path=lambda path: path == "locks.py")) == [("locks.py", "acquire")]
    assert index.places(Wanted(kind="module")) == []
