"""What questions ask: facts, chains of relations, comparisons, and whether two things agree. Some only in test.

A chain is written ``film.director.birthplace``: the kind of the thing that the question names, then the relations.
"""

from __future__ import annotations

from .wordings import Three

TEST_FACTS = frozenset(
    "river.mouth province.emblem person.teacher person.death_place company.headquarters band.debut novel.setting "
    "novel.pages film.composer film.running_time mountain.first_ascent mountain.height album.length song.film "
    "university.students university.rector town.trade country.language country.currency person.instrument band.label "
    "album.studio company.employees province.area".split()
)
"""Single facts that TriviaQA and NQ-Open ask for in test only."""

CHAINS: tuple[str, ...] = tuple(
    """
    film.director.university film.director.spouse film.director.profession film.composer.birthplace
    film.composer.university film.composer.profession novel.author.birthplace novel.author.university
    novel.author.nationality novel.author.profession company.founder.birth_date company.founder.birthplace
    company.founder.nationality company.founder.profession band.singer.birth_date band.singer.birthplace
    band.singer.spouse band.singer.nationality album.producer.birth_date album.producer.spouse
    album.producer.nationality song.writer.birth_date song.writer.university song.writer.spouse
    person.birthplace.population person.birthplace.founded company.headquarters.river
    company.headquarters.population band.hometown.river band.hometown.population band.hometown.mayor
    film.location.province film.location.river film.location.mayor novel.setting.province novel.setting.river
    novel.setting.founded novel.setting.mayor university.town.province university.town.founded university.town.mayor
    town.river.source river.source.height mountain.province.country country.highest_point.first_climber
    song.album.band band.label.founded novel.publisher.founder film.novel.author

    film.novel.author.birthplace film.director.birthplace.river film.director.university.rector
    song.album.band.hometown song.album.producer.birthplace album.band.singer.birthplace album.band.label.founder
    novel.author.birthplace.province novel.publisher.founder.university novel.publisher.headquarters.mayor
    band.label.founder.birth_date band.hometown.river.source company.founder.university.founded
    company.headquarters.province.country town.river.source.height person.university.town.population
    person.spouse.birthplace.founded country.highest_point.first_climber.birthplace
    university.rector.birthplace.founded mountain.first_climber.birthplace.population

    song.album.band.label.founder film.novel.publisher.founder.university album.band.label.headquarters.province
    band.label.founder.birthplace.province novel.publisher.headquarters.river.source
    company.headquarters.river.source.height film.director.university.town.mayor person.university.town.river.length
    person.birthplace.province.seat.population album.producer.birthplace.river.source
    """.split()
)

TEST_CHAINS: tuple[str, ...] = tuple(
    """
    film.director.birth_date film.director.birthplace film.director.nationality film.composer.birth_date
    film.composer.spouse film.composer.nationality novel.author.birth_date novel.author.spouse
    company.founder.university company.founder.spouse band.singer.university band.singer.profession
    album.producer.birthplace album.producer.university album.producer.profession song.writer.birthplace
    song.writer.nationality song.writer.profession person.birthplace.province person.birthplace.river
    person.birthplace.mayor company.headquarters.province company.headquarters.founded company.headquarters.mayor
    band.hometown.province band.hometown.founded film.location.population film.location.founded
    novel.setting.population university.town.river university.town.population

    film.composer.birthplace.province song.writer.birthplace.river album.producer.university.founded
    novel.setting.river.source company.founder.birthplace.population band.singer.university.founded
    mountain.first_climber.university.rector novel.author.birthplace.river university.rector.birthplace.river
    album.producer.birthplace.population film.director.birthplace.province

    song.album.producer.university.founded film.novel.publisher.headquarters.mayor
    film.composer.birthplace.river.source novel.author.university.town.population
    band.singer.birthplace.river.source country.highest_point.first_climber.birthplace.founded
    film.novel.author.birthplace.river
    """.split()
)
"""Chains that only the test split has. Of those of two hops, train has every part in at least two other chains: what
was only ever seen in one company does not compose."""

COMPARISONS: dict[str, tuple[Three, Three]] = {
    "person.birth_date": (
        (
            "Who was born earlier, {a} or {b}?",
            "Who was born first, {a} or {b}?",
            "Of {a} and {b}, who is the elder?",
        ),
        (
            "Who was born later, {a} or {b}?",
            "Who was born more recently, {a} or {b}?",
            "Of {a} and {b}, who is the younger?",
        ),
    ),
    "band.formed": (
        (
            "Which band was formed earlier, {a} or {b}?",
            "Which band was formed first, {a} or {b}?",
            "Of the bands {a} and {b}, which has been together longer?",
        ),
        (
            "Which band was formed later, {a} or {b}?",
            "Which band was formed more recently, {a} or {b}?",
            "Of the bands {a} and {b}, which is the newer one?",
        ),
    ),
    "company.founded": (
        (
            "Which company was founded earlier, {a} or {b}?",
            "Which of {a} and {b} was founded first?",
            "Of the companies {a} and {b}, which is the older one?",
        ),
        (
            "Which company was founded later, {a} or {b}?",
            "Which of {a} and {b} was founded more recently?",
            "Of the companies {a} and {b}, which is the younger one?",
        ),
    ),
    "university.founded": (
        (
            "Which university was founded earlier, {a} or {b}?",
            "Which of {a} and {b} was founded first?",
            "Of the universities {a} and {b}, which is the older one?",
        ),
        (
            "Which university was founded later, {a} or {b}?",
            "Which of {a} and {b} was founded more recently?",
            "Of the universities {a} and {b}, which is the younger one?",
        ),
    ),
    "novel.published": (
        (
            "Which novel was published first, {a} or {b}?",
            "Which novel was published earlier, {a} or {b}?",
            "Of the novels {a} and {b}, which is the older one?",
        ),
        (
            "Which novel was published later, {a} or {b}?",
            "Which novel was published more recently, {a} or {b}?",
            "Of the novels {a} and {b}, which is the newer one?",
        ),
    ),
    "film.released": (
        (
            "Which film came out first, {a} or {b}?",
            "Which film was released earlier, {a} or {b}?",
            "Of the films {a} and {b}, which is the older one?",
        ),
        (
            "Which film came out later, {a} or {b}?",
            "Which film was released more recently, {a} or {b}?",
            "Of the films {a} and {b}, which is the newer one?",
        ),
    ),
    "town.population": (
        (
            "Which town has the smaller population, {a} or {b}?",
            "Which town has fewer inhabitants, {a} or {b}?",
            "In which of the two towns do fewer people live, {a} or {b}?",
        ),
        (
            "Which town has the larger population, {a} or {b}?",
            "Which town has more inhabitants, {a} or {b}?",
            "In which of the two towns do more people live, {a} or {b}?",
        ),
    ),
    "mountain.height": (
        (
            "Which mountain is lower, {a} or {b}?",
            "Which mountain has the lower summit, {a} or {b}?",
            "Of {a} and {b}, which is less high?",
        ),
        (
            "Which mountain is higher, {a} or {b}?",
            "Which mountain has the higher summit, {a} or {b}?",
            "Of {a} and {b}, which is the taller one?",
        ),
    ),
    "river.length": (
        (
            "Which river is shorter, {a} or {b}?",
            "Which has the shorter course, {a} or {b}?",
            "Of {a} and {b}, which is less long?",
        ),
        (
            "Which river is longer, {a} or {b}?",
            "Which has the longer course, {a} or {b}?",
            "Of {a} and {b}, which covers the greater distance?",
        ),
    ),
    "film.running_time": (
        (
            "Which film is shorter, {a} or {b}?",
            "Which film has the shorter running time, {a} or {b}?",
            "Of the films {a} and {b}, which is less long?",
        ),
        (
            "Which film is longer, {a} or {b}?",
            "Which film has the longer running time, {a} or {b}?",
            "Of the films {a} and {b}, which takes longer to watch?",
        ),
    ),
}
"""Relation -> how to ask whose value is the least, and whose is the greatest."""
TEST_COMPARISONS = frozenset(("university.founded", "novel.published", "film.released", "film.running_time"))

AGREEMENTS: dict[str, Three] = {
    "person.birthplace": (
        "Were {a} and {b} born in the same town?",
        "Did {a} and {b} have the same birthplace?",
        "Did {a} and {b} share a native town?",
    ),
    "person.university": (
        "Did {a} and {b} attend the same university?",
        "Did {a} and {b} study at the same university?",
        "Did {a} and {b} share an alma mater?",
    ),
    "person.profession": (
        "Did {a} and {b} have the same profession?",
        "Were {a} and {b} of the same profession?",
        "Did {a} and {b} share a profession?",
    ),
    "film.director": (
        "Were the films {a} and {b} directed by the same person?",
        "Did the films {a} and {b} have the same director?",
        "Did the films {a} and {b} share a director?",
    ),
    "novel.publisher": (
        "Were the novels {a} and {b} published by the same company?",
        "Did the novels {a} and {b} have the same publisher?",
        "Did the novels {a} and {b} share a publisher?",
    ),
    "novel.author": (
        "Were the novels {a} and {b} written by the same person?",
        "Did the novels {a} and {b} have the same author?",
        "Did the novels {a} and {b} share an author?",
    ),
    "band.label": (
        "Are the bands {a} and {b} signed to the same label?",
        "Do the bands {a} and {b} record for the same label?",
        "Do the bands {a} and {b} share a label?",
    ),
    "band.genre": (
        "Do the bands {a} and {b} play the same kind of music?",
        "Do the bands {a} and {b} play the same genre?",
        "Do the bands {a} and {b} share a genre?",
    ),
    "town.province": (
        "Are the towns {a} and {b} in the same province?",
        "Do the towns {a} and {b} belong to the same province?",
        "Do the towns {a} and {b} share a province?",
    ),
    "album.producer": (
        "Were the albums {a} and {b} produced by the same person?",
        "Did the albums {a} and {b} have the same producer?",
        "Did the albums {a} and {b} share a producer?",
    ),
    "novel.kind": (
        "Are {a} and {b} both novels?",
        "Are both {a} and {b} novels?",
        "Is it true of both {a} and {b} that they are novels?",
    ),
    "film.kind": (
        "Are {a} and {b} both films?",
        "Are both {a} and {b} films?",
        "Is it true of both {a} and {b} that they are films?",
    ),
}
"""Relation -> how to ask whether two things have the same value of it; ``kind``, whether both are of that kind."""
TEST_AGREEMENTS = frozenset(("album.producer", "novel.author", "film.director", "town.province"))
