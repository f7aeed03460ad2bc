"""The roles of all names in a logical line.

Follows the language reference's "Naming and binding" (section 4.2.1) and its grammar of statements (sections 7 and 8),
as far as tokens and brackets tell. Code that is no valid Python gets the roles it would have where it is.
"""

from __future__ import annotations

from remora_hub.syntax.expression_roles import ExpressionReader
from remora_hub.syntax.line import Line
from remora_hub.syntax.roles import Imported, Origin, Role, Roles


def read_roles(line: Line) -> Roles:
    """The roles of all names in a line."""
    reader = _StatementReader(line)
    reader.statements(0, len(line))
    return reader.roles


_AUGMENTING = frozenset(
    (b"+=", b"-=", b"*=", b"/=", b"//=", b"%=", b"@=", b"&=", b"|=", b"^=", b">>=", b"<<=", b"**=")
)


class _StatementReader(ExpressionReader):
    """Goes through one line, statement by statement."""

    def statements(self, first: int, last: int) -> None:
        """Simple statements between semicolons, or one compound statement with what follows its colon."""
        for begin, end in self._split(first, last, b";"):
            if begin < end:
                self._statement(begin, end)

    def _statement(self, first: int, last: int) -> None:
        head = self._texts[first]
        if head == b"async" and first + 1 < last:
            first += 1
            head = self._texts[first]
        method = _BY_KEYWORD.get(head)
        if method is not None:
            method(self, first, last)
        elif head == b"@":
            self._expression(first + 1, last)
        elif head in _BY_SOFT_KEYWORD and self._is_soft_keyword(head, first, last):
            _BY_SOFT_KEYWORD[head](self, first, last)
        else:
            self._simple(first, last)

    def _is_soft_keyword(self, head: bytes, first: int, last: int) -> bool:
        following = self._texts[first + 1] if first + 1 < last else b""
        if head == b"type":
            return (
                first + 2 < last and self._line.is_name(first + 1) and self._texts[first + 2] in (b"=", b"[")
            )
        if following in (b"", b":", b"=", b".", b",", b")"):
            return False
        colon = self._find(b":", first, last)
        return colon < last and (head == b"case" or colon == last - 1)

    # Compound statements.

    def _function(self, first: int, last: int) -> None:
        self._definition(first, last, Role.FUNCTION)

    def _class(self, first: int, last: int) -> None:
        self._definition(first, last, Role.CLASS)

    def _definition(self, first: int, last: int, role: Role) -> None:
        name = first + 1
        if name >= last or not self._line.is_name(name):
            return
        self._by_token[name] = role
        position = name + 1
        if position < last and self._texts[position] == b"[":
            closing = min(self._line.closing(position), last)
            self._parameters(position + 1, closing, Role.TYPE_PARAMETER)
            position = closing + 1
        if position < last and self._texts[position] == b"(":
            closing = min(self._line.closing(position), last)
            if role is Role.FUNCTION:
                self._parameters(position + 1, closing, Role.PARAMETER)
            else:
                self.roles.bases = (position + 1, closing)
                self._expression(position + 1, closing, is_call=True)
            position = closing + 1
        colon = self._find(b":", position, last)
        if position < colon and self._texts[position] == b"->":
            self.roles.returns = (position + 1, colon)
            self._expression(position + 1, colon)
        self.roles.header_end = colon
        self.statements(colon + 1, last)

    def _if(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        self._expression(first + 1, colon)
        self.statements(colon + 1, last)

    def _for(self, first: int, last: int) -> None:
        within = self._find(b"in", first, last)
        colon = self._find(b":", within, last)
        self._targets(first + 1, within, Role.LOOPED, Origin((within + 1, colon)))
        self._expression(within + 1, colon)
        self.statements(colon + 1, last)

    def _with(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        items = (first + 1, colon)
        opening = first + 1
        if opening < colon and self._texts[opening] == b"(" and self._line.closing(opening) == colon - 1:
            items = (opening + 1, colon - 1)
        for begin, end in self._split(*items, b","):
            target = self._find(b"as", begin, end)
            self._expression(begin, target)
            self._targets(target + 1, end, Role.MANAGED, Origin((begin, target)))
        self.statements(colon + 1, last)

    def _except(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        target = self._find(b"as", first, colon)
        begin = first + 2 if first + 1 < last and self._texts[first + 1] == b"*" else first + 1
        self._expression(begin, target)
        self._targets(target + 1, colon, Role.CAUGHT, Origin((begin, target)))
        self.statements(colon + 1, last)

    def _match(self, first: int, last: int) -> None:
        self._expression(first + 1, last - 1)

    def _case(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        guard = self._find(b"if", first, colon)
        for index in range(first + 1, guard):
            if not self._line.is_name(index):
                continue
            following = self._texts[index + 1]
            if self._texts[index - 1] == b".":
                role = Role.ATTRIBUTE
            elif following == b"=":
                role = Role.KEYWORD
            elif following in (b".", b"(") or self._texts[index] == b"_":
                role = Role.READ
            else:
                role = Role.CAPTURED
            self._by_token[index] = role
        self._expression(guard + 1, colon)
        self.statements(colon + 1, last)

    # Simple statements.

    def _simple(self, first: int, last: int) -> None:
        level = self._outside_lambdas(first, last)
        texts = self._texts
        equals = [index for index in level if texts[index] == b"="]
        before_value = equals[0] if equals else last
        colon = next((index for index in level if texts[index] == b":" and index < before_value), last)
        if colon < last:
            value = (before_value + 1, last) if equals else None
            self._targets(first, colon, Role.ANNOTATED, Origin(value, (colon + 1, before_value)))
            self._expression(colon + 1, last)
        elif equals:
            begin = first
            for end in equals:
                self._targets(begin, end, Role.ASSIGNED, Origin((equals[-1] + 1, last)))
                begin = end + 1
            self._expression(begin, last)
        else:
            operator = next((index for index in level if texts[index] in _AUGMENTING), first)
            if operator > first:
                self._targets(first, operator, Role.AUGMENTED, Origin((operator + 1, last)))
            self._expression(operator, last)

    def _outside_lambdas(self, first: int, last: int) -> list[int]:
        """The tokens in no bracket, less those between ``lambda`` and its colon."""
        found = []
        index = first
        while index < last:
            if self._texts[index] == b"lambda":
                index = self._find(b":", index + 1, last)
            elif self._line.partner[index] > index:
                index = self._line.partner[index]
            else:
                found.append(index)
            index += 1
        return found

    def _names(self, first: int, last: int) -> None:
        role = Role.GLOBAL if self._texts[first] == b"global" else Role.NONLOCAL
        for index in range(first + 1, last):
            if self._line.is_name(index):
                self._by_token[index] = role

    def _del(self, first: int, last: int) -> None:
        self._targets(first + 1, last, Role.DELETED, Origin())

    def _type(self, first: int, last: int) -> None:
        self._by_token[first + 1] = Role.TYPE_ALIAS
        equals = self._find(b"=", first, last)
        self.roles.origins[first + 1] = Origin((equals + 1, last))
        if self._texts[first + 2] == b"[":
            self._parameters(first + 3, min(self._line.closing(first + 2), equals), Role.TYPE_PARAMETER)
        self._expression(equals + 1, last)

    def _import(self, first: int, last: int) -> None:
        for begin, end in self._split(first + 1, last, b","):
            alias = self._find(b"as", begin, end)
            module = ""
            for index in range(begin, alias):
                if self._line.is_name(index):
                    module = f"{module}.{self._text(index)}" if module else self._text(index)
                    self._by_token[index] = Role.IMPORT_PATH
                    self.roles.imports[index] = Imported(module)
            bound = alias + 1 if alias + 1 < end else begin
            if bound < end and self._line.is_name(bound):
                self._by_token[bound] = Role.IMPORTED
                self.roles.imports.setdefault(bound, Imported(module))

    def _from(self, first: int, last: int) -> None:
        importing = self._find(b"import", first, last)
        level, module = 0, ""
        for index in range(first + 1, importing):
            text = self._texts[index]
            if self._line.is_name(index):
                module = f"{module}.{self._text(index)}" if module else self._text(index)
                self._by_token[index] = Role.IMPORT_PATH
                self.roles.imports[index] = Imported(module, level)
            elif not module:
                level += text.count(b".")
        names = (importing + 1, last)
        if importing + 1 < last and self._texts[importing + 1] == b"(":
            names = (importing + 2, min(self._line.closing(importing + 1), last))
        for begin, end in self._split(*names, b","):
            if begin >= end or not self._line.is_name(begin):
                continue
            imported = Imported(module, level, self._text(begin))
            bound = begin + 2 if begin + 2 < end and self._texts[begin + 1] == b"as" else begin
            for index in (begin, bound):
                self._by_token[index] = Role.IMPORT_PATH
                self.roles.imports[index] = imported
            self._by_token[bound] = Role.IMPORTED


_BY_KEYWORD = {
    b"def": _StatementReader._function,
    b"class": _StatementReader._class,
    b"if": _StatementReader._if,
    b"elif": _StatementReader._if,
    b"while": _StatementReader._if,
    b"else": _StatementReader._if,
    b"try": _StatementReader._if,
    b"finally": _StatementReader._if,
    b"for": _StatementReader._for,
    b"with": _StatementReader._with,
    b"except": _StatementReader._except,
    b"global": _StatementReader._names,
    b"nonlocal": _StatementReader._names,
    b"del": _StatementReader._del,
    b"import": _StatementReader._import,
    b"from": _StatementReader._from,
}
_BY_SOFT_KEYWORD = {
    b"match": _StatementReader._match,
    b"case": _StatementReader._case,
    b"type": _StatementReader._type,
}
