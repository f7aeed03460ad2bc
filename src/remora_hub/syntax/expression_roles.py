"""The roles of the names in expressions, parameters and targets (language reference, sections 6 and 7.2)."""

from __future__ import annotations

from remora_hub.syntax.line import Line
from remora_hub.syntax.roles import InnerScope, Origin, Role, Roles, TokenSpan


class ExpressionReader:
    """Notes the roles of names in one line. Every method takes the tokens from ``first`` to before ``last``."""

    def __init__(self, line: Line) -> None:
        self.roles = Roles(line)
        self._line = line
        self._texts = line.texts
        self._by_token = self.roles.by_token

    def _targets(self, first: int, last: int, role: Role, origin: Origin) -> None:
        """Names in what is assigned to; a tuple's or list's ones are unpacked."""
        pieces = list(self._split(first, last, b","))
        for number, (begin, end) in enumerate(pieces):
            if begin >= end:
                continue
            deeper = origin
            if len(pieces) > 1:
                deeper = Origin(origin.value, origin.annotation, (*origin.unpacked, number))
            self._target(begin, end, role, deeper)

    def _target(self, first: int, last: int, role: Role, origin: Origin) -> None:
        if self._texts[first] == b"*":
            first += 1
        if first >= last:
            return
        if self._texts[first] in (b"(", b"[") and self._line.closing(first) >= last - 1:
            inside = (first + 1, min(self._line.closing(first), last))
            if self._texts[first] == b"[" and self._find(b",", *inside) == inside[1]:
                origin = Origin(origin.value, origin.annotation, (*origin.unpacked, 0))
            self._targets(*inside, role, origin)
            return
        if first + 1 == last and self._line.is_name(first):
            self._by_token[first] = role
            self.roles.origins[first] = origin
            return
        self._expression(first, last)
        if self._by_token.get(last - 1) is Role.ATTRIBUTE and role is not Role.DELETED:
            self.roles.stores.add(last - 1)
            self.roles.origins[last - 1] = origin

    def _expression(self, first: int, last: int, *, is_call: bool = False) -> None:
        texts, by_token, partner = self._texts, self._by_token, self._line.partner
        index = first
        while index < last:
            text = texts[index]
            if partner[index] > index:
                self._bracket(index, min(partner[index], last))
                index = partner[index]
            elif text == b"lambda":
                index = self._lambda(index, last)
                continue
            elif self._line.is_name(index):
                before = texts[index - 1] if index else b""
                following = texts[index + 1] if index + 1 < last else b""
                if before == b".":
                    by_token[index] = Role.ATTRIBUTE
                elif following == b"=" and is_call and before in (b"(", b","):
                    by_token[index] = Role.KEYWORD
                elif following == b":=":
                    by_token[index] = Role.WALRUS
                    end = self._find(b",", index, last)
                    self.roles.origins[index] = Origin((index + 2, end))
                else:
                    by_token[index] = Role.READ
            index += 1

    def _bracket(self, opening: int, closing: int) -> None:
        looping = self._find(b"for", opening + 1, closing)
        if looping < closing and self._texts[opening] != b'"':
            self._comprehension(opening, looping, closing)
        else:
            is_call = self._texts[opening] == b"(" and self._line.ends_operand(opening - 1)
            self._expression(opening + 1, closing, is_call=is_call)

    def _comprehension(self, opening: int, looping: int, closing: int) -> None:
        clauses = [
            index
            for index in self._line.at_level(looping, closing)
            if self._texts[index] in (b"for", b"if", b"async")
        ]
        scope: InnerScope | None = None
        for clause, end in zip(clauses, [*clauses[1:], closing], strict=True):
            if self._texts[clause] == b"for":
                within = self._find(b"in", clause, end)
                if scope is None:
                    scope = InnerScope(Role.COMPREHENDED, (opening + 1, closing), (within + 1, end))
                    self.roles.inner.append(scope)
                self._targets(clause + 1, within, Role.COMPREHENDED, Origin((within + 1, end)))
                scope.names.update(
                    self._texts[index]
                    for index in range(clause + 1, within)
                    if self._by_token.get(index) is Role.COMPREHENDED
                )
                self._expression(within + 1, end)
            else:
                self._expression(clause + 1, end)
        self._expression(opening + 1, looping)

    def _lambda(self, first: int, last: int) -> int:
        """One lambda expression; the token behind it."""
        colon = self._find(b":", first + 1, last)
        self._parameters(first + 1, colon, Role.LAMBDA_PARAMETER)
        end = self._find(b",", colon + 1, last)
        names = {
            self._texts[index]
            for index in range(first + 1, colon)
            if self._by_token.get(index) is Role.LAMBDA_PARAMETER
        }
        self.roles.inner.append(InnerScope(Role.LAMBDA_PARAMETER, (colon + 1, end), names=names))
        self._expression(colon + 1, end)
        return end

    def _find(self, text: bytes, first: int, last: int) -> int:
        """The first token ``text`` in no bracket or lambda's head behind ``first``; ``last`` if there is none."""
        texts, partner = self._texts, self._line.partner
        index = first
        while index < last:
            if texts[index] == text:
                return index
            if texts[index] == b"lambda":
                index = self._find(b":", index + 1, last)
            index = max(partner[index], index) + 1 if index < last else last
        return last

    def _split(self, first: int, last: int, separator: bytes) -> list[TokenSpan]:
        pieces = []
        while (end := self._find(separator, first, last)) < last:
            pieces.append((first, end))
            first = end + 1
        if first < last or not pieces:
            pieces.append((first, last))
        return pieces

    def _text(self, index: int) -> str:
        return self._texts[index].decode("utf-8", "replace")

    def _parameters(self, first: int, last: int, role: Role) -> None:
        for begin, end in self._split(first, last, b","):
            name = begin
            while name < end and self._texts[name] in (b"*", b"**"):
                name += 1
            if name >= end or not self._line.is_name(name):
                continue
            equals = self._find(b"=", name, end)
            colon = self._find(b":", name, equals)
            self._by_token[name] = role
            self.roles.origins[name] = Origin(
                (equals + 1, end) if equals < end else None,
                (colon + 1, equals) if colon < equals else None,
            )
            if role is Role.PARAMETER:
                self.roles.parameters.append(name)
            self._expression(name + 1, end)
