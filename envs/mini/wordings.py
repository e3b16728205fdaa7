"""How questions are worded, relation by relation, each in three ways.

``{x}`` stands for the subject: a name, or another ``phrase``, so that phrases nest into questions of several hops. For
that reason every ``phrase`` ends with its subject.
"""

from __future__ import annotations

from typing import NamedTuple

Three = tuple[str, str, str]


class Wording(NamedTuple):
    """The wordings of a relation: as a question, as a search engine's user types it, as a phrase for its target."""

    ask: Three
    search: Three
    phrase: Three | None = None


WORDINGS: dict[str, Wording] = {
    "country.capital": Wording(
        ("What is the capital of {x}?", "Which town is the capital of {x}?", "From which town is {x} governed?"),
        ("what is the capital of {x}", "capital town of {x}", "where does the government of {x} sit"),
        ("the capital of {x}", "the town that is the capital of {x}", "the capital city of {x}"),
    ),
    "country.highest_point": Wording(
        (
            "What is the highest mountain in {x}?",
            "Which mountain is the highest point of {x}?",
            "Which mountain is higher than any other in {x}?",
        ),
        ("what is the highest mountain in {x}", "highest point of {x}", "tallest peak in {x}"),
        ("the highest mountain in {x}", "the highest point of {x}", "the tallest mountain of {x}"),
    ),
    "country.currency": Wording(
        ("What is the currency of {x}?", "Which currency is used in {x}?", "In what currency are prices given in {x}?"),
        ("what is the currency of {x}", "currency used in {x}", "what money do they use in {x}"),
    ),
    "country.language": Wording(
        (
            "What is the official language of {x}?",
            "Which language is official in {x}?",
            "Which language has official status in {x}?",
        ),
        ("what is the official language of {x}", "official language in {x}", "which language do they speak in {x}"),
    ),
    "country.independence": Wording(
        (
            "In what year did {x} become independent?",
            "In which year did {x} gain its independence?",
            "Since what year has {x} been independent?",
        ),
        ("when did {x} become independent", "what year did {x} gain independence", "since when is {x} independent"),
    ),
    "country.population": Wording(
        (
            "What is the population of {x}?",
            "How many people live in {x}?",
            "How many inhabitants does {x} have?",
        ),
        ("what is the population of {x}", "how many people live in {x}", "number of inhabitants of {x}"),
    ),
    "province.country": Wording(
        (
            "In which country is {x}?",
            "Which country does {x} belong to?",
            "{x} is a province of which country?",
        ),
        ("what country is {x} in", "which country does {x} belong to", "{x} is a province of what country"),
        ("the country that contains {x}", "the country of {x}", "the country that includes {x}"),
    ),
    "province.seat": Wording(
        (
            "What is the seat of {x}?",
            "Which town is the seat of {x}?",
            "In which town does the government of {x} have its seat?",
        ),
        ("what is the seat of {x}", "which town is the seat of {x}", "where is the government of {x} based"),
        ("the seat of {x}", "the town that is the seat of {x}", "the administrative seat of {x}"),
    ),
    "province.area": Wording(
        (
            "What is the area in square kilometres of {x}?",
            "How many square kilometres does {x} cover?",
            "How large, in square kilometres, is {x}?",
        ),
        (
            "area of {x} in square kilometres",
            "how many square kilometres is {x}",
            "how big is {x} in square kilometres",
        ),
    ),
    "province.emblem": Wording(
        ("What is the emblem of {x}?", "Which emblem does {x} have?", "What is shown on the flag of {x}?"),
        ("what is the emblem of {x}", "emblem of {x}", "what is on the flag of {x}"),
    ),
    "town.province": Wording(
        ("In which province is {x}?", "Which province does {x} belong to?", "{x} is a town in which province?"),
        ("what province is {x} in", "which province does {x} belong to", "{x} is in what province"),
        ("the province that contains {x}", "the province of {x}", "the province that includes {x}"),
    ),
    "town.river": Wording(
        ("Which river flows through {x}?", "On which river does {x} stand?", "{x} lies on the banks of which river?"),
        ("what river flows through {x}", "what river is {x} on", "{x} lies on which river"),
        ("the river that flows through {x}", "the river that runs through {x}", "the river that passes {x}"),
    ),
    "town.population": Wording(
        ("What is the population of {x}?", "How many people live in {x}?", "How many inhabitants does {x} have?"),
        ("what is the population of {x}", "how many people live in {x}", "number of inhabitants of {x}"),
    ),
    "town.founded": Wording(
        (
            "In what year was {x} founded?",
            "In which year was {x} founded?",
            "What is the year of foundation of {x}?",
        ),
        ("when was {x} founded", "what year was {x} founded", "year of foundation of {x}"),
    ),
    "town.mayor": Wording(
        ("Who is the mayor of {x}?", "Which person is mayor of {x}?", "Who leads the town council of {x}?"),
        ("who is the mayor of {x}", "name of the mayor of {x}", "who leads the town council of {x}"),
        ("the mayor of {x}", "the present mayor of {x}", "the person who is mayor of {x}"),
    ),
    "town.trade": Wording(
        ("What is {x} known for?", "What is the traditional trade of {x}?", "For which trade is {x} known?"),
        ("what is {x} known for", "traditional trade of {x}", "what trade is {x} famous for"),
    ),
    "river.source": Wording(
        (
            "On which mountain does {x} rise?",
            "On which mountain is the source of {x}?",
            "Which mountain does {x} flow down from?",
        ),
        ("where does {x} rise", "where is the source of {x}", "which mountain does {x} start on"),
        ("the mountain at the source of {x}", "the mountain that gives rise to {x}", "the mountain that feeds {x}"),
    ),
    "river.mouth": Wording(
        (
            "In which town does {x} reach the sea?",
            "At which town is the mouth of {x}?",
            "Which town lies at the mouth of {x}?",
        ),
        ("where does {x} reach the sea", "where is the mouth of {x}", "which town is at the mouth of {x}"),
        ("the town at the mouth of {x}", "the town beside the mouth of {x}", "the town on the estuary of {x}"),
    ),
    "river.length": Wording(
        (
            "How many kilometres long is {x}?",
            "What is the length in kilometres of {x}?",
            "How long, in kilometres, is {x}?",
        ),
        ("how many kilometres long is {x}", "length of {x} in kilometres", "how long is {x} in km"),
    ),
    "mountain.province": Wording(
        ("In which province is {x}?", "Which province does {x} belong to?", "{x} is a mountain in which province?"),
        ("what province is {x} in", "which province does {x} belong to", "{x} is in what province"),
        ("the province that contains {x}", "the province of {x}", "the province that includes {x}"),
    ),
    "mountain.first_climber": Wording(
        (
            "Who made the first ascent of {x}?",
            "Who was the first person to climb {x}?",
            "Who was first to reach the summit of {x}?",
        ),
        ("who first climbed {x}", "who made the first ascent of {x}", "first person on the summit of {x}"),
        (
            "the person who first climbed {x}",
            "the climber who made the first ascent of {x}",
            "the first person on the summit of {x}",
        ),
    ),
    "mountain.first_ascent": Wording(
        (
            "In what year was {x} first climbed?",
            "In which year was the first ascent of {x} made?",
            "What is the year of the first ascent of {x}?",
        ),
        ("when was {x} first climbed", "year of the first ascent of {x}", "when did somebody first stand on {x}"),
    ),
    "mountain.height": Wording(
        (
            "How many metres high is {x}?",
            "What is the height in metres of {x}?",
            "How high, in metres, is {x}?",
        ),
        ("how many metres high is {x}", "height of {x} in metres", "how tall is {x} in metres"),
    ),
    "person.birth_date": Wording(
        ("On what date was {x} born?", "What is the date of birth of {x}?", "On which day was {x} born?"),
        ("when was {x} born", "date of birth of {x}", "what is the birthday of {x}"),
    ),
    "person.birthplace": Wording(
        ("Where was {x} born?", "In which town was {x} born?", "What is the native town of {x}?"),
        ("where was {x} born", "birthplace of {x}", "what town is {x} from"),
        ("the birthplace of {x}", "the town of birth of {x}", "the native town of {x}"),
    ),
    "person.nationality": Wording(
        ("What was the nationality of {x}?", "Of what nationality was {x}?", "Which nationality did {x} have?"),
        ("nationality of {x}", "what nationality was {x}", "which nationality did {x} have"),
    ),
    "person.profession": Wording(
        ("What was the profession of {x}?", "Which profession did {x} have?", "What was {x} by profession?"),
        ("profession of {x}", "what profession did {x} have", "what was {x} by profession"),
    ),
    "person.university": Wording(
        ("Which university did {x} attend?", "At which university did {x} study?", "What is the alma mater of {x}?"),
        ("where did {x} study", "which university did {x} attend", "alma mater of {x}"),
        ("the university attended by {x}", "the university that educated {x}", "the alma mater of {x}"),
    ),
    "person.teacher": Wording(
        ("Who was the teacher of {x}?", "Who taught {x}?", "Whose pupil was {x}?"),
        ("who was the teacher of {x}", "who taught {x}", "whose pupil was {x}"),
        ("the teacher of {x}", "the person who taught {x}", "the mentor of {x}"),
    ),
    "person.spouse": Wording(
        ("Whom did {x} marry?", "Who was the spouse of {x}?", "Who became the spouse of {x}?"),
        ("who did {x} marry", "spouse of {x}", "who was {x} married to"),
        ("the spouse of {x}", "the person who married {x}", "the husband or wife of {x}"),
    ),
    "person.instrument": Wording(
        ("Which instrument does {x} play?", "What instrument is played by {x}?", "What is the instrument of {x}?"),
        ("what instrument does {x} play", "instrument played by {x}", "what is the instrument of {x}"),
    ),
    "person.best_novel": Wording(
        (
            "What is the best-known novel of {x}?",
            "For which novel is {x} chiefly remembered?",
            "Which of the novels of {x} is the most widely read?",
        ),
        ("best known novel of {x}", "what novel is {x} remembered for", "most widely read novel by {x}"),
        ("the best-known novel of {x}", "the best-known book of {x}", "the most famous novel by {x}"),
    ),
    "person.best_film": Wording(
        (
            "What is the best-known film of {x}?",
            "For which film is {x} chiefly remembered?",
            "Which film of {x} do critics name first?",
        ),
        ("best known film of {x}", "what film is {x} remembered for", "most famous film by {x}"),
        ("the best-known film of {x}", "the best-known work of {x}", "the most famous film by {x}"),
    ),
    "person.death_place": Wording(
        ("Where did {x} die?", "In which town did {x} die?", "In which town did the life of {x} end?"),
        ("where did {x} die", "place of death of {x}", "in what town did the life of {x} end"),
        ("the place of death of {x}", "the town that saw the death of {x}", "the last home of {x}"),
    ),
    "person.death_year": Wording(
        ("In what year did {x} die?", "In which year did {x} die?", "What was the year of death of {x}?"),
        ("when did {x} die", "what year did {x} die", "year of death of {x}"),
    ),
    "university.town": Wording(
        ("In which town is {x}?", "Where is the campus of {x}?", "{x} is in which town?"),
        ("where is {x}", "what town is {x} in", "where is the campus of {x}"),
        ("the town that is home to {x}", "the town with the campus of {x}", "the location of {x}"),
    ),
    "university.founded": Wording(
        (
            "In what year was {x} founded?",
            "In which year was {x} founded?",
            "What is the year of foundation of {x}?",
        ),
        ("when was {x} founded", "what year was {x} founded", "year of foundation of {x}"),
    ),
    "university.rector": Wording(
        ("Who is the rector of {x}?", "Which person is rector of {x}?", "Who heads {x} as rector?"),
        ("who is the rector of {x}", "name of the rector of {x}", "who heads {x}"),
        ("the rector of {x}", "the present rector of {x}", "the person who heads {x}"),
    ),
    "university.students": Wording(
        ("How many students does {x} have?", "What is the number of students of {x}?", "How many people study at {x}?"),
        ("how many students does {x} have", "number of students of {x}", "how many people study at {x}"),
    ),
    "company.founder": Wording(
        ("Who founded {x}?", "Who was the founder of {x}?", "By whom was {x} founded?"),
        ("who founded {x}", "founder of {x}", "by whom was {x} founded"),
        ("the founder of {x}", "the person who founded {x}", "the person who started {x}"),
    ),
    "company.founded": Wording(
        (
            "In what year was {x} founded?",
            "In which year was {x} founded?",
            "What is the year of foundation of {x}?",
        ),
        ("when was {x} founded", "what year was {x} founded", "year of foundation of {x}"),
    ),
    "company.headquarters": Wording(
        ("Where are the headquarters of {x}?", "In which town is {x} based?", "Which town is the home of {x}?"),
        ("where are the headquarters of {x}", "where is {x} based", "home town of {x}"),
        ("the home town of {x}", "the town that houses the headquarters of {x}", "the town that is the base of {x}"),
    ),
    "company.employees": Wording(
        (
            "How many people does {x} employ?",
            "How many employees does {x} have?",
            "What is the number of employees of {x}?",
        ),
        ("how many people does {x} employ", "how many employees does {x} have", "number of employees of {x}"),
    ),
    "band.singer": Wording(
        ("Who is the lead singer of {x}?", "Who fronts {x}?", "Who sings for {x}?"),
        ("who is the lead singer of {x}", "who fronts {x}", "who sings for {x}"),
        ("the lead singer of {x}", "the singer who fronts {x}", "the voice of {x}"),
    ),
    "band.hometown": Wording(
        ("Where was {x} formed?", "In which town was {x} formed?", "What is the home town of {x}?"),
        ("where was {x} formed", "what town is {x} from", "home town of {x}"),
        ("the home town of {x}", "the town of origin of {x}", "the town that gave rise to {x}"),
    ),
    "band.formed": Wording(
        ("In what year was {x} formed?", "In which year was {x} formed?", "What is the year of formation of {x}?"),
        ("when was {x} formed", "what year was {x} formed", "when did {x} get together"),
    ),
    "band.genre": Wording(
        (
            "What kind of music does {x} play?",
            "Which genre does {x} play?",
            "To which genre does the music of {x} belong?",
        ),
        ("what kind of music does {x} play", "genre of {x}", "what style is the music of {x}"),
    ),
    "band.label": Wording(
        ("Which label does {x} record for?", "To which label is {x} signed?", "Who issues the records of {x}?"),
        ("what label is {x} on", "which label is {x} signed to", "who issues the records of {x}"),
        ("the label of {x}", "the record label of {x}", "the company that issues the records of {x}"),
    ),
    "band.debut": Wording(
        (
            "What is the debut album of {x}?",
            "What was the first album of {x}?",
            "With which album did {x} make its debut?",
        ),
        ("debut album of {x}", "what was the first album of {x}", "with what album did {x} start"),
        ("the debut album of {x}", "the first album of {x}", "the earliest album of {x}"),
    ),
    "album.band": Wording(
        ("Which band recorded {x}?", "Who recorded {x}?", "{x} is the work of which band?"),
        ("which band recorded {x}", "who recorded {x}", "{x} is by which band"),
        ("the band that recorded {x}", "the group that recorded {x}", "the group that made {x}"),
    ),
    "album.producer": Wording(
        ("Who produced {x}?", "Who was the producer of {x}?", "By whom was {x} produced?"),
        ("who produced {x}", "producer of {x}", "by whom was {x} produced"),
        ("the producer of {x}", "the person who produced {x}", "the person responsible for the production of {x}"),
    ),
    "album.studio": Wording(
        ("Where was {x} recorded?", "In which town was {x} recorded?", "Which town saw the recording of {x}?"),
        ("where was {x} recorded", "what town was {x} recorded in", "place of recording of {x}"),
        ("the place of recording of {x}", "the town that saw the recording of {x}", "the recording location of {x}"),
    ),
    "album.released": Wording(
        ("In what year was {x} released?", "In which year did {x} come out?", "What is the year of release of {x}?"),
        ("when was {x} released", "what year did {x} come out", "release year of {x}"),
    ),
    "album.length": Wording(
        ("How many minutes long is {x}?", "What is the length in minutes of {x}?", "How long, in minutes, is {x}?"),
        ("how many minutes long is {x}", "length of {x} in minutes", "how long is {x} in minutes"),
    ),
    "song.album": Wording(
        ("On which album does {x} appear?", "Which album contains {x}?", "From which album is {x}?"),
        ("what album is {x} on", "which album contains {x}", "{x} is from which album"),
        ("the album that contains {x}", "the album that features {x}", "the album that includes {x}"),
    ),
    "song.writer": Wording(
        ("Who wrote {x}?", "Who was the writer of {x}?", "By whom was {x} written?"),
        ("who wrote {x}", "writer of {x}", "by whom was {x} written"),
        ("the writer of {x}", "the person who wrote {x}", "the author of {x}"),
    ),
    "song.film": Wording(
        ("In which film was {x} used?", "Which film uses {x}?", "In which film can {x} be heard?"),
        ("what film is {x} in", "which film uses {x}", "{x} can be heard in what film"),
        ("the film that uses {x}", "the film that features {x}", "the film that made use of {x}"),
    ),
    "film.director": Wording(
        ("Who directed {x}?", "Who was the director of {x}?", "By whom was {x} directed?"),
        ("who directed {x}", "director of {x}", "by whom was {x} directed"),
        ("the director of {x}", "the person who directed {x}", "the film-maker behind {x}"),
    ),
    "film.novel": Wording(
        (
            "On which novel is {x} based?",
            "Which novel was adapted as {x}?",
            "From which novel is the story of {x} taken?",
        ),
        ("what novel is {x} based on", "which novel was adapted as {x}", "book behind the story of {x}"),
        ("the novel adapted as {x}", "the novel that inspired {x}", "the book behind {x}"),
    ),
    "film.composer": Wording(
        ("Who wrote the music for {x}?", "Who composed the music of {x}?", "Whose music is heard in {x}?"),
        ("who wrote the music for {x}", "who composed the music of {x}", "whose music is in {x}"),
        ("the composer of the music for {x}", "the person who wrote the music for {x}", "the composer who scored {x}"),
    ),
    "film.location": Wording(
        ("Where was {x} filmed?", "In which town was {x} filmed?", "Which town was the filming location of {x}?"),
        ("where was {x} filmed", "what town was {x} filmed in", "filming location of {x}"),
        ("the filming location of {x}", "the town chosen for the filming of {x}", "the shooting location of {x}"),
    ),
    "film.released": Wording(
        ("In what year was {x} released?", "In which year did {x} come out?", "What is the year of release of {x}?"),
        ("when was {x} released", "what year did {x} come out", "release year of {x}"),
    ),
    "film.running_time": Wording(
        (
            "How many minutes long is {x}?",
            "What is the running time in minutes of {x}?",
            "How long, in minutes, is {x}?",
        ),
        ("how many minutes long is {x}", "running time of {x} in minutes", "how long is {x} in minutes"),
    ),
    "novel.author": Wording(
        ("Who wrote {x}?", "Who is the author of {x}?", "By whom was {x} written?"),
        ("who wrote {x}", "author of {x}", "by whom was {x} written"),
        ("the author of {x}", "the person who wrote {x}", "the writer of {x}"),
    ),
    "novel.publisher": Wording(
        ("Which company published {x}?", "Who was the publisher of {x}?", "By which company was {x} brought out?"),
        ("who published {x}", "publisher of {x}", "which company brought out {x}"),
        ("the publisher of {x}", "the company that published {x}", "the company that brought out {x}"),
    ),
    "novel.setting": Wording(
        ("In which town is {x} set?", "Where is {x} set?", "In which town does {x} take place?"),
        ("where is {x} set", "what town is {x} set in", "in what town does {x} take place"),
        ("the setting of {x}", "the town that is the setting of {x}", "the town described in {x}"),
    ),
    "novel.published": Wording(
        (
            "In what year was {x} published?",
            "In which year did {x} first appear?",
            "What is the year of the first edition of {x}?",
        ),
        ("when was {x} published", "what year did {x} first appear", "year of the first edition of {x}"),
    ),
    "novel.pages": Wording(
        ("How many pages does {x} have?", "How many pages long is {x}?", "What is the number of pages of {x}?"),
        ("how many pages does {x} have", "how many pages long is {x}", "number of pages of {x}"),
    ),
}
