"""MedQA (Jin et al., 2021): questions of the United States medical licensing examination, four options each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from skillflow_gym.envs.choice import ChoiceEnv, check_options, show_question
from skillflow_gym.envs.mini import medqa as mini
from skillflow_gym.sources import read_json_records
from skillflow_gym.tasks import Gold, RecordError, Task, check_record
from skillflow_gym.tools import Toolbox
from skillflow_gym.tools.search import BM25Retriever, HTTPRetriever, Passage, Reader, Retriever


class MedQAEnv(ChoiceEnv):
    """MedQA, four options.

    Description: see ChoiceEnv. Tools: ``calculate``, ``python``, and where there is a corpus ``search`` and ``lookup``.

    Arguments beyond SkillEnv's: ``corpus`` is ``file:PATH`` (JSON lines of ``title`` and ``text``: textbooks, say) or
    the URL of a Search-R1-style server; "" is the handbook for the mini tasks and no corpus for real ones. ``top_k`` is
    the number of passages shown.

    Splits: ``validation`` is the original's ``dev``, which the dataset on the hub lacks. Metric: accuracy. Licence and
    source: CC BY 4.0, ``GBaker/MedQA-USMLE-4-options``. Records have no id: it is made of the split and the position.
    The mini tasks are about diseases and drugs that do not exist; nothing in them is medicine.
    """

    schema: ClassVar[Mapping[str, Any]] = {
        "question": str,
        "answer": str,
        "options": {"A": str, "B": str, "C": str, "D": str},
        "meta_info": str,
        "answer_idx": str,
    }

    def __init__(self, benchmark: str, corpus: str = "", top_k: int = 3, **kwargs: Any) -> None:
        """See the class; the other arguments are SkillEnv's.

        Raises:
            ValueError: ``corpus`` is no file and no URL, or ``top_k`` is below 1.
        """
        kind, _, place = corpus.partition(":")
        if corpus and kind not in ("file", "http", "https"):
            raise ValueError(f"corpus {corpus!r} is neither file:PATH nor the http URL of a retriever")
        if kind == "file" and not Path(place).is_file():
            raise ValueError(f"corpus {corpus!r}: there is no such file")
        if top_k < 1:
            raise ValueError(f"top_k must be at least 1, got {top_k}")
        super().__init__(benchmark, **kwargs)
        self.corpus, self.top_k = corpus, top_k

    @classmethod
    def parse(cls, record: Mapping[str, Any], index: int, split: str) -> tuple[Task, Gold]:
        """The letter and the text of the right option."""
        options, letter = dict(record["options"]), record["answer_idx"]
        check_options(options, letter, index, "options")
        if options[letter] != record["answer"]:
            raise RecordError(f"record {index}: field answer: it is not the text of option {letter}")
        task = Task(f"medqa-{split}-{index}", show_question(record["question"], options), {"options": options})
        return task, Gold((letter, options[letter]), {"meta_info": record["meta_info"]})

    @classmethod
    def mini_records(cls, split: str) -> Iterable[dict[str, Any]]:
        """Vignettes about the made-up handbook."""
        return mini.records(split)

    def toolbox(self, task: Task) -> Toolbox:
        """The calculator and Python, and the corpus if there is one."""
        retriever = self._retriever()
        if retriever is None:
            return super().toolbox(task)
        reader = Reader(retriever, self.top_k)
        return Toolbox(reader.search, reader.lookup, *(tool.function for tool in super().toolbox(task).values()))

    def _retriever(self) -> Retriever | None:
        kind, _, path = self.corpus.partition(":")
        if kind == "file":
            status = Path(path).stat()
            return _file_index(path, (status.st_mtime_ns, status.st_size))
        if self.corpus:
            return HTTPRetriever(self.corpus)
        return _mini_index(self.split) if self.source.kind == "mini" else None


@lru_cache(maxsize=4)
def _mini_index(split: str) -> BM25Retriever:
    return BM25Retriever(Passage(*article) for article in mini.articles(split))


@lru_cache(maxsize=4)
def _file_index(path: str, version: tuple[int, int]) -> BM25Retriever:
    """The index of a file; ``version`` changes when the file does."""
    records = read_json_records(Path(path))
    for index, record in enumerate(records):
        check_record(record, index, {"title": str, "text": str})
    return BM25Retriever(Passage(record["title"], record["text"]) for record in records)
