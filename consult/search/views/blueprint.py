"""The blueprint of the search's pages."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)
