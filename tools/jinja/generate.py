"""Write random templates and what jinja2 makes of them, to be compared by tests/text/test_jinja.c.

    python3 tools/jinja/generate.py SEED COUNT FILE
    HEFT_JINJA=FILE build/tests/text/test_jinja

The rows are those of make_conformance.py. Templates are drawn from a grammar that knows roughly which
type an expression has, so that most of them mean something; now and then one is of another type. What heft refuses by
name (complex numbers, numbers beyond 64 bits) shows as a difference too.
"""
import json
import random
import re
import signal
import sys

from reference import environment, render
from snippets import VARIABLES

# In the grammar «int» is an expression of a type, in brackets where it needs them, «=int» one as it comes,
# and «a¦b» one of these.
LEAVES = {
    "int": "0;1;2;3;-1;5;7;10;100;n;neg;z;0x1f;0b11;1_000;l|length;s|length;true",
    "float": "0.5;1.5;-2.25;1e3;1.0;2.675;1e16;1e-7;f;big;tiny;0.1;3.0",
    "str": "s;u;e;q;ws;lines;num;fl;bad;hexs;'a';'';'a b c';'éß';'ΑΣ ǆ';'%s-%d';'{}{:>4}';'x,y,,z';'\\n\\t';'日本語';'😀';'aXbXc';'0';' pad ';'<b>';"
           "'HELLO world';'it\\'s';'-5';'a\\r\\nb\\n\\nc'",
    "list": "l;el;words;users;items;nested;[1, 2, 3];['b', 'a', 'C'];[];(1, 2);['x', 1, none];[[2, 'b'], [1, 'a']];range(4);range(5, 0, -2);[1.5, 2, true];"
            "d|list;[1, 1, 2];['', 'a', '']",
    "dict": "d;ed;m;users[0];{'a': 1, 'b': 'x'};{};{1: 'one', 'k': [1]};{'z': 1, 'B': 2, 'a': 3};tree[0];dict(p=1, q='r')",
    "other": "none;true;false;missing;nil;t;no;d.zz;users[9]",
    "bool": "true;false;t;no;n > 3;s is string",
}
RULES = {
    "other": r"""none
«dict».zz
«list»[«=int»]
«str»[«=int»]
«dict»[«=str»]
«dict».get(«=str»)
«list»|«first¦last¦max¦min»
«str»|«first¦last¦max¦min»
«=any» «and¦or» «=any»
«other»|default(«=any»)
«other»|default(«=any», true)""",
    "int": r"""«int» «+¦-¦*¦//¦%» «int»
«int» «+¦-¦*¦//¦%» «int»
«-¦+»«int»
«int» ** «2¦3¦0»
«str¦list¦dict»|length
«str¦float»|int
«str»|int(«=int»)
«int»|«abs¦round»
«str».«count¦find¦rfind¦index»(«=str»)
«str».find(«=str», «=int»)
«str».«find¦rfind¦count»(«=str», «=int», «=int»)
«list»|sum
«str»|wordcount
«list».«count¦index»(«=any»)
«str»|int(base=«2¦8¦10¦16¦36»)
«list»|map('int')|sum
«list»|map('string')|map('length')|sum
«int».bit_length()""",
    "float": r"""«float» «+¦-¦*¦/¦//¦%» «float»
«float» «+¦-¦*¦/¦//¦%» «int»
«int» / «int»
«str¦int»|float
-«float»
«float»|abs
«float»|round
«float»|round(«0¦1¦2¦-1¦3»)
«float»|round(«0¦1¦2», '«floor¦ceil»')
«int» ** «0.5¦-1¦-2»
«str»|float(«=float»)""",
    "bool": r"""«=any» is «defined¦undefined¦none¦string¦number¦integer¦float¦boolean¦mapping¦iterable¦sequence»
«any» is not «defined¦none¦string¦number¦mapping¦iterable¦sequence»
«any» is «true¦false¦callable¦odd¦even¦lower¦upper¦escaped¦filter¦test»
«int» is «divisibleby 2¦divisibleby(3)¦eq 5¦lt 5¦ge(2)¦ne 1¦sameas 1¦in l»
«any» is «eq¦in¦sameas¦lt»(«=any»)
«int» «<¦<=¦>¦>=¦==¦!=» «int»
«int» «<¦<=¦>¦>=¦==¦!=» «float»
«int» «<¦>=» «float» «!=¦<» «int»
«str» «<¦<=¦>¦>=¦==¦!=» «str»
«list» «==¦!=¦<» «list»
«str» «in¦not in» «str»
«=any» «in¦not in» «list»
«str» in «dict»
not «any»
«bool» «and¦or» «bool»
«str».«startswith¦endswith»(«=str»)
«str».startswith(«=str», «=int»)
«str».«isdigit¦isalpha¦isalnum¦isspace¦isupper¦islower¦istitle¦isascii¦isidentifier¦isprintable¦isdecimal»()
«dict» == «dict»""",
    "str": r"""«str» + «str»
«str» ~ «any»
«any» ~ «str» ~ «any»
«str» * «0¦1¦2¦3¦n»
«str»|«upper¦lower¦title¦capitalize¦trim¦string¦reverse¦e¦escape¦safe¦forceescape¦urlencode»
«str».«upper¦lower¦title¦capitalize¦strip¦lstrip¦rstrip¦swapcase¦casefold¦expandtabs»()
«str».«strip¦lstrip¦rstrip¦removeprefix¦removesuffix»(«=str»)
«str»|replace(«=str», «=str»)
«str»|replace(«=str», «=str», «=int»)
«str».replace(«=str», «=str»)
«str».replace(«=str», «=str», 1)
«str»[«=int»:]
«str»[:«=int»]
«str»[«=int»:«=int»]
«str»[«=int»:«=int»:«=int»]
«str»[::«2¦-1¦-2¦3»]
«list»|join
«list»|join(«=str»)
«str».join(«list»|map('string'))
«=any»|string
«any»|tojson
«any»|tojson(«indent=2¦sort_keys=true¦ensure_ascii=true¦separators=(',', ':')¦indent=0¦indent='»'|true|indent=none>)
«str»|«center¦indent»(«=int»)
«str».«center¦ljust¦rjust¦zfill¦expandtabs»(«=int»)
«str».«center¦ljust¦rjust»(9, «'*'¦'é'»)
«str»|truncate(«=int»)
«str»|truncate(«=int», true)
«str»|truncate(«=int», false, '..')
«str»|truncate(«=int», true, '', 0)
«str»|indent(«2¦4¦'» '>, «=bool», «=bool»)
'[%«¦-¦0¦+¦ ¦#¦-0¦+ »%«¦3¦8»«¦.0¦.2¦.5»«s¦s¦r¦d¦i¦u¦f¦e¦E¦g¦G¦x¦X¦o¦c¦a»]' % «int¦float¦str»
'[%«¦-¦0¦+¦ ¦#¦-0¦+ »«¦3¦8»«¦.0¦.2¦.5»«s¦s¦r¦d¦i¦u¦f¦e¦E¦g¦G¦x¦X¦o¦c¦a»]' % «int¦float¦str»
'[%«¦-¦0¦+¦ ¦#¦-0¦+ »«¦3¦8»«¦.0¦.2¦.5»«s¦r¦d¦f¦e¦g¦x¦o¦c»]' % («=any»,)
'%s|%«¦-¦0¦+»«¦3¦8»«¦.0¦.2»«s¦r¦d¦f¦e¦g¦x»' % («=any», «=any»)
'%«¦-¦0¦+»«¦3¦8»«¦.0¦.2»«s¦r¦d¦f¦e¦g¦x»'|format(«=any»)
'%(k)«¦-¦0¦+»«¦3¦8»«¦.0¦.2»«s¦r¦d¦f¦e¦g¦x»' % {'k': «=any»}
'{:«¦<¦>¦*^¦é<¦0=¦=¦^»«¦+¦-¦ »«¦#»«¦0»«¦5¦12»«¦,¦_»«¦.0¦.2¦.4»«¦d¦f¦e¦g¦s¦x¦b¦%¦n¦c¦E¦o¦X¦G»}'.format(«int¦float¦str»)
'{:«¦<¦>¦*^¦é<»«¦¦¦+¦-»«¦¦0»«¦5¦12»«¦¦,¦_»«¦¦.0¦.2¦.4»«¦¦¦¦d¦f¦e¦g¦s¦x»}'.format(«int¦float¦str»)
'{:«<¦^¦>»«3¦9»}|{!«r¦s¦a»}'.format(«any», «any»)
'{0}{1}{0}'.format(«=any», «=any»)
'{a}{b[«0¦1¦a¦role»]}'.format(a=«=any», b=«list¦dict»)
'{:{w}}'.format(«=any», w=«=int»)
«str».split(«=str»)|last
«str»|list|join(«=str»)
«int»|filesizeformat
«str».splitlines()|join(«=str»)
«any»|«upper¦trim¦capitalize¦e¦title»
strftime_now(«'%Y-%m-%d'¦'%d %b %Y'¦'%-d/%-m %H:%M'¦'%A %j %% %p'»)""",
    "list": r"""[«=any», «=any»]
[«=any»]
(«=any», «=any»)
«list» + «list»
«list» * «0¦2»
«list»[«=int»:]
«list»[:«=int»]
«list»[«=int»:«=int»:«2¦-1¦1»]
«str».«split¦rsplit»()
«str».«split¦rsplit»(«=str»)
«str».«split¦rsplit»(«=str», 1)
«str».«split¦rsplit»(«none, 1¦maxsplit=1¦none, 0¦none, 2»)
«str».splitlines(«¦true»)
«str».«partition¦rpartition»(«=str»)
«list¦str¦dict»|list
«list»|«sort¦sort(reverse=true)¦sort(case_sensitive=true)¦unique¦reverse¦batch(2)¦slice(2)¦batch(3, 0)¦slice(3, 'x')¦select¦reject»|list
«list»|map('«upper¦string¦length¦first¦abs¦int¦tojson¦trim¦title¦float¦list¦join»')|list
«list»|map(attribute=«'name'¦'age'¦'in.k'¦'zz'¦0¦1»)|list
«list»|map(attribute=«'name'¦'age'¦'in.k'¦'zz'», default=«=any»)|list
«list»|«select¦reject»(«'odd'¦'string'¦'number'¦'gt', 1¦'defined'¦'none'¦'mapping'»)|list
«list»|«select¦reject»('«in¦eq¦ne¦lt¦sameas»', «=any»)|list
«list»|«selectattr¦rejectattr»(«'name'¦'age'¦'ok'¦'in.k'¦'zz'¦0¦1»«¦, 'defined'¦, 'gt', 1¦, 'string'»)|list
«list»|«selectattr¦rejectattr»(«'name'¦'age'¦'ok'¦'zz'¦0¦1», 'eq', «=any»)|list
«list»|sort(attribute=«'name'¦'age'¦'in.k'¦'ok,name'¦0¦1»)
«list»|groupby(«'name'¦'ok'¦'in.k'¦0¦1»)|list
«dict».«keys¦values¦items»()|list
«dict»|items|list
«dict»|dictsort«¦(true)¦(false, 'value')¦(reverse=true)»
range(«=int»)|list
range(«=int», «=int», «=int»)|list
«list»|map('default', «=any»)|list
«list»|map('replace', «=str», «=str»)|list""",
    "dict": r"""{«=str»: «=any»}
{«=str»: «=any», «=int»: «=any»}
dict(a=«=any», b=«=any»)
dict(«=dict», c=«=any»)
«list»[«=int»]
dict(«=list»)
«dict».copy()
dict(**d)""",
}
RULES = {kind: [rule for rule in text.split("\n")] for kind, text in RULES.items()}
KINDS = ["int", "float", "str", "str", "list", "dict", "bool", "other"]
NAMES = ["x", "y", "s2", "acc"]


class Writer:
    """One random template."""

    def __init__(self, rng):
        self.rng, self.depth, self.names = rng, 0, {}

    def pick(self, *options):
        return self.rng.choice(options)

    def chance(self, p):
        return self.rng.random() < p

    # ---- expressions

    def of(self, kind):
        if kind == "any" or self.chance(0.06):
            kind = self.pick(*KINDS)
        mine = [n for n, k in self.names.items() if k == kind]
        if mine and self.chance(0.3):
            return self.pick(*mine)
        if self.depth > 3 or self.chance(0.35):
            return self.pick(*LEAVES[kind].split(";"))
        self.depth += 1
        text = self.fill(self.pick(*RULES[kind]))
        self.depth -= 1
        if self.chance(0.04):
            text = f"({text} if {self.of('bool')} else {self.of('any')})"
        return text

    def fill(self, rule):
        return re.sub("«([^«»]*)»", lambda m: self.hole(self.pick(*m.group(1).split("¦"))), rule)

    def hole(self, what):
        kind = what.removeprefix("=")
        if kind not in RULES and kind != "any":
            return what
        text = self.of(kind)
        return text if what[0] == "=" or re.fullmatch(r"\w+|'[^']*'", text) else f"({text})"

    # ---- statements

    def tag(self, rule):
        return f"{{%{self.pick('', '', '', '', '-', '+')} {self.fill(rule)} {self.pick('', '', '', '', '-', '+')}%}}"

    def text(self):
        return self.pick("", "", "", "a", " ", "\n", "  \n  ", "x\n", "\n\ty ", "{# c #}", "{#- c -#}", "é\u00a0", "{% raw %}{{ }}{% endraw %}",
                         "\r\n", "\n  ")

    def output(self):
        return f"{{{{{self.pick('', '', '', '-')} {self.of('any')} {self.pick('', '', '', '-')}}}}}"

    def block(self):
        names = dict(self.names)
        self.depth += 1
        body = "".join(self.text() + self.statement() for _ in range(self.rng.randrange(1, 3))) + self.text()
        self.depth -= 1
        self.names = names
        return body

    def statement(self):
        if self.depth > 2 or self.chance(0.4):
            return self.output()
        return self.pick(self.say_set, self.say_set, self.say_if, self.say_if, self.say_for, self.say_for, self.say_for, self.say_macro,
                         self.say_call, self.say_with, self.say_filter, self.say_set_block, self.say_namespace, self.say_recursive,
                         self.say_block)()

    def say_set(self):
        name, kind = self.pick(*NAMES), self.pick("int", "str", "list", "dict", "bool")
        text = self.tag(f"set {name} = «={kind}»")
        self.names[name] = kind
        return text

    def say_if(self):
        text = self.tag("if «=bool¦=any»") + self.block()
        if self.chance(0.3):
            text += self.tag("elif «=bool»") + self.block()
        if self.chance(0.5):
            text += self.tag("else") + self.block()
        return text + self.tag("endif")

    def say_for(self):
        text = self.tag(self.pick("for i in «=list¦=list¦=str¦=dict»«¦¦ if i»", "for i in «list¦str» if «=bool»", "for i, j in «dict».items()",
                                  "for i, j in «dict»|dictsort", "for i, (j, k) in [(1, (2, 3))]", "for i, j in «list»|batch(2)"))
        outer = dict(self.names)
        self.names.update({"i": self.pick("int", "str"), "loop.index": "int", "loop.revindex0": "int", "loop.length": "int", "loop.depth": "int",
                           "loop.first": "bool", "loop.last": "bool", "loop.nextitem": "other", "loop.previtem": "other"})
        text += "{{ i }}" + self.block()
        if self.chance(0.2):
            text += self.tag("if «=bool»") + self.tag("«break¦continue»") + self.tag("endif") + self.output()
        if self.chance(0.2):
            text += self.pick("{{ loop.cycle('a', 'b') }}", "{{ loop.changed(i) }}", "{{ loop.changed(i|string|length) }}")
        self.names = outer
        if self.chance(0.3):
            text += self.tag("else") + self.block()
        return text + self.tag("endfor")

    def say_recursive(self):
        return (self.tag("for x in tree recursive") + "{{ x.v }}" + self.output() + self.fill("{% if x.c %}{{ loop(x.c)«¦|upper¦|trim¦ ~ loop.index» }}{% endif %}")
                + self.pick("", "{{ loop.depth }}", "{{ loop.index }}") + self.tag("endfor"))

    def say_macro(self):
        outer, parameters = dict(self.names), self.pick("a", "a, b=2", "a, b='x', c=none", "", "a=l", "a, b=a")
        for name in re.findall(r"\b([abc])\b(?=[,=]|$)", parameters):
            self.names[name] = self.pick("int", "str", "list")
        body = self.block() + self.pick("", "", "{{ varargs }}", "{{ kwargs }}", "{{ caller is defined }}")
        self.names = outer
        given = self.fill(self.pick("", "«=any»", "«=any», «=any»", "«=any», b=3", "a=1", "*l", "«=any», **{'b': 5}", "«=any», zz=1"))
        return self.tag(f"macro f({parameters})") + body + self.tag("endmacro") + f"{{{{ f({given}){self.pick('', '|upper', '|length', '|trim')} }}}}"

    def say_call(self):
        return (self.tag("macro h(a)") + "<{{ a }}" + self.pick("{{ caller(a) }}", "{{ caller() }}", "{% for i in l %}{{ caller(i) }}{% endfor %}") + ">"
                + self.tag("endmacro") + self.tag("call«¦(k)¦(k=1)» h(«=any»)") + self.pick("", "{{ k }}") + self.block() + self.tag("endcall"))

    def say_with(self):
        outer, kind = dict(self.names), self.pick("int", "str", "list")
        text = self.tag(f"with y = «={kind}»")
        self.names["y"] = kind
        text += "{{ y }}" + self.block() + self.tag("endwith")
        self.names = outer
        return text + self.pick("", "{{ y }}")

    def say_filter(self):
        return (self.tag("filter «upper¦trim¦replace('a', 'b')¦indent(2)¦title|trim¦e¦truncate(5)¦reverse¦center(20)¦length|string»") + self.block()
                + self.tag("endfilter"))

    def say_set_block(self):
        text = self.tag("set s2«¦¦ | upper¦ | trim¦ | length¦ | e»") + self.block() + self.tag("endset") + "[{{ s2 }}]"
        self.names["s2"] = "str"
        return text

    def say_namespace(self):
        return (self.fill("{% set ns = namespace(v=«=any») %}") + self.tag("for i in «=list»") + self.tag("set ns.v = «ns.v ~ i¦ns.v + 1¦i¦[ns.v, i]¦=any»")
                + self.tag("endfor") + "{{ ns.v }}")

    def say_block(self):
        kind = self.pick("generation", "block")
        return self.tag("block b«1¦2¦3»«¦ scoped»" if kind == "block" else kind) + self.block() + self.tag("end" + kind)


class Endless(BaseException):
    """The reference took too long."""


def out_of_time(signum, frame):
    raise Endless


def row_of(env, source):
    """A row, or None where nothing can be compared: addresses, lone surrogates, no end."""
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        kind, text = render(env, source, json.loads(json.dumps(VARIABLES)))
    except Endless:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    if kind == "text" and (re.search("<(function|built-in|bound|class|Macro|Loop|generator|jinja2)|[\ud800-\udfff]", text) or len(text) > 10000):
        return None
    return [source, text if kind == "text" else None] + ([text] if kind == "raised" else [])


def programs(seed, count):
    for i in range(count):
        w = Writer(random.Random(f"{seed} {i}"))
        yield w.output() if w.chance(0.5) else "".join(w.text() + w.statement() for _ in range(w.rng.randrange(1, 4))) + w.text()


def main():
    signal.signal(signal.SIGALRM, out_of_time)
    env = environment()
    rows = [row_of(env, source) for source in dict.fromkeys(programs(sys.argv[1], int(sys.argv[2])))]
    rows = [row for row in rows if row]
    with open(sys.argv[3], "w") as out:
        json.dump([VARIABLES] + rows, out, ensure_ascii=False)
    print(len(rows), "rows,", sum(r[1] is None for r in rows), "of them failures")


if __name__ == "__main__":
    main()
