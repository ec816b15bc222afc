"""Readable YAML: keys in their order, texts of several lines as blocks."""

from collections.abc import Sequence

import yaml


class _Dumper(yaml.SafeDumper):
    """PyYAML's own, but without anchors and with blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def yaml_text(content: object) -> str:
    """One document, ending in a newline."""
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def yaml_documents(documents: Sequence[object]) -> str:
    """Several documents, each begun by `---`."""
    return "".join(f"---\n{yaml_text(document)}" for document in documents)
