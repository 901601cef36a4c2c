"""More of the templates of the conformance set: what the real ones do not use, and what random ones found."""

SNIPPETS = r"""
{% macro f(a, b='x', c=none) %}[{{ a }}|{{ b }}|{{ c }}]{% endmacro %}{{ f(1) }}{{ f(1, c=2) }}{{ f(c=3, a=1) }}{{ f(1, 2, 3) }}
{% macro f(a) %}{{ a }}{{ varargs }}{{ varargs|length }}{% endmacro %}{{ f(1, 2, 3) }}
{% macro f(a) %}{{ a }}{{ kwargs }}{% for k, v in kwargs|dictsort %}{{ k }}={{ v }};{% endfor %}{% endmacro %}{{ f(1, z=2, y=3) }}
{% macro f() %}{{ varargs|join('-') }}{{ kwargs.a }}{% endmacro %}{{ f(1, 2, a=3) }}
{% macro f(a, a2=a ~ '!') %}{{ a }}{{ a2 }}{% endmacro %}{{ f('x') }}
{% macro f(a, b=n) %}{{ b }}{% endmacro %}{% set n = 9 %}{{ f(1) }}
{% macro f(x) %}{{ x }}{{ caller(x, x + 1) }}{% endmacro %}{% call(a, b) f(3) %}<{{ a }},{{ b }}>{% endcall %}
{% macro f(x) %}{{ caller(x) }}{% endmacro %}{% call(a, b='d') f(3) %}<{{ a }},{{ b }}>{% endcall %}
{% macro f(x) %}{{ caller(b=x) }}{% endmacro %}{% call(a='q', b='d') f(3) %}<{{ a }},{{ b }}>{% endcall %}
{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}{{ caller is defined }}{% endcall %}
{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}
{% macro f() %}{{ caller() }}{% endmacro %}{{ f(caller=5) }}
{% macro f(caller) %}{{ caller }}{% endmacro %}{{ f(5) }}
{% macro g() %}({{ caller() }}){% endmacro %}{% macro f() %}{% call g() %}{{ caller() }}{% endcall %}{% endmacro %}{% call f() %}x{% endcall %}
{% macro f() %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(i) f() %}{{ i }}{{ n }},{% endcall %}
{% for i in l %}{% call(x) (caller2 if no else g)(i) %}{{ x }}{% endcall %}{% endfor %}
{% macro f() %}{% set x = 5 %}{{ caller() }}{% endmacro %}{% set x = 1 %}{% call f() %}{{ x }}{% endcall %}
{% macro f() %}{{ loop is defined }}{% endmacro %}{% for i in l %}{{ f() }}{% endfor %}
{% for i in l %}{% macro f() %}{{ loop.index }}{% endmacro %}{{ f() }}{% endfor %}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(*[1]) }}
{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*l[:2]) }}{{ f(**{'a': 1, 'b': 2}) }}{{ f(1, **{'b': 5}) }}
{{ '{} {}'.format(*l[:2]) }}
{{ '{a}'.format(**{'a': 1}) }}
{{ dict(**d) }}
{{ dict(x=1, **d) }}
{{ range(*[1, 4])|list }}
{{ [1,2]|join(*['-']) }}
{{ 'x'|default(*[1]) }}
{% macro f(a) %}{{ a }}{{ varargs }}{% endmacro %}{{ f(0, *l, *el) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(a=1, *[]) }}
{% macro f(a) %}{{ a }}{% endmacro %}{{ f(1, **{'a': 2}) }}
{% macro f() %}{{ kwargs }}{% endmacro %}{{ f(**{'a b': 2}) }}
{{ f(**5) if no else 1 }}
{{ s.split(*'o') }}
{% macro f(a, b) %}{{ a }}{{ b is defined }}{% endmacro %}{{ f(1) }}
{% macro f(a) %}x{% endmacro %}{{ f is mapping }}{{ f is callable }}{{ f.arguments }}{{ f.catch_varargs }}{{ f.catch_kwargs }}{{ f.caller }}
{% macro f(x, y) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f.catch_varargs }}{{ f.catch_kwargs }}{{ f.caller }}{{ f.arguments }}
{% macro f(n) %}{% if n > 1 %}{{ n * f(n - 1)|int }}{% else %}1{% endif %}{% endmacro %}{{ f(6) }}
{% macro f(x) %}{{ x }}{% endmacro %}{{ l|map('string')|map('upper')|join }}{{ f(f(f(1))) }}
{% macro f(d) %}{% for k, v in d.items() %}{{ k }}:{% if v is mapping %}{{ f(v) }}{% else %}{{ v }}{% endif %};{% endfor %}{% endmacro %}{{ f(m) }}
{%- macro f(a) -%}  {{ a }}  {%- endmacro -%}[{{ f(1) }}]
{% macro f(a)%}{{a}}{%endmacro%}{{f(1)~f(2)}}
{% set x %}{% macro f() %}q{% endmacro %}{{ f() }}{% endset %}{{ x }}{{ f is defined }}
{% if t %}{% macro f() %}q{% endmacro %}{% endif %}{{ f() }}
{% macro f() %}1{% endmacro %}{% macro f() %}2{% endmacro %}{{ f() }}
{% macro f() %}{{ f2() }}{% endmacro %}{% macro f2() %}2{% endmacro %}{{ f() }}
{% macro f() %}{% endmacro %}{{ f() is string }}{{ f()|length }}{{ f() == '' }}
{% macro f() %}{{ x }}{% endmacro %}{% for x in l %}{{ f() }}{% endfor %}
{% set x = 7 %}{% macro f() %}{{ x }}{% endmacro %}{% for x in l %}{{ f() }}{% endfor %}
{% macro f(x, loop=1) %}{{ loop }}{% endmacro %}{{ f(1) }}
{% macro f(a, b, a) %}{{ a }}{% endmacro %}{{ f(1,2,3) }}
{% macro f(a) %}{{ a.b.c }}{% endmacro %}{{ f() }}
{% macro true() %}{% endmacro %}
{% macro f(true) %}{% endmacro %}
{% call 5 %}{% endcall %}
{% call f %}{% endcall %}
{% call s.upper() %}{% endcall %}
{% call dict(a=1) %}{% endcall %}
{% for i in l %}{{ loop.depth }}{{ loop.depth0 }}{% for j in l[:1] %}{{ loop.depth }}{% endfor %}{% endfor %}
{% for x in tree recursive %}{{ x.v }}{{ loop.depth }}{{ loop.depth0 }}{{ loop.index }}{{ loop.length }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}
{% for x in tree recursive %}{{ x.v }}{% if x.c %}{{ loop(x.c)|upper }}{% else %}.{% endif %}{% else %}none{% endfor %}
{% for x in [] recursive %}x{% else %}none{{ n }}{% endfor %}
{% for x in tree recursive %}{% for y in x.c %}{{ loop.depth }}{{ loop(x.c) }}{% endfor %}{% endfor %}
{% for x in tree recursive %}{% set outer = loop %}{% for y in l[:1] %}{{ y }}{% if x.c %}{{ outer(x.c) }}{% endif %}{% endfor %}{% endfor %}
{% for x in [[1,[2,[3]]],[4]] recursive %}{% if x is iterable %}[{{ loop(x) }}]{% else %}{{ x }}{% endif %}{% endfor %}
{% for i in [1,1,2,3,3] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}
{% for i in [1,1,2,3,3] %}{% if loop.changed(i, loop.index > 3) %}{{ i }}{% endif %}{% endfor %}
{% for i in [1,1,2] %}{{ loop.changed() }}{% endfor %}
{% for i in l %}{{ loop.cycle('odd', 'even', 3) }}{% endfor %}
{% for i in l %}{{ loop.cycle(*words) }}{% endfor %}
{% for i in l %}{{ loop.cycle() }}{% endfor %}
{% for i in l %}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('+') }} {% endfor %}
{% for i in l if i != 2 %}{{ loop.previtem|default('-') }}{{ i }}{{ loop.nextitem|default('+') }} {% endfor %}
{% for i in l %}{{ loop.revindex }}{{ loop.revindex0 }}{% endfor %}
{% for i in l|select %}{{ loop.revindex }}{{ loop.last }}{% endfor %}
{% for i in l|select('odd') %}{{ loop.length }}{{ loop.index }}{{ i }}{% endfor %}
{% for k in d|dictsort %}{{ k[0] }}{{ loop.first }}{% endfor %}
{% for k, v in d|dictsort if v is string %}{{ k }}{% endfor %}
{% for i in l %}{% if loop.index == 2 %}{% break %}{% endif %}{{ i }}{% else %}e{% endfor %}
{% for i in l %}{% continue %}{% endfor %}x
{% for i in l %}{% if i is even %}{% continue %}{% endif %}{{ i }}{{ loop.index }}{{ loop.previtem }}{% endfor %}
{% for i in l %}{% for j in l %}{% if j > i %}{% break %}{% endif %}{{ j }}{% if j == 3 %}{% continue %}{% endif %};{% endfor %}|{% endfor %}
{% for i in [] %}{% else %}{% break %}{% endfor %}
{% for i in l %}{% for j in [] %}{% else %}{% break %}{% endfor %}{{ i }}{% endfor %}
{% for i in l %}{% set x %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endset %}{{ x }}{% endfor %}
{% for i in l %}{% filter upper %}{% if i == 2 %}{% break %}{% endif %}a{% endfilter %}{% endfor %}
{% for i in l %}{% with a = i %}{% if a == 2 %}{% continue %}{% endif %}{{ a }}{% endwith %}{% endfor %}
{% for i in l %}{% call f() %}{% break %}{% endcall %}{% endfor %}
{% for i in l %}{% generation %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endgeneration %}{% endfor %}
{% for i in l %}{{ i }}{% endfor %}{{ i is defined }}{{ loop is defined }}
{% for loop in l %}{{ loop }}{% endfor %}
{% for i in l %}{% set loop = 3 %}{{ loop }}{% endfor %}
{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for (a, b) in [(1, 2)] %}{{ a }}{{ b }}{% endfor %}
{% for a, in [[1], [2]] %}{{ a }}{% endfor %}
{% for a, b in ['xy', 'zw'] %}{{ b }}{{ a }}{% endfor %}
{% for a, b in [{'p':1,'q':2}] %}{{ b }}{{ a }}{% endfor %}
{% for a, b in [[1]] %}{% endfor %}
{% for a.b in l %}{% endfor %}
{% for i in l, l %}{{ i }}{% endfor %}
{% for i in 1, %}{{ i }}{% endfor %}
{% for i in l if i > 1 if no else t %}{{ i }}{% endfor %}
{% for i in (l if t else []) %}{{ i }}{% endfor %}
{% for i in l if t else [] %}{{ i }}{% endfor %}
{% for i in l or [] %}{{ i }}{% endfor %}
{% for i in l + [5] %}{{ i }}{% endfor %}
{% for i in l and el %}x{% else %}e{% endfor %}
{% for i in not l %}x{% endfor %}
{% for i in l == l %}x{% endfor %}
{% for i in 'a' in 'abc' %}x{% endfor %}
{% for i in l recursive if i %}x{% endfor %}
{% for i in l if i recursive %}{{ i }}{% endfor %}
{% for i in l if loop.index > 1 %}{{ i }}{% endfor %}
{% for i in loop %}{% endfor %}
{% for i in l %}{{ loop|length }}{{ loop is iterable }}{{ loop is sequence }}{% endfor %}
{% for i in l %}{{ loop.nope }}{{ loop.nope is defined }}{{ loop['index'] }}{% endfor %}
{% for i in l %}{{ loop._length }}{{ loop.__len__ }}{% endfor %}
{% for i in t %}{% endfor %}
{% for i in f %}{% endfor %}
{% for i in range(2, 5) %}{{ i }}{{ loop.last }}{% endfor %}
{% for i in d.values() %}{{ i }}{{ loop.length }}{% endfor %}
{% for i in d.items()|list %}{{ i }}{% endfor %}
{% for i in 'ab' ~ n %}{{ i }}{{ loop.nextitem }}{% endfor %}
{% for i in namespace(a=1) %}{% endfor %}
{% for i in dict %}{% endfor %}
{% for i in cycler(1,2) %}{% endfor %}
{% for i in [[1,2],[3]]|sum(start=[]) %}{{ i }}{% endfor %}
{% for x in l %}{% set l = [9] %}{{ x }}{{ l }}{% endfor %}{{ l }}
{% set ns = namespace(out=[]) %}{% for i in l %}{% set ns.out = ns.out + [i * 2] %}{% endfor %}{{ ns.out }}{{ ns.out|sum }}
{% for i in l %}{% if loop.first %}{% set ns = namespace(c=0) %}{% endif %}{{ ns is defined }}{% endfor %}{{ ns is defined }}
{% for i in range(3) %}{% for j in range(i) %}{{ loop.index }}/{{ loop.length }} {% else %}- {% endfor %}{% endfor %}
{% set ns = namespace(a=1, b={'c': 2}) %}{% set ns.a = ns.b.c %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace() %}{% set ns.x, ns.y = 1, 2 %}{{ ns.x }}{{ ns.y }}
{% set ns = namespace() %}{% set a, ns.y = 1, 2 %}{{ a }}{{ ns.y }}
{% set ns = namespace() %}{% set ns.x %}hi{% endset %}{{ ns.x }}
{% set ns = namespace() %}{% set ns.x | upper %}hi{% endset %}{{ ns.x }}
{% set ns = namespace([('a', 1)], b=2) %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace(a=1) %}{% set ns['a'] = 2 %}
{% set ns = namespace(a=1) %}{% set ns.a.b = 2 %}
{% set ns = namespace(items=1, get=2) %}{{ ns.items }}{{ ns.get }}
{% set ns = namespace(a=1) %}{{ ns is mapping }}{{ ns is iterable }}{{ ns is string }}{{ ns == ns }}{{ ns }}
{% set ns = namespace(a=1) %}{{ 'a' in ns }}
{% set ns = namespace(a=1) %}{{ ns|length }}
{% set ns = namespace(a=1) %}{{ ns|list }}
{% set ns = namespace(a=1) %}{{ ns.__attrs }}{{ ns._x }}{{ ns|attr('a') }}
{% set nope.x = 1 %}
{% set x = namespace %}{{ x(a=1).a }}
{% set ns = namespace(self=1) %}{{ ns.self }}
{% set (a, b) = (1, 2) %}{{ a }}{{ b }}
{% set a, (b, c) = 1, (2, 3) %}{{ a }}{{ b }}{{ c }}
{% set a, = [1] %}{{ a }}
{% set a = 1, %}{{ a }}
{% set a = () %}{{ a }}
{% set a, b %}x{% endset %}
{% set a = 1 if t else 2 %}{{ a }}
{% set a = 1 if no %}{{ a is defined }}[{{ a }}]
{% set a = l %}{% set a = a + a %}{{ a|length }}{{ l|length }}
{% set x %}{% endset %}{{ x is string }}{{ x|length }}
{% set x %}{% for i in l %}{{ i }}{% endfor %}{% endset %}{{ x|length }}{{ x|int + 1 }}
{% set x %}{% set y = 4 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}
{% set x | trim | length %}  abc  {% endset %}{{ x + 1 }}
{% set x | default('d') %}{% endset %}[{{ x }}]
{% set x | join(',') %}abc{% endset %}{{ x }}
{% set x = y = 1 %}
{% set 'x' = 1 %}
{% set x[0] = 1 %}
{% set x.y.z = 1 %}
{% set none = 1 %}
{% set not = 1 %}{{ 1 }}
{% set in = 1 %}{{ 1 }}
{% set if = 1 %}
{% set is = 5 %}{{ is }}
{% set and = 5 %}
{% set self = 5 %}{{ self }}
{% set range = 5 %}{{ range }}
{% set raise_exception = 5 %}{{ raise_exception }}
{% set dict = l %}{{ dict[0] }}
{% set upper = 5 %}{{ s|upper }}{{ upper }}
{% with %}{{ n }}{% endwith %}
{% with n = 6 %}{{ n }}{% with n = n + 1 %}{{ n }}{% endwith %}{{ n }}{% endwith %}{{ n }}
{% with a = 1, b = 2, %}{{ a }}{% endwith %}
{% with a, b = 1, 2 %}{{ a }}{{ b }}{% endwith %}
{% with (a, b) = (1, 2) %}{{ a }}{{ b }}{% endwith %}
{% with a = (1, 2) %}{{ a }}{% endwith %}
{% with a = 1 if no else 2 %}{{ a }}{% endwith %}
{% with x.y = 1 %}{% endwith %}
{% with a %}{% endwith %}
{% filter upper %}a{% filter replace('A', 'b') %}a{% endfilter %}{% endfilter %}
{% filter indent(2) %}a
b
{% endfilter %}
{% filter trim %}  x {% set q2 = 1 %} {% endfilter %}{{ q2 is defined }}
{% filter default('z') %}{% endfilter %}|
{% filter length %}abc{% endfilter %}
{% filter nope %}{% endfilter %}
{% filter list %}ab{% endfilter %}
{% filter title|reverse %}hello you{% endfilter %}
{% block a %}x{{ n }}{% endblock %}
{% set v = 1 %}{% block a %}{{ v }}{% endblock %}
{% for i in l %}{% block a %}{{ i }}{% endblock %}{% endfor %}
{% for i in l %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}
{% block a %}x{% endblock %}{% block a %}y{% endblock %}
{% block a %}{% set w = 2 %}{{ w }}{% endblock %}{{ w is defined }}
{% block a required %}{% endblock %}
{% block a %}{{ super() }}{% endblock %}
{% do l.append(1) %}
{% trans %}x{% endtrans %}
{% debug %}
{% from 'x' import y %}
{% include 'x' ignore missing %}
{% print 1, 2 %}
{% print n ~ s %}
{{ 1, 2 }}
{{ 1, }}
{%  %}
{% if t %}a{% else if no %}b{% endif %}
{% if t %}a{% elseif no %}b{% endif %}
{% if no %}a{% elif el %}b{% elif l %}c{% elif t %}d{% else %}e{% endif %}
{% if n, s %}x{% endif %}
{% if (n) %}x{% endif %}
{% if not n is defined or not no %}x{% endif %}
{% if n == 5 and not s == 'x' %}x{% endif %}
{% if n is defined and n is not none and n|int > 3 %}x{% endif %}
{% if 'a' in words or 'fig' in words %}x{% endif %}
{% if not 'fig' in words %}x{% else %}y{% endif %}
{% if n is not number %}x{% else %}y{% endif %}
{% if (n if no else z) %}x{% else %}y{% endif %}
{% if s[:5] == 'Hello' and s[-1:] == 'd' %}x{% endif %}
{% if d.a[0] == 1 %}x{% endif %}
{% if d %}{% endif %}{% endif %}
{% endfor %}
{% for i in l %}{% endif %}
{% if t %}{% endfor %}
{% if t %}{% for i in l %}{% endif %}{% endfor %}
{{ 0x1F }}
{{ 0XfF }}
{{ 0b101 }}
{{ 0o17 }}
{{ 0x1_F }}
{{ 0b1_0 }}
{{ 0x }}
{{ 0b2 }}
{{ 0o8 }}
{{ 1_0_0 }}
{{ 1__0 }}
{{ 00 }}
{{ 0_0 }}
{{ 012 }}
{{ 1e5 }}
{{ 1E-3 }}
{{ 1.e3 }}
{{ .5 }}
{{ 1.5e+3 }}
{{ 1_0.0_1 }}
{{ 1e1_0 }}
{{ 2 ** 62 }}
{{ -7 // 2, -7 % 2, 7 // -2, 7 % -2 }}
{{ -7.5 // 2, -7.5 % 2, 7.5 // -2, 7.5 % -2 }}
{{ 7 // 0.5, 7 % 0.3, -1 % 3, 0 % -3, 0.0 % -3 }}
{{ 1e308 * 10, -1e308 * 10 }}
{{ 1e308 * 10 - 1e308 * 10 }}
{{ 1 / 3, 2 / 3, 10 / 5, 1 / 7 }}
{{ 0.1 + 0.2, 1e16, 1e15 + 0.3, 123456789012345680.0, 1e-5, 0.0001, 1e21, 1.0e0 }}
{{ 1.0 == 1, 1 == true, 0 == false, 0 == '', '' == none, none == false }}
{{ 3 | float, 3.0 | int, '3.9' | int, '  3 ' | int, 'x' | int(7), none | int(7), l | int(7) }}
{{ 2 ** 0.5, 4 ** 0.5, 2 ** -1, (-8) ** 2, -8 ** 2, 0 ** 0 }}
{{ 1 if 1 > 0.5 else 0 }}
{{ true + true, true * 5, false - 1, true / 2, -true, +true }}
{{ 10 % 3.5, -10 % 3.5, 5.5 % 5.5 }}
{{ 1 // 1.0, 3 // 1.5 }}
{{ n // z }}
{{ n % z }}
{{ f / 0 }}
{{ f // 0.0 }}
{{ 12345.6789 | round(2), 12345.6789 | round(-2), 0.5 | round, 1.5 | round, -0.5 | round, 2.5 | round }}
{{ 1.005 | round(2), 2.675 | round(2, 'floor'), 2.671 | round(2, 'ceil'), -2.5 | round(0, 'floor') }}
{{ 5 | round(1), 15 | round(-1), 25 | round(-1), 5 | round(-1, 'ceil'), 5 | round(1, 'floor') }}
{{ '3' | round }}
{{ 1e20 | round(2), 1e300 | round(400), 3.14159 | round(precision=3) }}
{{ -0.0, 0.0 * -1, 1 - 1.0 }}
{{ 1.5 | int, -1.5 | int, 1e5 | int, '1e5' | int, '0x10' | int(base=16), '0b11' | int(0, 2), '077' | int(0, 8), '-0x1f' | int(0, 16) }}
{{ '１２' | int, '१२' | int, '１.５' | float }}
{{ '1_000' | int, '1_000.5' | float, ' 1e3 ' | float, 'nan' | float, '-inf' | float, 'infinity' | float, 'Infinity' | int(5) }}
{{ '0x1F' | int, '0x1F' | float, '1.2.3' | float(9), '' | int(4), '' | float(4) }}
{{ true | int, false | float, true | abs, -5.5 | abs, -0.0 | abs }}
{{ n.real, n.imag, n.numerator, n.denominator }}
{{ n.bit_length() }}
{{ f.is_integer(), (2.0).is_integer() }}
{{ n.conjugate() }}
{{ (5).bit_length() }}
{{ 1.0.is_integer() }}
{{ n is integer, f is float, t is integer, t is number, n is float }}
{{ 7 is divisibleby 0 }}
{{ 7 is divisibleby 3.5, 7.0 is divisibleby 3.5 }}
{{ '%d' % 1e3, '%d' % -3.9, '%i' % true, '%5.3d' % 7, '%-6d|' % 7, '%+.1e' % 12345, '%g' % 1e-7, '%G' % 1e-7, '%.3g' % 1234567, '%#.3g' % 2.0 }}
{{ '%x' % -255, '%#o' % 8, '%#X' % 255, '%08.3f' % -3.14159, '% 08d' % 42, '%+d' % -0, '%.0f' % 0.5, '%.0f' % 1.5, '%f' % 1e15 }}
{{ '%s' % 1.0, '%s' % true, '%s' % (none,), '%s %s' % ('a', l), '%10s|' % s, '%-10.3s|' % s, '%r' % s, '%a' % u }}
{{ '%c' % 65, '%c' % 'é', '%c' % 128512 }}
{{ '%c' % 'ab' }}
{{ '%*d' % (5, 42), '%-*d|' % (5, 42), '%.*f' % (2, 3.14159) }}
{{ '%(a)s-%(b)05.1f' % {'a': 1, 'b': 2.25}, '%(a)s' % d }}
{{ '%(zz)s' % d }}
{{ '%s' % d, '%s' % ed, '%s%%' % 5, '%%' % (), '%d%%' % 50 }}
{{ '%s' }}
{{ '%z' % 1 }}
{{ '%' % 1 }}
{{ '%5' % 1 }}
{{ '%s %s' % (1,) }}
{{ '%s' % (1, 2) }}
{{ '%d' % '5' }}
{{ '%d' % none }}
{{ '%f' % '5' }}
{{ '%x' % 5.5 }}
{{ '%e' % 0, '%e' % 1, '%.2e' % 123456, '%E' % 0.00012 }}
{{ '{:d}'.format(5), '{:5d}|'.format(5), '{:<5d}|'.format(5), '{:^5d}|'.format(5), '{:05d}'.format(-5), '{:+}'.format(5), '{: }'.format(5) }}
{{ '{:,}'.format(1234567.891), '{:,.2f}'.format(1234567.891), '{:_}'.format(1234567), '{:_x}'.format(1234567), '{:_b}'.format(255), '{:,d}'.format(-1234567) }}
{{ '{:015,.2f}'.format(1234567.891), '{:015,}'.format(1234567) }}
{{ '{:x}{:X}{:o}{:b}{:#x}{:#X}{:#o}{:#b}'.format(255,255,8,5,255,255,8,5) }}
{{ '{:c}'.format(65), '{:n}'.format(5) }}
{{ '{:e}{:E}{:f}{:F}{:g}{:G}{:%}'.format(1.5,1.5,1.5,1.5,1.5,1.5,1.5) }}
{{ '{:.0%}{:.1%}'.format(0.256, 0.256) }}
{{ '{:g} {:g} {:g} {:g}'.format(1e16, 1e-5, 100000, 1000000) }}
{{ '{:.3}|{:.10}|{:.1}'.format(3.14159, 3.14159, 1234.5) }}
{{ '{!s} {!r} {!a}'.format('é', 'é', 'é') }}
{{ '{:>{}}|'.format('a', 5), '{:{w}}|'.format('a', w=4), '{:{f}{a}{w}}|'.format('a', f='*', a='^', w=5) }}
{{ '{:.{p}f}'.format(3.14159, p=2) }}
{{ '{0.name}'.format(m), '{0[role]}{0[content]}'.format(m), '{0[0]}{0[1]}'.format(l), '{a[b]}'.format(a=d) }}
{{ '{0.__class__}'.format(s) }}
{{ '{a.b}'.format(a=d) }}
{{ '{} {1}'.format(1, 2) }}
{{ '{1} {}'.format(1, 2) }}
{{ '{5}'.format(1) }}
{{ '{x}'.format(1) }}
{{ '{'.format(1) }}
{{ '}'.format(1) }}
{{ '{{}}{}'.format(1), '{{{}}}'.format(1) }}
{{ '{:s}'.format('a'), '{:10s}|{:<10}|{:>10}|{:^10}|{:*^10}'.format('a','b','c','d','e') }}
{{ '{:d}'.format(1.5) }}
{{ '{:s}'.format(5) }}
{{ '{:d}'.format(true), '{:5}|'.format(true), '{}'.format(true), '{:f}'.format(true), '{:x}'.format(true) }}
{{ '{:5}|'.format(none) }}
{{ '{}'.format(none), '{}'.format(missing), '{!r}'.format(missing) }}
{{ '{:>5}'.format(missing) }}
{{ '{:>5}'.format(l) }}
{{ '{:=5}'.format(-3), '{:=+5}'.format(3), '{:=5}'.format('a') }}
{{ '{:05}'.format('a'), '{:05}'.format(2.5), '{:<05}'.format(3), '{:^05}'.format(-3) }}
{{ '{:é>4}'.format(1), '{:日^5}'.format('x') }}
{{ '{: >4}'.format('é') }}
{{ '{:.2}'.format('日本語'), '{:5}|'.format('日本') }}
{{ '{:-}{:+}'.format(1, -1), '{:-.1f}'.format(-0.04), '{:z.1f}'.format(-0.04) }}
{{ '{:#.0f}'.format(3.0), '{:#g}'.format(3.0), '{:.0f}'.format(2.5) }}
{{ '{:.3s}'.format('abcdef'), '{:1$}'.format('a') }}
{{ '{:10.4}|'.format('abcdefgh') }}
{{ '{:,}'.format('a') }}
{{ '{:%Y}'.format(5) }}
{{ '{a}{b}'.format(b=1, a=2), '{a}'.format(a='x', b='y') }}
{{ '{0}{0}'.format(*['q']) }}
{{ '%s' | format(5), '%s-%s' | format(1, 2), '%(a)s' | format(a=1), '%s' | format, 'x' | format(1) }}
{{ '%s' | format(1, a=2) }}
{{ '%05.2f' | format(3.14159), '%d' | format('5') }}
{{ u.casefold(), 'ẞß'.casefold(), 'ΑΣ'.casefold(), 'İ'.casefold(), 'ﬁ'.casefold() }}
{{ u.upper(), 'ŉ'.upper(), 'ǆ'.title(), 'ΌΣΟΣ ΣΑΣ'.lower(), 'İstanbul'.lower(), 'straße'.upper(), 'ﬃ'.title() }}
{{ u.swapcase(), 'ß'.swapcase(), 'ΑΣ'.swapcase() }}
{{ 'ǰ'.capitalize(), 'éa B'.capitalize(), '1aB'.capitalize(), "they're bill's".title(), 'a1b c2D'.title() }}
{{ s.partition('o'), s.rpartition('o'), s.partition('zz'), s.rpartition('zz'), s.partition('Hello World') }}
{{ s.partition('') }}
{{ s.rsplit(), s.rsplit(none, 1), ' a  b  c '.rsplit(none, 1), ' a  b  c '.rsplit(none, 0), 'a,b,c'.rsplit(','), 'a,b,c'.rsplit(',', 1), 'aXXbXXc'.rsplit('XX', 1) }}
{{ ' a  b  c '.split(none, 0), ' a  b  c '.split(none, 2), 'a,b,c'.split(',', 0), 'a,b,c'.split(',', -1), 'a b'.split(maxsplit=1) }}
{{ 'aaa'.split('a'), 'aaa'.rsplit('aa'), 'aaaa'.split('aa', 1), 'aaaaa'.rsplit('aa', 1) }}
{{ 'prefix-x'.removeprefix('prefix-'), 'x'.removeprefix(''), 'x'.removesuffix('x'), 'x'.removesuffix('') }}
{{ '5'.zfill(3), '+5'.zfill(3), '-'.zfill(3), ''.zfill(2), 'é'.zfill(3), '12345'.zfill(2), '--5'.zfill(5) }}
{{ 'é'.center(4, '日'), 'ab'.center(5), 'abc'.center(6), 'abc'.center(2), 'ab'.ljust(4, '.'), 'ab'.rjust(4, '日') }}
{{ 'ab'.center(4, 'xy') }}
{{ 'abc'.translate({97: 'x', 98: none, 99: 120}) }}
{{ 'abc'.translate({'a': 'x'}) }}
{{ '{a}'.format_map({'a': 1}) }}
{{ '{a}{b[0]}'.format_map({'a': 1, 'b': [2]}) }}
{{ 'aBc'.isidentifier(), '1a'.isidentifier(), '_é'.isidentifier(), ''.isidentifier(), 'for'.isidentifier() }}
{{ 'Hello World'.istitle(), 'Hello world'.istitle(), 'HELLO'.istitle(), "It'S".istitle(), ''.istitle(), '12'.istitle(), 'Ǆ'.istitle(), 'ǅ'.istitle() }}
{{ '१२'.isdigit(), '①'.isdigit(), '१'.isdecimal(), '一'.isalpha(), 'é1'.isalnum(), 'a_b'.isalnum(), '½'.isalnum() }}
{{ 'ªº'.islower(), 'Ⓐ'.isupper(), 'ⓐ'.islower(), 'ǅ'.isupper(), 'ǅ'.islower(), 'aB'.islower(), '1'.isupper(), 'ª'.isalpha() }}
{{ s.find('o', 5), s.find('o', -3), s.find('l', 0, 3), s.find('', 3), s.find('', 99), s.rfind('o', 0, 5), s.rfind(''), s.rfind('', 2, 4), s.find('o', none, 5), s.index('o', 5) }}
{{ s.index('zz') }}
{{ s.rindex('o', 0, 4) }}
{{ s.count('o'), s.count('o', 5), s.count('l', 0, 4), s.count(''), s.count('', 3), u.count('') }}
{{ s.startswith(''), s.startswith('H', 0, 1), s.startswith(('x', 'Hel')), s.endswith(('ld', 'x')), s.startswith('ello', 1), s.endswith('o', 0, 5), s.startswith('', 99), s.endswith('', 5, 3), s.startswith(()) }}
{{ s.startswith(['H']) }}
{{ s.startswith(5) }}
{{ s.replace('l', 'L', 1), s.replace('l', 'L', -1), s.replace('l', 'L', 0), s.replace('', '.', 3), ''.replace('', 'x'), s.replace('Hello', ''), u.replace('', '|', 2) }}
{{ s.replace('l') }}
{{ s.replace('l', 5) }}
{{ s.join(['a', 'b']), ''.join([]), ','.join({'a':1,'b':2}), ','.join('日本'), ', '.join(l|map('string')), ','.join(('a',)), ','.join(d.keys()) }}
{{ ','.join(l) }}
{{ ','.join(5) }}
{{ s[::2], s[::-2], s[-3:-1], s[10:2:-3], u[::-1], u[-3:], u[1], u[-1], s[100:], s[:-100], s['1'] }}
{{ s[1:2:3:4] }}
{{ s[:,1] }}
{{ s[n], s[n:], s[:n], s[n:n+2], s[-n:] }}
{{ l[none:none:none], l[:][0], l[::-1][0], l[1:][::2], l[-1:0:-1] }}
{{ 'a' < 'b', 'a' < 'B', 'é' > 'z', '' < 'a', 'abc' < 'abd', '日' > '😀', 'a' <= 'a' }}
{{ 'a' * 3, 3 * 'a', 'a' * 0, 'a' * -1, 'ab' * true }}
{{ 'a' + 1 }}
{{ 'a' - 'b' }}
{{ 'a' / 2 }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1] ~ {'a': 1} ~ missing }}
{{ 'a' 'b' ~ 'c' 'd' }}
{{ continues' }}
{{ 'a }}
{{ b' }}
{{ 'é' == 'é', 'é' == 'é', 'é'|length, 'é'|length, '👨‍👩‍👧'|length }}
{{ s is string, s is sequence, s is iterable, s is mapping, s is upper, 'ABC' is upper, 'abc' is lower }}
{{ s in 'Hello World!', 'World' in s, '' in e, 'x' not in s, s not in words }}
{{ s.upper().lower().title().split()[0][::-1] }}
{{ s|upper|lower|title|length }}
{{ s.__len__() }}
{{ s.__class__ }}
{{ s['upper']() }}
{{ (s|attr('upper'))() }}
{{ '%s'.__mod__(1) }}
{{ s.format.__self__ }}
{{ ''.join.__globals__ }}
{{ d.__init__ }}
{{ (1).__class__.__mro__ }}
{{ namespace.__init__ }}
{{ range.__class__ }}
{{ 'a'.__add__('b') }}
{{ m.__getitem__('role') }}
{{ m['__class__'], m.__class__ }}
{{ l|batch(3)|list, l|batch(3, 0)|list, l|batch(9)|list, el|batch(2)|list, 'abc'|batch(2)|list, l|batch(linecount=2, fill_with='x')|list }}
{{ l|batch|list }}
{{ l|slice(3)|list, l|slice(3, 'x')|list, l|slice(9)|list, 'abcde'|slice(2)|list, l|slice(1)|list }}
{{ l|slice(0)|list }}
{{ d|batch(2)|list, d|slice(2)|list }}
{{ q|e, q|escape|e, q|e|upper, q|forceescape, (q|e)|length, q|e ~ '<', '<' ~ q|e, (q|e) + '<', '<' + (q|e), (q|e).upper(), (q|e)[0:3] + '<', (q|e)|safe, (q|e)|string }}
{{ ('a'|e) is escaped, 'a' is escaped, ('a'|safe) is escaped, ('a'|e ~ 'b') is escaped }}
{{ l|e, none|e, 5|e, missing|e, d|e }}
{{ ('<'|safe) ~ '<', '<' ~ ('<'|safe), ('%s'|safe) % '<', ('<'|safe).join(['>']), ('{}'|safe).format('>'), ['<', '<'|safe]|join, ['<', '<'|safe]|join('&') }}
{{ {'a': 1, 'b': none, 'c': '<'}|xmlattr, {}|xmlattr, {'a b': 1}|xmlattr }}
{{ s|first, e|first, d|first, l|first, (1,)|first, range(3)|first, el|first, missing|first }}
{{ 5|first }}
{{ s|last, e|last, d|last, (1,2)|last, range(3)|last, l|select|list|last }}
{{ l|select|last }}
{{ s|length, d|length, l|count, range(5)|length, missing|length, e|count, ''|e|length }}
{{ 5|length }}
{{ none|length }}
{{ (l|select)|length }}
{{ s|list, d|list, range(3)|list, d.items()|list, (1,2)|list, e|list, l|map('string')|list }}
{{ 5|list }}
{{ d|items|list, m|items|list, missing|items|list, ed|items|list }}
{{ l|items|list }}
{{ none|items|list }}
{{ d|dictsort, d|dictsort(true), d|dictsort(false, 'value') }}
{{ {'b': 2, 'a': 3, 'c': 1}|dictsort(by='value'), {'b': 2, 'a': 3}|dictsort(reverse=true), {'B': 1, 'a': 2}|dictsort, {'B': 1, 'a': 2}|dictsort(case_sensitive=true) }}
{{ d|dictsort(by='nope') }}
{{ l|dictsort }}
{{ {1: 'a', 'b': 2}|dictsort }}
{{ missing|default('x'), none|default('x'), none|default('x', true), 0|default(1, true), ''|default('y', boolean=true), missing|default, missing.a|default('z') if no else 'w', d.zz|default('q'), d.a|default('q')|length, missing|d('k') }}
{{ missing.a.b|default('x') }}
{{ missing['a']|default('x') }}
{{ s|replace('o', '0'), s|replace('o', '0', 1), s|replace('o', '0', count=1), 5|replace(5, 6), s|replace('', '-'), l|replace('1', 'x'), true|replace('T', 't'), missing|replace('a', 'b') }}
{{ s|replace('o', none), s|replace('l', l) }}
{{ l|join, l|join(','), l|join(d=','), users|join(', ', attribute='name'), users|join(attribute='age'), d|join('-'), s|join('.'), [none, true, 1.5]|join('|'), [[1], {}]|join, missing|join('x'), l|join(1), l|join(none) }}
{{ 5|join }}
{{ l|map('string')|join('+'), users|map(attribute='name')|map('upper')|join(','), l|map('default', 3)|list, words|map('replace', 'p', 'q')|list, words|map('replace', 'p', 'q', count=1)|list, words|map('length')|sum, l|map('float')|list, l|map('string')|map('int')|sum, users|map(attribute='in')|map(attribute='k')|list }}
{{ l|map(attribute='real')|list, words|map('first')|join, words|map('trim', 'pa')|list, l|map('string')|map('center', 3)|list, items|map('join', '-')|list, words|map('upper')|map('lower')|unique|list }}
{{ l|map('nope')|list }}
{{ l|map(attribute='x', default=0)|list, users|map(attribute='in.zz', default='-')|list, users|map(attribute='zz.y', default='-')|list }}
{{ l|map(foo='x')|list }}
{{ l|map('abs', attribute='x')|list }}
{{ l|max, l|min, el|max, words|max, words|min, words|max(case_sensitive=true), words|min(true), users|max(attribute='age'), (users|min(attribute='name')).name, 'hello'|max, d|max, [1.5, 2, true]|max, [[1],[2]]|max }}
{{ [1, 'a']|max }}
{{ [none]|max, [none, 1]|min }}
{{ l|sort, l|sort(true), l|sort(reverse=true), words|sort, words|sort(case_sensitive=true), users|sort(attribute='age')|map(attribute='name')|list, users|sort(attribute='ok,age')|map(attribute='name')|list, users|sort(attribute='in.k', reverse=true)|map(attribute='name')|list, 'hello'|sort, d|sort, [[2,1],[1,2]]|sort, [true, 0, 0.5]|sort, items|sort(attribute=1)|list, items|sort(attribute='1', reverse=true)|list }}
{{ [1, 'a']|sort }}
{{ [none, 1]|sort }}
{{ l|sum, el|sum, users|sum('age'), users|sum(attribute='age', start=5), [0.1]*10|sum, ([0.1]*10)|sum, [[1],[2]]|sum(start=[]), [true, true]|sum, (l|map('float'))|sum, [(1,), (2,)]|sum(start=()) }}
{{ ['a']|sum }}
{{ ['a', 'b']|sum(start='') }}
{{ l|select('odd')|list, l|select('divisibleby', 2)|list, l|select('>', 2)|list, l|select('ge', 2)|list, l|select('in', [1, 9])|list, l|select('eq', 1)|list, [0, 1, none, '', 'a']|select|list, [1, 'a', none]|select('string')|list, [1, 'a', none]|reject('none')|list, l|reject('lt', 3)|list, l|select('!=', 2)|list, l|select('==', 2)|list }}
{{ l|select('divisibleby')|list }}
{{ l|select(1)|list }}
{{ users|selectattr('ok')|map(attribute='name')|list, users|selectattr('age', 'ge', 2)|map(attribute='name')|list, users|rejectattr('ok')|list|length, users|selectattr('in.k', 'eq', 2)|map(attribute='name')|first, users|rejectattr('name', 'in', ['ann'])|map(attribute='age')|list, users|selectattr('zz')|list, users|selectattr('zz', 'undefined')|list|length, items|selectattr(1)|list, items|selectattr(1, 'gt', 1)|list, items|selectattr('0', 'eq', 'a')|list }}
{{ users|selectattr|list }}
{{ users|selectattr('name', 'nope')|list }}
{{ l|selectattr('x', 'defined')|list, l|rejectattr('x', 'defined')|list }}
{{ l|reverse|list, s|reverse, d|reverse|list, range(3)|reverse|list, (1,2)|reverse|list, e|reverse, u|reverse, l|select|reverse|list }}
{{ 5|reverse }}
{{ s|capitalize, 'ÉA'|capitalize, 5|capitalize, ''|capitalize, 'ß'|capitalize }}
{{ s|truncate(5), s|truncate(5, true), s|truncate(8), s|truncate(11), s|truncate(6, leeway=0), s|truncate(8, false, '…', 0), 'foo bar baz'|truncate(7, false, '', 0), s|truncate(255), '日本語日本語日本語'|truncate(5, true, '…', 0), 'foo bar'|truncate(length=5, end='..', leeway=0) }}
{{ s|truncate(1) }}
{{ s|truncate('a') }}
{{ l|unique|list, [1, 1.0, true, 2]|unique|list, words|unique|list, words|unique(true)|list, users|unique(attribute='ok')|map(attribute='name')|list, 'hello'|unique|join, [[1],[1]]|unique|list if no else 1, ['a', 'A', 'b']|unique|join }}
{{ [[1],[1]]|unique|list }}
{{ [{}]|unique|list }}
{{ s|upper, 5|upper, none|lower, 'ÀÉ'|lower, u|upper, l|upper }}
{{ 'a b&c=d/é?'|urlencode, {'a': 1, 'b c': 'd&'}|urlencode, [['a', 1], ['b', '/']]|urlencode, '~-_.'|urlencode, 5|urlencode, ''|urlencode, (('x', 'y z'),)|urlencode }}
{{ s|wordcount, ''|wordcount, "it's a-b c_d"|wordcount, '日本 é'|wordcount, 5|wordcount }}
{{ users|groupby('ok')|list|length, users|groupby('ok')|map('first')|list, users|groupby('in.k')|map(attribute='grouper')|list, (users|groupby('ok'))[0].list|length, (users|groupby('name'))[0].grouper, users|groupby(attribute='zz', default='x')|length, (users|groupby('ok'))[0][0], ['ab', 'Ac', 'b']|groupby(0)|length }}
{{ users|groupby('zz')|list }}
{{ [{'k': 'A'}, {'k': 'a'}, {'k': 'b'}]|groupby('k')|map('first')|list, [{'k': 'A'}, {'k': 'a'}]|groupby('k', case_sensitive=true)|map('first')|list }}
{{ (users|groupby('ok'))|string|length > 10, (users|groupby('age'))[0]|length }}
{{ m|attr('role'), m|attr('items') is defined, s|attr('nope') is defined, s|attr('__class__'), namespace(a=1)|attr('a'), l|attr('0') is defined }}
{{ m|tojson, l|tojson, u|tojson, q|tojson, none|tojson, true|tojson, 1.0|tojson, 1e16|tojson, 1e-7|tojson, (1,2)|tojson, {}|tojson, []|tojson, {'a': []}|tojson(indent=2), {'é': 1}|tojson(ensure_ascii=true) }}
{{ d|tojson(indent=2), d|tojson(indent=4, sort_keys=true), d|tojson(separators=(',', ':')), d|tojson(indent=2, separators=(',', ': ')), d|tojson(indent=-1), d|tojson(indent=0), d|tojson(indent='--'), d|tojson(indent=''), d|tojson(indent=true), d|tojson(indent=false), d|tojson(false, 1), d|tojson(true, none, (';', '='), true) }}
{{ {1: 'a', true: 'b', none: 'c', 1.5: 'd', 'x': 'e'}|tojson, {2: 1, 1: 2}|tojson(sort_keys=true), {'b': {'d': 1, 'c': 2}, 'a': 3}|tojson(sort_keys=true), {true: 1}|tojson, {none: 1}|tojson }}
{{ {(1,2): 1}|tojson }}
{{ {'b': 1, 2: 2}|tojson(sort_keys=true) }}
{{ range(3)|tojson }}
{{ (l|map('string'))|tojson }}
{{ namespace(a=1)|tojson }}
{{ d|tojson(indent=1.5) }}
{{ d|tojson(separators=',:') }}
{{ d|tojson(separators=(1, 2)) }}
{{ d|tojson(separators=(',',)) }}
{{ d|tojson(indent='  ')|length, [d, [], {}, [[]]]|tojson(indent=1) }}
{{ 'x'|string is string, 5|string ~ 'a', none|string, missing|string, l|string, ('<'|safe)|string }}
{{ 1000|filesizeformat, 999999|filesizeformat, 1000000|filesizeformat, 0|filesizeformat, 1|filesizeformat, -5|filesizeformat, 1.5|filesizeformat, '100'|filesizeformat, 1024|filesizeformat(true), 1023|filesizeformat(binary=true), 1e26|filesizeformat, 1e15|filesizeformat(true) }}
{{ 'a'|filesizeformat }}
{{ s|center, 'a'|center(5), 'a'|center(4) ~ '|', 'ab'|center(5), 'é'|center(3), 5|center(3), 'abc'|center(1), 'a'|center(width=3) }}
{{ l|length + 1, l|length * 2 - 1, -l|length, not l|length, l|first|string ~ 'a', -1|abs, -n|abs, (-n)|abs, 2 ** 3|string, 1 + '2'|int }}
{{ s|upper ~ s|lower, s|upper == 'HELLO WORLD', 'a' in s|lower, s|lower in ['hello world'], n|string + 'x' }}
{{ l|sum / l|length, l|sum // 3, (l|sum)|float, l|map('string')|join|int + 1 }}
{{ s|upper()|lower(), s|replace('o','0')|upper, s|trim|upper|replace('O', 'X')|length }}
{{ 5 is nope }}
{{ s is string is defined }}
{{ (s is string) is boolean, n is odd and n is number, n is not odd or n is even, not n is even }}
{{ n is eq 5, n is eq(5), n is equalto 5, n is == 5, n is ne 6, n is lt 6, n is gt(4) and true, 5 is sameas n, n is in l, n is in(l), n is not in l, n is in [5, 6], n is in (5, 6) }}
{{ s is in words or s is in [s], 'upper' is filter, 'odd' is test, 'x' is filter, 5 is filter, none is test }}
{{ l is sameas l, [] is sameas [], none is none, missing is none, missing is undefined, missing.x is undefined if no else 1, d.zz is undefined, d.b is defined, l[9] is defined, s[99] is undefined }}
{{ t is true, 1 is true, 0 is false, no is false, t is boolean, 1 is boolean, none is boolean }}
{{ (1,) is sequence, (1,) is iterable, d is sequence, d is iterable, 5 is iterable, none is iterable, range(3) is sequence, (l|select) is sequence, (l|select) is iterable, d.keys() is sequence, d.keys() is iterable, missing is iterable, missing is sequence }}
{{ d is mapping, l is mapping, namespace() is mapping, m is mapping, none is mapping }}
{{ s.upper is callable, range is callable, cycler(1) is callable, joiner() is callable, namespace is callable, namespace() is callable, loop is callable }}
{{ '' is lower, '' is upper, 'a1' is lower, 5 is lower, none is upper, 'É' is upper, 'ß' is lower }}
{{ 4 is even, 4.0 is even, 3.5 is odd, -3 is odd, true is odd, 0 is even, 4 is divisibleby(2), 4 is divisibleby 2 and true }}
{{ 'a' is odd }}
{{ none is even }}
{{ 5 is divisibleby }}
{{ 5 is divisibleby 'a' }}
{{ missing == missing2, missing == none, missing == '', missing != 1, not missing, missing or 1, missing and 1, missing ~ 'a', missing if t, [missing], {'a': missing} }}
{{ missing < 1 }}
{{ missing + 1 }}
{{ -missing }}
{{ missing * 2 }}
{{ missing['x'] }}
{{ missing in [1], 1 in missing, missing in [missing2], missing is in [none] }}
{{ missing[0:1] }}
{{ l[missing], d[missing], d[none], d[1.5], l[1.0], l['0'], l[t], s[t], d[t] }}
{{ l[1.5] }}
{{ d[l] }}
{{ d.get(l) }}
{{ none[0] }}
{{ none['x'] }}
{{ n[0], n.x, f[0], t.x }}
{{ none < none }}
{{ none + none }}
{{ [] < {} }}
{{ {} < {} }}
{{ 1 < 'a' }}
{{ 'a' < 1 }}
{{ [1, 'a'] < [1, 2] }}
{{ [1, 2] < [1, 3], [1] < [1, 0], (1, 2) < (1, 3), [] < [1], [[1], 2] < [[1], 3] }}
{{ (1,) < [1] }}
{{ 1 < 2 < 3, 1 < 3 > 2, 1 == 1.0 == true, 1 < 2 == true, 3 > 2 > 1 > 0, 1 in [1] == true }}
{{ 1 < 2 < 'a' }}
{{ 1 > 2 < 'a' }}
{{ 1 in l and 2 not in l, not 1 in l, 1 not in l or t, 'b' in d, 'zz' not in d, 1 in {1: 2}, 1.0 in l, true in l, '1' in l, none in [none] }}
{{ 1 in 5 }}
{{ 'a' in 5 }}
{{ 1 in 'a' }}
{{ l in d }}
{{ [1] in [[1]], (1,) in [(1,)], {} in [{}], 'a' in 'abc'|upper, 'A' in 'abc'|upper }}
{{ 1 and 2 or 3, 0 or none, none or 0 or '', 1 and none, not not 1, not 0 and 1, (1 or 2) and 3, '' or 'x' and 'y' }}
{{ n if n > 3 else s if s else e, 'a' if no, ('a' if no) is undefined, ('a' if no) ~ 'b', 1 if t else 2 if no else 3 }}
{{ {'a': 1, 'b': [1, 2]}.b[0], {'a': {'b': {'c': 1}}}.a.b.c, [1, 2, 3][0], [[1, 2], [3]][0][1], 'abc'[1], (1, 2)[1], {'a': 1}['a'], {1: 2}[1], {'x-y': 1}['x-y'], [1,2,3][-1] }}
{{ {'a': 1} == {'a': 1.0}, {'a': 1} != {'a': 2}, [1, [2]] == [1, [2]], (1, 2) == (1, 2), (1, 2) != [1, 2], range(3) == range(3), range(3) == [0, 1, 2], 'a' == ['a'], {} == [], s == s|safe }}
{{ {'a': 1, **d} }}
{{ {**d} }}
{{ [*l] }}
{{ {n: 1, s: 2, 'k' ~ n: 3}, {1: 1, 1.0: 2, true: 3}, {none: 1}, {(1, 2): 3}[(1, 2)] }}
{{ [1, 2,], (1,), {'a': 1,}, [], (), {}, [[]], [()], [{}] }}
{{ [,] }}
{{ {'a'} }}
{{ {'a': } }}
{{ (,) }}
{{ [1 2] }}
{{ {'a': 1 'b': 2} }}
{{ l.index(2), l.index(2, 1), l.index(3, -2), l.count(1), (1, 2, 1).count(1), l.copy(), d.copy(), range(3).count(1), range(5).index(3), d.keys()|sort, d.values()|list|length }}
{{ range(3).start, range(1, 9, 2).stop, range(1, 9, 2).step }}
{{ range(5)[1:3], range(5)[-1], range(5)[::-1]|list, range(0), range(5, 0), range(0, 10, 3)|list, range(10, 0, -3)|list, 3 in range(5), 3.0 in range(5), 'a' in range(5), range(2) + [1] if no else 0 }}
{{ range(100000)|length, range(-5, -1)|list, range(0, -5, -1)|list }}
{{ range(100001) }}
{{ range(0, 1000000, 10)|length }}
{{ range(0, 1000001, 10) }}
{{ range(1.5) }}
{{ range(1, 2, 3, 4) }}
{{ l.append(1) }}
{{ d.update(a=1) }}
{{ d.pop('a') }}
{{ d.setdefault('a', 1) }}
{{ d.popitem() }}
{{ d.__setitem__('a', 1) }}
{{ l.__len__() }}
{{ dict([['a', 1], ['b', 2]]), dict(a=1, b=2), dict({'a': 1}, b=2), dict(d, z=1), dict(), dict(items), dict(['ab', 'cd']) }}
{{ dict(5) }}
{{ dict([1]) }}
{{ dict('ab') }}
{{ dict(none) }}
{{ cycler('a', 'b').next(), cycler('a').current, joiner()() ~ 'x', joiner('-')() ~ 'x' }}
{{ cycler() }}
{{ namespace(1) }}
{{ namespace({'a': 1}).a, namespace(d).b, namespace(items).a }}
{{ strftime_now('%Y-%m-%d %H:%M:%S'), strftime_now('%d %B %Y'), strftime_now('%A %a %b %B %p %I %M %j %y %U %W %w %Z %z %%'), strftime_now('%-d %-m %-H %-I %-M %-S %-j'), strftime_now('%e|%k|%l|%D|%F|%T|%R|%r|%h|%n|%t|%u|%V|%G|%g|%C|%s')|length > 5 }}
{{ strftime_now('%c | %x | %X'), strftime_now('%f'), strftime_now('%'), strftime_now('é %d 日'), strftime_now(''), strftime_now('%Q'), strftime_now('% d'), strftime_now('%#d') }}
{{ strftime_now('%e|%k|%l|%D|%F|%T|%R|%r|%h|%n|%t|%u|%V|%G|%g|%C') }}
{{ strftime_now('%_d %^a %_H %0e %^B %-y %-e %E %Ey %Od %10Y') }}
{{ strftime_now('%P %+ %L %N %v %i %J %K %q %1') }}
{{ strftime_now() }}
{{ strftime_now(5) }}
{{ raise_exception('a' ~ n) }}
{{ raise_exception(l) }}
{{ raise_exception(none) }}
  {%- if t %}  a  {%- endif %}  b
  {% if t -%}  a  {% endif -%}  b
  {%+ if t %}  a  {%+ endif %}  b
a {{ 1 +}} b
a {# {# nested #} b #}
a {# {{ 1 }} {% if %} #} b
{#####}x
{#-#}x
{#--#}x
{% raw %}{{ x }}{% if %}{# #}{% endraw %}
  {% raw %} x {% endraw %} y
{% raw %}{% raw %}{% endraw %}
{% raw +%}x{% endraw %}
{% raw %}{%- endraw %}x
{%raw%}a{%endraw%}
{% raw %}{% endraw
 {% if t %}a{% endif %}
a  {%- if t %} b{% endif -%}  c
{{ 1 }}  {% if t %}a{% endif %}
{# c #}  {% if t %}a{% endif %}
{% set x = 1 %}  {% if t %}a{% endif %}
{%if t%}a{%else%}b{%endif%}
{%-if t-%} a {%-endif-%}
{{1}}
{{-1}}
{{- -1}}
{{--1}}
{{+1}}
{{ 1-}}
{{ 1 - }}
{{ 1 -1 }}
{{ 1-1 }}
{{ 1 --1 }}
{{ l[-1]}}
{{ l[-1]-}} x
{{ {}}}
{{{}}}
{{ {'a':{}} }}
{{ {'a':{'b':{}}}}}
{{ '}}' }}
{{ "%}" }}
{% set x = '%}' %}{{ x }}
{% if '%}' %}a{% endif %}
{% set x = {'a': {'b': 1}} %}{{ x.a.b }}
{{ '{%' }}{{ '{#' }}
{ { 1 } }
{
{{
}}
%}
#}
{%
a{
a{{
{ {% if t %}a{% endif %} }
{{ 1 }}}
{{{ 1 }}}
{% if t %}{{% endif %}
// x
{{ n }} # c
{{ n # c }}
{{ n // 2 }}
{{ n;2 }}
{{ n:2 }}
{{ n ? 1 : 2 }}
{{ n && 1 }}
{{ n || 1 }}
{{ !n }}
{{ n = 1 }}
{{ n := 1 }}
{{ n++ }}
{{ n ^ 2 }}
{{ n & 2 }}
{{ ~n }}
{{ n << 2 }}
{{ lambda x: x }}
{{ [i for i in l] }}
{{ n if }}
{{ if n }}
{{ n else 2 }}
{{ n is }}
{{ n in }}
{{ n not l }}
{{ n is not }}
{{ n | }}
{{ | upper }}
{{ n. }}
{{ .n }}
{{ n.. }}
{{ n.1 }}
{{ l.0.1 }}
{{ nested.0.0 }}
{{ l.-1 }}
{{ n.'x' }}
{{ n['x }}
{{ 'x }}
{{ "x' }}
{{ n) }}
{{ (n }}
{{ [n }}
{{ n] }}
{{ (n] }}
{{ f(n }}
{{ n, }}
{{ n,, }}
{{ (n,) }}
{{ f(,) }}
{{ f(a=1, 2) }}
{{ s.replace('a' 'b', 'c') }}
{{ s . upper () }}
{{ é }}
{{ 'a'.é }}
{% set é = 1 %}{{ é }}
{% set 変数 = 1 %}{{ 変数 }}
{{ a$b }}
{{ ` }}
{{ _x }}
{{ __x }}
{% set _x = 1 %}{{ _x }}
{{ True and not False and None is none }}
{{ TRUE }}
{{ NONE is defined }}
{{ null is defined }}
{{ true.x }}
{{ none.x is defined }}
{{ 1 .real }}
{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}{{ n }}{{ s }}{{ n }}
{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}{% if t %}x{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}{% endif %}
{{ ((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))) }}
{{ [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]] }}
{{ 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 }}
{{ 'a' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' ~ 'b' }}
{{ s|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper|upper }}
{{ not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not not t }}
{{ --------------------------------------------------1 }}
{% if no %}a{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% elif no %}b{% else %}c{% endif %}
{{ t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t and t }}
{{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else {{ 1 if t else 2 }}
{% generation %}{{ n }}{% generation %}x{% endgeneration %}{% endgeneration %}
{%- generation -%}  a  {%- endgeneration -%}  b
{% for i in l %}{% generation %}{% set x = i %}{{ x }}{% endgeneration %}{{ x is defined }}{% endfor %}
{% generation %}a
{% endgeneration %}
{% generation x %}{% endgeneration %}
{% set ns = namespace(a=1) %}{% generation %}{% set ns.a = 2 %}{% endgeneration %}{{ ns.a }}
{% macro f() %}{% generation %}x{% endgeneration %}{% endmacro %}{{ f() }}
{% generation %}{% macro f() %}m{% endmacro %}{{ f() }}{% endgeneration %}{{ f is defined }}
{% set x = 1 %}{% generation %}{{ x }}{% set x = 2 %}{{ x }}{% endgeneration %}{{ x }}
{{ '{:^+012_G}'.format(0) }}|{{ '{:<+012,g}'.format(0.0625) }}|{{ '{:>05}'.format(3) }}|{{ '{:*^05}'.format(3) }}
{{ 'xx'|int(base=36) }}{{ 'zz'|int(base=36) }}{{ '0x1p3'|float(5) }}
{{ ['x', 1, none]|sort(attribute='name') }}
{{ [none, none]|sort }}
{{ [[2, 'b'], [1, 'a']]|min(attribute='0,1') is defined }}
{{ users|sort(attribute='age,name')|map(attribute='name')|list }}
{{ missing|dictsort }}
{{ d.zz|items|list }}
{{ dict(missing) }}
{{ d is filter }}
{{ l is test }}
{{ '%(k)8.2s' % {'k': missing} }}|
{% for i in l %}{% continue %}{% else %}none{% endfor %}
{% for i in l %}{% break %}{% else %}none{% endfor %}
{% for i in l %}{% if i < 3 %}{% continue %}{% endif %}{{ i }}{% else %}none{% endfor %}
{% for i in l %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% else %}none{% endfor %}
{{ -0.0|round(1, 'floor') }}{{ (0 * -1.5)|round(2, 'ceil') }}
{{ '%+g' % (0 * -1.5) }}{{ '{:+}'.format(0 * -1.5) }}{{ '{:z}'.format(0 * -1.5) }}
{{ 'ΑΣ ΑΑΣ-ΣΑ'|title }}{{ 'ΑΣ'.title() }}{{ 'ΑΣ'|capitalize }}
{{ l[::true] }}
{{ '{:.1}'.format(20.0) }}|{{ '{:.3}'.format(123.4) }}|{{ '{:.1}'.format(0.0) }}|{{ '{:.2}'.format(1.0) }}|{{ '{:#.3}'.format(3.0) }}|{{ '{:.4}'.format(100000.0) }}
{{ '{:{w}}|'.format(1, w=600)|length }}
{{ '%600d' % 5 }}
{{ 1e16 // (-2.25 - 1e-7) }}|{{ -7.5 // 0.1 }}|{{ 7.5 // -0.1 }}|{{ 1e300 // 3.0 }}
{{ '{:+#.1}'.format(2.0) }}|{{ '{:#.0}'.format(20.0) }}|{{ '{:#.3}'.format(1234.5) }}
"""[1:-1].split("\n")

SNIPPETS += [
    "{{ lines.splitlines(), 'a\\x0bb\\x0cc\\x1cd\\u2028e\\x85f'.splitlines(), 'a\\n'.splitlines(), '\\n'.splitlines(), ''.splitlines(), 'a\\r\\nb\\rc'.splitlines(true), 'a'.splitlines(keepends=true) }}",
    "{{ 'a\\tb'.expandtabs(), 'a\\tb\\tc'.expandtabs(4), 'é\\tb'.expandtabs(2), '\\ta\\n\\tb'.expandtabs(3), 'a\\tb'.expandtabs(0) }}",
    "{{ 'a\\n'.isprintable(), 'a é'.isprintable(), ''.isprintable(), '\\u200b'.isprintable(), '😀'.isprintable() }}",
    "{{ s.strip('Hd'), 'xxhixx'.strip('x'), 'éaé'.strip('é'), '  a '.lstrip(), 'abcba'.strip('ab'), '日a日'.rstrip('日'), '\\x1c\\x85a\\u3000'.strip(), 'a'.strip('') }}",
    "{{ \"a'b\", 'a\"b', 'a\\'b', \"a\\\"b\", '\\\\', '\\n', '\\t', '\\x41', '\\u00e9', '\\U0001F600', '\\101', '\\0', '\\q', '\\a'|length }}",
    "{{ '\\xe9', '\\xff'|length, '\\u0000'|length }}",
    "{{ 'line\\ }}",
    "{{ s|indent, 'a\\nb\\n\\nc'|indent, 'a\\nb'|indent(2), 'a\\nb'|indent(2, true), 'a\\n\\nb'|indent(2, blank=true), 'a\\nb\\n'|indent(2), 'a\\r\\nb'|indent(2), 'a\\nb'|indent('> '), 'a\\nb'|indent('> ', true), ''|indent(2, true), '\\na'|indent(1), 'a\\nb'|indent(width=1, first=true) }}",
    "{{ 'a\\nb'|indent(-2), 'a\\nb'|indent(0), 'a\\nb'|indent(true) }}",
    "{{ s|title, 'foo-bar (baz) [q] {x} <y>'|title, \"don't\"|title, 'ß ǆ'|title, 'FOO bar'|title, 'a1b'|title, 5|title, 'éa\\u00a0b'|title, 'x\\ty'|title }}",
    "{{ s|trim, '  a  '|trim, 'xxaxx'|trim('x'), '\\u00a0a\\u2003'|trim, 5|trim, l|trim, 'ab'|trim(chars='b'), 'a'|trim('') }}",
    "{{ '</script>&\\'\"'|tojson, '\\u2028\\u2029'|tojson, '\\x00\\x1f\\x7f\\x80'|tojson, '😀é'|tojson(true), '\\b\\f\\n\\r\\t\\\\\"/'|tojson, ('<'|safe)|tojson, ('<'|e)|tojson }}",
    "a\r\n{% if t %}\r\nb\r\n{% endif %}\r\nc\r\n",
    "a\r{% if t %}\rb\r{% endif %}\rc",
    "{{ 'a' }}\r\n\r\n",
    "a\n\n",
    "\n\n\na",
    "a\n ",
    " {{ 1 }} \n",
    "{{ 1 }}\n{{ 2 }}\n",
    "  {% if t +%}\n  a  {% endif +%}\n  b",
    "  {%- if t -%}\n\n  a\n\n  {%- endif -%}\n\n  b",
    "a\n\n{{- 1 -}}\n\nb",
    "a\n {{+ 1 }} b",
    "a {{ 1 -}}\n b",
    "a\n  {#- c #}\n b",
    "a\n  {# c -#}\n b",
    "a\n  {#+ c #}\n b",
    "a\n  {# c +#}\n b",
    "{# a\n b #}\nx",
    "x {# a #}\ny",
    "x\n{# a #}{# b #}\ny",
    "{%- raw -%}\n x {{ }} \n{%- endraw -%}\n y",
    "{% raw -%}\n x{% endraw %}",
    "{% raw %}\nx\n{% endraw %}\ny",
    "{%+ raw %}x{%+ endraw +%}\ny",
    "a\n  {%+ raw %}\n b{% endraw %}",
    "{% if t %}\n\n  a\n{% endif %}\n\nb",
    "{% for i in l %}\n{{ i }}\n{% endfor %}\n",
    "{% for i in l -%}\n{{ i }}\n{%- endfor %}\n",
    "{%- for i in l %}\n  {{- i }}\n{%- endfor %}",
    "\t{% if t %}\n\ta\n\t{% endif %}\n",
    "x\t{% if t %}\n\ta{% endif %}",
    "\u000b{% if t %}a{% endif %}\u000b",
    "\f\n  {% if t %}a{% endif %}",
    "{% set x = 1 %}\n  {% if t %}a{% endif %}",
    "a\n{% set x = 1 %}  {% set y = 2 %}\nb",
    "a\n  {% set x = 1 -%}  \n  {% set y = 2 %}\nb",
    "a\n{{ '' }}  {% if t %}b{% endif %}",
    "a\n{% if t %}  {% if t %}b{% endif %}{% endif %}",
    "# for i in l\n{{ n }}\n# endfor",
    "## comment\nx",
    "{{ s\n.upper\n(\n)\n}}",
    "{{\n1\n}}",
    "{%\nif t\n%}a{%\nendif\n%}",
    "{{ 'a' \n 'b' }}",
    "{{ \\ }}",
]
