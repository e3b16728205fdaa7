"""Protected: what no skill may repeat of the tasks, kept as hashes of word n-grams."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from skillflow_gym.skills.audit.reading import HIDDEN, Finding, excerpt
from skillflow_gym.tasks import TaskSet
from skillflow_gym.text import STOP_WORDS, raw_words, words

RUN = 8
"""Words of a question that may not stand in a skill in a row."""

SHORTEST_QUESTION = 5
"""Words from which a question shorter than RUN is protected as a whole."""

SHORTEST_ANSWER = 4
"""Characters from which an answer is protected."""

COMMON = STOP_WORDS | frozenset(
    """
    able about above act after again age agree air all almost also always among amount animal another answer any
    area around art ask away baby back bad bank base because bed before begin behind below best better between
    big bird black blood blue board boat body book both bottom box boy bread bring brother brown build building
    business buy call came can captain car card care carry case cat cause cell center centre century certain
    chair chance change character check child children choice choose church city class clear close cold college
    color colour common community company complete computer control cook corner cost could country couple course
    court current cut dark data date daughter day dead death decade deep degree design desk different dinner
    director doctor dog door down dream dress drink drive during each early earth east easy eat education effect
    eight either end energy enough equal even evening event ever every example eye face fact fall false family
    famous far farm father feel few field fifth fight figure film final find fine finger fire first fish five
    floor flower food foot football force forest form former forward four fourth free fresh friday friend front
    fruit full future game garden general girl give glass goal gold gone good government great green ground
    group half hand happy hard head health hear heart heat heavy height help here high history hold home hope
    horse hospital hot hotel hour house human hundred husband idea image important inch industry inside instead
    interest iron island january february march april june july august september october november december job
    just keep key kind king kitchen know land language large last late later law lead leader learn least leave
    left leg length less letter level library life light like line list little live local long look lose lot
    love low machine made main make male female man many map mark market master match material maybe mean meat
    medicine meeting member men metal method middle might mile military milk million mind minute miss model
    modern moment monday money month moon more morning most mother mountain mouth movie much music must name
    nation national natural nature near need negative never new news next night nine none normal north nothing
    novel now number object ocean off offer office officer often oil old once one only open option orange order
    other our out outside over own owner page paint paper parent park part party past pattern peace people per
    period person picture piece place plan plane plant play player poem point police pool poor popular
    population position positive possible power present president press price prince princess print private
    problem process produce product public queen question quick quiet radio rain range rate reach read ready
    real reason record red region religion report rest result rich right ring river road rock role room round
    rule same sand saturday sea season seat second see self sense sentence series seven several shape ship shop
    short should side sign silver simple since singer single sister six size skin sky sleep small snow so social
    society soft soldier some song soon sound source south space special speed sport spring square stage star
    start state station steel step still stone stop store story street strong student study such summer sun
    sunday surface system table talk tall teacher team television ten term test than thing think third thirty
    thousand three through thursday time title today together too top total town trade train travel tree true
    truth tuesday turn twelve twenty twice two type under unit united university until up us use value very
    victory view village voice wall war warm water way weather wednesday week weight well west wheel while white
    whole wide wife wild win wind window winter within without woman women wood word work worker world would
    writer wrong yard year yellow yes young zero
    """.split()
)
"""Words so common that as an answer they are no evidence."""


def _hash(run: Sequence[str]) -> int:
    """64 bits that stand for ``run``, the same on every machine."""
    text = " ".join(run).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


class Protected:
    """What no skill may repeat of the tasks: their gold answers and longer parts of their questions.

    It holds 64-bit hashes of words in a row, grouped by how many words they are, and no text; so neither its repr nor
    a finding can tell an answer. About 60 bytes per answer and per word of a question.
    """

    def __init__(self, answers: dict[int, set[int]], questions: dict[int, set[int]]) -> None:
        self._answers = answers
        self._questions = questions

    def __repr__(self) -> str:
        return f"Protected({sum(map(len, self._answers.values()))} answers)"

    @classmethod
    def of(cls, tasksets: Iterable[TaskSet]) -> Protected:
        """What ``tasksets``, of whatever split, have to protect.

        Left out are answers under SHORTEST_ANSWER characters and those of common words only; numbers count by their
        digits. Of a question every run of RUN words counts; a shorter one counts as a whole from SHORTEST_QUESTION
        words.
        """
        answers: dict[int, set[int]] = {}
        questions: dict[int, set[int]] = {}
        for tasks in tasksets:
            for task in tasks:
                for answer in map(words, tasks.gold(task.id).answers):
                    if sum(map(len, answer)) >= SHORTEST_ANSWER and not COMMON.issuperset(answer):
                        answers.setdefault(len(answer), set()).add(_hash(answer))
                question = words(task.prompt)
                size = min(RUN, len(question))
                if size >= SHORTEST_QUESTION:
                    questions.setdefault(size, set()).update(_hash(run) for _, run in _runs(question, size))
        return cls(answers, questions)

    def findings(self, text: str) -> Iterator[Finding]:
        """At most one finding each of ``gold-answer``, which tells the place only, and ``question-overlap``."""
        text = HIDDEN.sub("", text)
        tokens, written = words(text), raw_words(text)
        for size, known in sorted(self._answers.items()):
            place = next((i for i, run in _runs(tokens, size) if _hash(run) in known), None)
            if place is not None:
                yield Finding("gold-answer", f"word {place + 1} of the skill; the answer is not shown")
                break
        for size, known in sorted(self._questions.items()):
            place = next((i for i, run in _runs(tokens, size) if _hash(run) in known), None)
            if place is not None:
                yield Finding("question-overlap", excerpt(" ".join(written[place : place + size])))
                break


def _runs(tokens: Sequence[str], size: int) -> Iterator[tuple[int, Sequence[str]]]:
    """The runs of ``size`` tokens, each with the position of its first."""
    return ((i, tokens[i : i + size]) for i in range(len(tokens) - size + 1))
