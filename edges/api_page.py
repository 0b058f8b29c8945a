"""The page that shows an OpenAPI document, offline: its script and style come from an installed package."""

from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Final

from aiohttp import web

PAGE_PATH: Final = "/docs"
ASSETS_PACKAGE: Final = "swagger_ui"
CACHE_S: Final = 3600

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

_START: Final = """SwaggerUIBundle({
  url: "openapi.json", dom_id: "#api", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""

_ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page_routes() -> list[web.RouteDef]:
    """The page and what it loads."""
    return [
        web.get(PAGE_PATH, _fixed(_PAGE.encode(), "text/html")),
        web.get(f"{PAGE_PATH}/start.js", _fixed(_START.encode(), "text/javascript")),
        *(web.get(f"{PAGE_PATH}/{name}", _asset(name, kind)) for name, kind in _ASSETS.items()),
    ]


def _fixed(body: bytes, content_type: str) -> _Handler:
    async def show(_request: web.Request) -> web.Response:
        return _answer(body, content_type)

    return show


def _asset(name: str, content_type: str) -> _Handler:
    loaded: list[bytes] = []

    async def show(_request: web.Request) -> web.Response:
        if not loaded:
            loaded.append(resources.files(ASSETS_PACKAGE).joinpath("static", name).read_bytes())
        return _answer(loaded[0], content_type)

    return show


def _answer(body: bytes, content_type: str) -> web.Response:
    return web.Response(
        body=body,
        content_type=content_type,
        charset=None if content_type == "image/png" else "utf-8",
        headers={
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": f"private, max-age={CACHE_S}",
        },
    )
