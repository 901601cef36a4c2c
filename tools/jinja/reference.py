"""The reference renderer: Python's jinja2 as chat templates expect it to be set up."""
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime.datetime(2025, 3, 7, 9, 5, 3)


class Raised(Exception):
    """What a template says through raise_exception."""


class Generation(jinja2.ext.Extension):
    """generation blocks: their content as it is, in a scope of its own."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_content"), [], [], body).set_lineno(line)

    def _content(self, caller):
        return caller()


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def raise_exception(message):
        raise Raised(str(message))

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                          sort_keys=sort_keys)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda f: NOW.strftime(f)
    return env


def render(env, source, variables):
    """("text", t), ("raised", message) or ("failed", what kind)."""
    try:
        return "text", env.from_string(source).render(**variables)
    except Raised as e:
        return "raised", str(e)
    except Exception as e:  # whatever Python calls it
        return "failed", type(e).__name__ + ": " + str(e)
