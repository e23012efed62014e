"""What the fields of a dataclass mean: the text below each field, read from the source code."""

import ast
import dataclasses
import inspect
import textwrap


def field_docs(table: type) -> dict[str, str]:
    """The text below each field of a dataclass and of its bases, on one line."""
    docs: dict[str, str] = {}
    for base in reversed(table.__mro__):
        if dataclasses.is_dataclass(base):
            docs |= _docs_in(base)
    return docs


def _docs_in(table: type) -> dict[str, str]:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    assert isinstance(tree, ast.ClassDef)
    docs = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            docs[field.target.id] = " ".join(str(text.value.value).split())
    return docs
