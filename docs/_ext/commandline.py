"""The directive ``command-line``: the help of every command, as it is printed."""

import argparse
import os
from contextlib import redirect_stdout
from io import StringIO

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from fairrep._cli.main import COMMANDS, main


def help_of(*arguments):
    os.environ.update(COLUMNS="80", PYTHON_COLORS="0")
    text = StringIO()
    try:
        with redirect_stdout(text):
            main([*arguments, "--help"])
    except SystemExit:
        pass
    return text.getvalue()


def command_names():
    commands = argparse.ArgumentParser().add_subparsers()
    for add_command in COMMANDS:
        add_command(commands)
    return list(commands.choices)


class CommandLine(SphinxDirective):
    def run(self):
        sections = []
        for name in command_names():
            title = f"fairrep {name}"
            section = nodes.section(ids=[nodes.make_id(title)], names=[title])
            text = help_of(name)
            section += nodes.title(text=title)
            section += nodes.literal_block(text, text, language="none")
            sections.append(section)
        return sections


def setup(app):
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
