"""What small Python functions are made of: sources, conditions, maps and collections, and expressions of their own.

Each line of a table is ``types -> result | name | cues | code``. The name says in a word what the part does; cues are
words of a docstring that speak for it. {a}, {b}, {c} stand for arguments of the types, {x} for an item of a source,
{s} for the source. A type is num, str, char, bool, list, dict, or a list with the type of its items as in list:num.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from skillflow_gym.text import stem


class Rule(NamedTuple):
    """A line of a table.

    Attributes:
        types: of the arguments.
        result: type of the result.
        name: what it does, in a word.
        cues: stems that speak for it; none for a part that goes without saying.
        code: an expression; before it, statements that end with a semicolon.
    """

    types: tuple[str, ...]
    result: str
    name: str
    cues: frozenset[str]
    code: str


def stems(text: str) -> frozenset[str]:
    """The stems of the words of ``text``."""
    return frozenset(map(stem, text.split()))


def _rules(table: str) -> Iterator[Rule]:
    for line in table.strip().split("\n"):
        types, name, cues, code = (part.strip() for part in line.split(" | ", 3))
        given, _, result = types.partition(" -> ")
        yield Rule(tuple(given.split()), result, name, stems(cues), code)


SOURCES = tuple(
    _rules("""
list:num -> num | all |  | {a}
list:str -> str | all |  | {a}
list:list -> list:num | rows | row each | {a}
list:list -> num | cells | number anywhere content item | [y for row in {a} for y in row]
str -> char | letters | letter character text | {a}
str -> str | words | word sentence name | {a}.split()
dict -> num | values | value amount all | {a}.values()
num -> num | range | number count | range(1, {a} + 1)
num -> num | digits | digit | [int(d) for d in str({a})]
list:num -> num | distinct | distinct different unique | set({a})
list:str -> str | distinct | distinct different unique | set({a})
list:num list:num -> pair | pairs | pair position both each | zip({a}, {b})
list:num -> pair | neighbours | neighbour before after difference | zip({a}, {a}[1:])
list:str -> pair | neighbours | neighbour before after | zip({a}, {a}[1:])
""")
)
CONDITIONS = tuple(
    _rules("""
num -> bool | even | even | {x} % 2 == 0
num -> bool | odd | odd | {x} % 2 == 1
num -> bool | positive | positive zero | {x} > 0
num -> bool | negative | negative zero | {x} < 0
num -> bool | nonzero | zero | {x} != 0
num num -> bool | above | above greater larger more exceed over higher | {x} > {b}
num num -> bool | below | below less smaller under lower fewer | {x} < {b}
num num -> bool | from | least smaller | {x} >= {b}
num num -> bool | upto | most greater | {x} <= {b}
num num -> bool | multiple | multiple divisible divide | {x} % {b} == 0
num num -> bool | divides | divisor divide factor | {b} % {x} == 0
num num -> bool | equal | equal same wanted | {x} == {b}
num num -> bool | unequal | differ other except | {x} != {b}
str str -> bool | start | start begin prefix first | {x}.startswith({b})
str str -> bool | end | end suffix ending last | {x}.endswith({b})
str str -> bool | contain | contain part substring somewhere | {b} in {x}
str str -> bool | starts | start begin letter case first | {x}.lower().startswith({b}.lower())
str num -> bool | longer | longer more length | len({x}) > {b}
str num -> bool | shorter | shorter less fewer length | len({x}) < {b}
str num -> bool | size | least length | len({x}) >= {b}
str -> bool | upper | upper capital case | {x}.isupper()
str -> bool | capital | capital begin | {x}[:1].isupper()
str -> bool | palindrome | palindrome backward same | {x} == {x}[::-1]
str -> bool | nonempty | empty | {x} != ''
char -> bool | digit | digit number | {x}.isdigit()
char -> bool | letter | letter alphabet | {x}.isalpha()
char -> bool | upper | upper capital case | {x}.isupper()
char -> bool | lower | lower case | {x}.islower()
char -> bool | vowel | vowel | {x}.lower() in 'aeiou'
char str -> bool | among | letter character | {x} in {b}
any list -> bool | common | common both also | {x} in {b}
pair -> bool | equal | equal same | {x}[0] == {x}[1]
pair -> bool | rising | increase rise ascend before | {x}[0] < {x}[1]
pair -> bool | chained | begin letter last before | {x}[0][-1] == {x}[1][0]
""")
)
MAPS = tuple(
    _rules("""
num -> num | square | square | {x} ** 2
num -> num | double | double twice | {x} * 2
num -> num | cube | cube | {x} ** 3
num -> num | absolute | absolute distance | abs({x})
num -> num | negate | negate sign opposite | -{x}
num -> num | increment | increment incremented next one | {x} + 1
num num -> num | add | add increase plus | {x} + {b}
num num -> num | times | times multiply | {x} * {b}
num num -> num | cap | limit cap | min({x}, {b})
num num num -> num | clamp | limit range outside end | min(max({x}, {b}), {c})
num -> str | text | text string | str({x})
str -> num | length | length letter long | len({x})
str -> str | upper | upper capital | {x}.upper()
str -> str | lower | lower | {x}.lower()
str -> str | flip | reverse backward | {x}[::-1]
str -> str | head | first letter character initial | {x}[:1]
str -> str | initial | first initial upper letter | {x}[0].upper()
str -> str | tail | last letter | {x}[-1:]
char -> str | upper | upper capital | {x}.upper()
char -> str | lower | lower | {x}.lower()
list:num -> num | total | sum row | sum({x})
list:num -> num | length | length row long | len({x})
list:num -> num | peak | largest maximum row | max({x})
list:num num -> num | count | count time occur | {x}.count({b})
pair -> num | plus | sum add | {x}[0] + {x}[1]
pair -> num | step | difference minus change | {x}[1] - {x}[0]
pair -> num | product | product multiply | {x}[0] * {x}[1]
pair -> num | larger | larger maximum | max({x})
any dict -> num | lookup | price value look each | {b}.get({x}, 0)
""")
)
COLLECTIONS = tuple(
    _rules("""
any -> list | list |  | [{i}]
char -> str | text | text character remove replace | ''.join({i})
str -> str | join | join letter without | ''.join({i})
str -> str | spaced | space join | ' '.join({i})
str -> str | commas | comma join | ', '.join({i})
num -> num | sum | sum total add | sum({i})
num -> num | product | product multiply | import math; math.prod({i})
num -> num | largest | largest maximum highest biggest greatest longest | max(({i}), default=None)
num -> num | biggest | largest maximum longest | max(({i}), default=0)
num -> num | smallest | smallest minimum lowest least | min(({i}), default=None)
any -> num | count | count many number occur | len([{i}])
any -> list | sorted | sort order alphabetical | sorted({i})
any -> list | unique | duplicate distinct once | list(dict.fromkeys({i}))
num -> num | mean | mean average | sum({i}) / len({s})
bool -> bool | all | all every each | all({i})
bool -> bool | any | any some there whether least | any({i})
""")
)
"""{i} stands for ``map for x in source if condition``."""
WHOLE = tuple(
    _rules("""
list -> list | reverse | reverse backward | {a}[::-1]
list -> list | mirror | reverse followed same back | {a} + {a}[::-1]
list -> list | alternate | every second other even | {a}[::2]
list -> list | sort | sort order ascending | sorted({a})
list -> list | descend | sort descending largest | sorted({a}, reverse=True)
list -> list | unique | unique distinct sort | sorted(set({a}))
list -> list | inner | first last end without | {a}[1:-1]
list num -> list | take | first | {a}[:{b}]
list num -> list | skip | first without after | {a}[{b}:]
list num -> list | last | last | {a}[-{b}:]
list num -> list | rotate | move end rotate first step | {a}[{b}:] + {a}[:{b}]
list num -> list | turn | move end rotate step more | {a}[{b} % max(len({a}), 1):] + {a}[:{b} % max(len({a}), 1)]
list:num -> list | running | running position each up | [sum({a}[:i + 1]) for i in range(len({a}))]
list:num -> list | ranks | place rank higher | [1 + sum(y > x for y in {a}) for x in {a}]
list:num -> num | spread | difference largest smallest | max({a}) - min({a}) if {a} else 0
list:num -> num | alternating | even odd position subtract | sum({a}[::2]) - sum({a}[1::2])
list:num -> num | largest | largest maximum | max({a})
list:num -> num | second | second largest | sorted(set({a}))[-2]
list:num -> num | missing | missing gone find number | sum(range(1, len({a}) + 2)) - sum({a})
list -> num | length | length many number | len({a})
list -> num | kinds | distinct different unique | len(set({a}))
list -> bool | duplicates | more once duplicate twice | len(set({a})) != len({a})
list -> bool | ordered | order sorted increase | {a} == sorted({a})
list -> bool | palindrome | same backward palindrome | {a} == {a}[::-1]
list:num num -> bool | pairsum | two position add sum | any({b} - x in {a}[i + 1:] for i, x in enumerate({a}))
list:num -> bool | balanced | cut two part same sum | any(sum({a}[:i]) == sum({a}[i:]) for i in range(1, len({a})))
list:str -> str | longest | longest first | max({a}, key=len, default='')
list:str -> str | shortest | shortest first | min({a}, key=len, default='')
list:str -> str | favourite | frequent common often | max({a}, key={a}.count)
list:str -> str | listing | alphabetical join comma order | ', '.join(sorted({a}))
list:str -> str | glue | concatenate join single | ''.join({a})
list -> dict | counts | count many time occur | {x: {a}.count(x) for x in {a}}
list -> dict | places | position first index stand | {x: {a}.index(x) for x in {a}}
list:str -> dict | lengths | length | {x: len(x) for x in {a}}
list:str -> dict | groups | group length | {len(x): [y for y in {a} if len(y) == len(x)] for x in {a}}
list:list -> list | transpose | column row turn | [list(x) for x in zip(*{a})]
list:list -> num | diagonal | diagonal square | sum(row[i] for i, row in enumerate({a}))
list list -> list | concatenate | both followed | {a} + {b}
list list -> list | common | common both sort unique | sorted(set({a}) & set({b}))
list list -> dict | zip | key value pair | dict(zip({a}, {b}))
str -> str | upper | upper capital | {a}.upper()
str -> str | lower | lower | {a}.lower()
str -> str | swap | swap flip case uppercase lowercase | {a}.swapcase()
str -> str | title | title capital word | {a}.title()
str -> str | reverse | reverse backward | {a}[::-1]
str -> str | mirror | reverse followed own | {a} + {a}[::-1]
str -> str | words | word reverse order | ' '.join({a}.split()[::-1])
str -> str | longest | longest word first | max({a}.split(), key=len, default='')
str -> str | ends | first last exchange swap | {a} if len({a}) < 2 else {a}[-1] + {a}[1:-1] + {a}[0]
str -> str | middle | middle even length | {a}[(len({a}) - 1) // 2:len({a}) // 2 + 1]
str -> str | dedupe | once same character | ''.join(dict.fromkeys({a}))
str num -> str | repeat | time repeat | {a} * {b}
str num -> str | take | first | {a}[:{b}]
str num -> str | skip | without first | {a}[{b}:]
str num -> str | mask | replace last shown | '*' * (len({a}) - {b}) + {a}[max(len({a}) - {b}, 0):]
str str -> str | append | followed end append | {a} + {b}
str str -> str | without | remove delete | {a}.replace({b}, '')
str -> num | length | length long | len({a})
str -> num | kinds | distinct different case | len(set({a}.lower()))
str str -> num | count | count time many | {a}.count({b})
str -> bool | palindrome | palindrome backward same | {a} == {a}[::-1]
str str -> bool | contain | contain in | {b} in {a}
str str -> bool | covers | every letter occur case | set({b}.lower()) <= set({a}.lower())
str str -> bool | letters | same character letter | set({a}) == set({b})
str -> list | split | word split | {a}.split()
str -> list | prefixes | prefix shortest longest | [{a}[:i + 1] for i in range(len({a}))]
num num -> num | plus | add sum plus more | {a} + {b}
num num -> num | minus | difference minus subtract | {a} - {b}
num num -> num | times | product times multiply area | {a} * {b}
num num -> num | half | area triangle half | {a} * {b} / 2
num num -> num | remainder | remainder modulo | {a} % {b}
num num -> num | quotient | divide whole | {a} // {b}
num num -> num | boxes | need hold size | ({a} + {b} - 1) // {b}
num num -> num | divisor | common divisor greatest | import math; math.gcd({a}, {b})
num num num -> num | wrap | hour after day | ({a} + {b}) % {c}
num num -> bool | share | digit common two | bool(set(str({a})) & set(str({b})))
num num num -> num | multiples | multiple count end included | sum(n % {c} == 0 for n in range({a}, {b} + 1))
num num num num -> num | overlap | common span time | max(0, min({b}, {d}) - max({a}, {c}))
num -> num | fraction | decimal part | {a} % 1
num -> num | triangle | sum number | {a} * ({a} + 1) // 2
num -> num | ones | binary one | bin({a}).count('1')
num -> num | divisors | divisor count | sum({a} % d == 0 for d in range(1, {a} + 1))
num -> num | backwards | reverse digit | int(str({a})[::-1])
num -> num | root | digit sum until left | 1 + ({a} - 1) % 9 if {a} else 0
num -> bool | even | even | {a} % 2 == 0
num -> bool | perfect | equal sum divisor | sum(d for d in range(1, {a}) if {a} % d == 0) == {a}
num -> bool | prime | prime | {a} > 1 and all({a} % d for d in range(2, {a}))
num -> list | odds | odd first | list(range(1, 2 * {a}, 2))
num -> list | upto | number from | list(range(1, {a} + 1))
num -> list | divisors | divisor | [d for d in range(1, {a} + 1) if {a} % d == 0]
num -> str | count | number space | ' '.join(map(str, range({a} + 1)))
dict -> dict | invert | exchange key value | {v: k for k, v in {a}.items()}
dict -> dict | positive | keep positive entry | {k: v for k, v in {a}.items() if v > 0}
dict dict -> dict | override | add key same both | {**{a}, **{b}}
dict dict -> dict | default | default lack key stay | {**{b}, **{a}}
dict dict -> dict | merge | add count sum both | {k: {a}.get(k, 0) + {b}.get(k, 0) for k in [*{a}, *{b}]}
dict -> list | keys | key order | sorted({a})
dict -> list | byvalue | order value smallest | sorted({a}, key={a}.get)
dict num -> list | over | above limit order alphabetical name | sorted(k for k, v in {a}.items() if v > {b})
dict -> str | top | highest largest name most | max({a}, key={a}.get, default='')
dict -> str | best | highest alphabetical order first name | max(sorted({a}), key={a}.get, default='')
""")
)
