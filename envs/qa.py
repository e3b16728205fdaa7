"""What the four question-answering benchmarks share: the search tools, retrieval modes, and scoring by answer."""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar

from skillflow_gym.actions import Action
from skillflow_gym.core import Outcome, Score, SkillEnv
from skillflow_gym.envs import mini
from skillflow_gym.envs.qa_proposals import qa_proposals
from skillflow_gym.registration import stanza
from skillflow_gym.sources import Source, load_records, record_file
from skillflow_gym.tasks import Gold, Task, TaskSet, check_record, from_records
from skillflow_gym.tools import Toolbox
from skillflow_gym.tools.search import BM25Retriever, HTTPRetriever, Passage, Reader, Retriever
from skillflow_gym.trajectory import Context

logger = logging.getLogger("skillflow_gym")
_closed_book: set[str] = set()


class QAEnv(SkillEnv):
    """Open-domain question answering with the tools ``search: query`` and ``lookup: term``.

    Description: the task is a question. ``act("search: ...")`` shows the best passages, ``act("lookup: ...")`` the
    sentences with a term in the passages found so far, ``accept(answer)`` scores the answer.

    Arguments beyond SkillEnv's: ``retrieval`` is ``pooled`` (the passages of all tasks of the split, duplicates
    dropped), ``own`` (the passages of the present task) or the URL of a Search-R1-style server; ``top_k`` is the number
    of passages shown. A set that has no passages is closed-book unless a URL is given; the log says so once.

    Rewards: exact match after the benchmark's own normalisation; token F1 is in ``info["score"]``.
    """

    metrics: ClassVar[tuple[str, ...]] = ("em", "f1")
    schema: ClassVar[Mapping[str, Any]]
    """What a record must hold, in the form that ``check_record`` takes."""

    def __init__(self, benchmark: str, retrieval: str = "pooled", top_k: int = 3, **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: ``retrieval`` is no mode and no URL, or ``top_k`` is below 1.
        """
        if retrieval not in ("pooled", "own") and not retrieval.startswith(("http://", "https://")):
            raise ValueError(f"retrieval {retrieval!r} is none of pooled, own, or the http URL of a retriever")
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        super().__init__(benchmark, **kwargs)
        self.retrieval, self.top_k = retrieval, top_k

    @classmethod
    @abstractmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The task and gold of a record that fits ``schema``; its passages go to ``Task.record["passages"]``."""

    @classmethod
    def corpus(cls, source: Source, split: str) -> Iterable[Passage]:
        """Passages that the source has apart from its records; none, unless the benchmark says otherwise."""
        return ()

    @abstractmethod
    def score_answer(self, answer: str, gold: Gold) -> dict[str, float]:
        """``{"em": ..., "f1": ...}`` by the benchmark's official rules."""

    def tasks(self) -> TaskSet:
        """The questions of the split; loaded once per process and shared by all environments that ask the same."""
        return _load(type(self), self.stanza.name, self.split, self.source, self._file_version())

    def begin(self, task: Task) -> str:
        """Open the corpus; the first observation says which tools there are."""
        reader = Reader(self._retriever(task), self.top_k)
        self._toolbox = Toolbox(reader.search, reader.lookup)
        return self._toolbox.describe()

    def act(self, text: str) -> Outcome:
        """Hand the instruction to the Executor."""
        result = self.executor.run(text, self._toolbox)
        return Outcome(result.text, usage={"calls": result.calls, **result.usage})

    def score(self, answer: str) -> Score:
        """Exact match is reward and success."""
        figures = self.score_answer(answer, self.gold)
        return Score(figures["em"], figures["em"] == 1.0, figures)

    def proposals(self, context: Context) -> tuple[Action, ...]:
        """Searches, lookups, skills and answers that the shown text suggests."""
        return qa_proposals(context)

    def gold_actions(self, task: Task) -> tuple[Action, ...]:
        """Search the question, then accept the first gold answer."""
        return (Action.act(f"search: {task.prompt}"), Action.accept(self.taskset.gold(task.id).answers[0]))

    def _retriever(self, task: Task) -> Retriever:
        if "://" in self.retrieval:
            return HTTPRetriever(self.retrieval)
        if self.retrieval == "own":
            return _own_index(tuple(Passage(*p) for p in task.record["passages"]))
        pooled = _pooled_index(type(self), self.taskset, self.source)
        if not pooled.passages and self.stanza.name not in _closed_book:
            _closed_book.add(self.stanza.name)
            logger.warning(
                f"{self.stanza.env_id}: source {self.source} has no passages, so search finds nothing (closed-book); "
                "give retrieval='http://...' for a corpus"
            )
        return pooled

    def _file_version(self) -> tuple[int, int]:
        """Changes when the file does, so that a task set in the cache is never stale."""
        if self.source.kind != "file":
            return (0, 0)
        status = record_file(self.stanza, self.source.location, self.split).stat()
        return (status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=32)
def _load(kind: type[QAEnv], benchmark: str, split: str, source: Source, version: tuple[int, int]) -> TaskSet:
    def parse(record: Mapping[str, Any], index: int) -> tuple[Task, Gold]:
        check_record(record, index, kind.schema)
        return kind.parse(record, index, split)

    records = load_records(stanza(benchmark), source, split, lambda split: mini.records(benchmark, split))
    return from_records(records, parse, split, str(source))


@lru_cache(maxsize=16)
def _pooled_index(kind: type[QAEnv], taskset: TaskSet, source: Source) -> BM25Retriever:
    passages = [Passage(*p) for task in taskset for p in task.record["passages"]]
    return BM25Retriever([*passages, *kind.corpus(source, taskset.split)])


_own_index = lru_cache(maxsize=1024)(BM25Retriever)
