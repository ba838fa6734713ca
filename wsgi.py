"""The application object for servers and for the `flask` command."""

from consult.app import create_app

app = create_app()
