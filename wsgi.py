"""The application object for servers and for the `flask` command."""

import sys

from config import ConfigError
from consult.app import create_app

try:
    app = create_app()
except ConfigError as error:
    for sentence in error.errors:
        print(f"settings: {sentence}", file=sys.stderr)  # noqa: T201 - there is no log yet
    sys.exit(2)
