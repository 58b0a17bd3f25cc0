"""Makes a site of Markdown that is written to be read in the repository.

Pages outside of ``docs/`` become pages of the site, links between all of them are corrected, and links to
sources, which the site does not have, become plain text.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "SECURITY.md": "SECURITY.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "tensorboard_plugin/http_api.md": "http_api.md",
}
"""Path in the repository -> path in the site."""
_HOME = {site: repository for repository, site in OUTSIDE.items()}
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")
_ATTRIBUTE = re.compile(r'\b(src|srcset|href)="([^"]+)"')


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages that lie outside of ``docs/``."""
    for repository, site in OUTSIDE.items():
        files.append(File.generated(config, site, abs_src_path=str(ROOT / repository)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Corrects the links of one page."""
    uri = page.file.src_uri
    source = _HOME.get(uri, f"docs/{uri}")

    def link(match: re.Match[str]) -> str:
        image, text, target = match.groups()
        found = _in_site(target, source, uri)
        return text if found is None else f"{image}[{text}]({found})"

    def attribute(match: re.Match[str]) -> str:
        return f'{match[1]}="{_in_site(match[2], source, uri) or match[2]}"'

    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if index % 2 else _ATTRIBUTE.sub(attribute, _LINK.sub(link, part)) for index, part in enumerate(parts)
    )


def _in_site(target: str, source: str, uri: str) -> str | None:
    """Returns a link's target as of the page `uri` of the site, None if the site does not have it."""
    path, _, anchor = target.partition("#")
    if not path or "://" in path:
        return target
    repository = os.path.normpath(os.path.join(os.path.dirname(source), path))
    site = OUTSIDE.get(repository)
    if site is None:
        if not repository.startswith("docs/") or not (ROOT / repository).exists():
            return None
        site = repository.removeprefix("docs/")
    relative = os.path.relpath(site, os.path.dirname(uri) or ".")
    return f"{relative}#{anchor}" if anchor else relative
