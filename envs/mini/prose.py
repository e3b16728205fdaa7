"""How an article says what it says: at least three wordings for every fact.

``{self}`` is the subject; ``{short}`` is a person's surname, and ``{is}``, ``{He}``, ``{His}``, ``{his}`` and ``{man}``
agree with the person. Every other field is a relation; ``{a_...}`` puts the indefinite article before its value.
"""

from __future__ import annotations

from typing import NamedTuple


class Prose(NamedTuple):
    """The wordings for a kind: of the first sentence, of each further statement, and of remarks that state no fact."""

    lead: tuple[str, ...]
    statements: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


PROSE: dict[str, Prose] = {
    "person": Prose(
        lead=(
            "{self} {is} {a_nationality} {profession}.",
            "{self} {is} {a_profession} of {nationality} nationality.",
            "{a_nationality} {profession}, {self} {is} the subject of several short biographies.",
        ),
        statements=(
            (
                "{short} was born in {birthplace} on {birth_date}.",
                "{He} was born on {birth_date} in {birthplace}.",
                "Born on {birth_date} in {birthplace}, {short} was the youngest of four children.",
            ),
            (
                "{He} studied at {university}.",
                "{short} was educated at {university}.",
                "{short} took a degree at {university}.",
            ),
            (
                "{His} teacher was {teacher}.",
                "{He} was a pupil of {teacher}.",
                "As a young {man} {short} was taught by {teacher}.",
            ),
            (
                "{He} married {spouse}.",
                "{short} met and married {spouse} while travelling.",
                "{short} and {spouse} were married in a small ceremony.",
            ),
            (
                "{He} plays the {instrument}.",
                "On stage {short} also plays the {instrument}.",
                "{His} instrument is the {instrument}.",
            ),
            (
                '{His} best-known novel is "{best_novel}".',
                '{short} is chiefly remembered for the novel "{best_novel}".',
                'Among {his} novels, "{best_novel}" is the most widely read.',
            ),
            (
                '{His} best-known film is "{best_film}".',
                '{short} is chiefly remembered for the film "{best_film}".',
                'Among {his} films, "{best_film}" is the one that critics name first.',
            ),
            (
                "{He} died in {death_place} in {death_year}.",
                "In {death_year} {short} died in {death_place}.",
                "{short} spent {his} last years in {death_place} and died there in {death_year}.",
            ),
        ),
        remarks=(
            "{His} early letters were published in two volumes.",
            "A street was named in {his} honour.",
            "{short} grew up speaking three languages.",
        ),
    ),
    "town": Prose(
        lead=(
            "{self} is a town in {province}.",
            "{self} is a market town in the province of {province}.",
            "{self} is one of the older towns of {province}.",
        ),
        statements=(
            (
                "It has a population of {population}.",
                "At the last census the town had {population} inhabitants.",
                "Some accounts call it a village, but {population} people live there.",
            ),
            (
                "It was founded in {founded}.",
                "The town was founded in {founded}, when its first bridge was built.",
                "Its foundation dates from {founded}.",
            ),
            (
                "It stands on {river}.",
                "The town lies on the banks of {river}.",
                "{river} flows through the town.",
            ),
            (
                "Its mayor is {mayor}.",
                "The present mayor is {mayor}.",
                "The town council is led by the mayor, {mayor}.",
            ),
            (
                "The town is known for its {trade}.",
                "Its traditional trade is {trade}.",
                "For generations most families here lived from {trade}.",
            ),
        ),
        remarks=(
            "A fair is held on the main square every spring.",
            "The old walls were pulled down to make room for a railway station.",
            "Its small museum is open in summer.",
        ),
    ),
    "province": Prose(
        lead=(
            "{self} is a province of {country}.",
            "{self} is one of the three provinces of {country}.",
            "{self} is a largely rural province of {country}.",
        ),
        statements=(
            (
                "Its seat is {seat}.",
                "The provincial government has its seat in {seat}.",
                "The province is governed from {seat}, its seat.",
            ),
            (
                "It covers {area} square kilometres.",
                "The province has an area of {area} square kilometres.",
                "Its territory measures {area} square kilometres.",
            ),
            (
                "Its emblem is the {emblem}.",
                "The provincial flag shows its emblem, the {emblem}.",
                "The {emblem} is the emblem of the province.",
            ),
        ),
        remarks=(
            "Most of the land is used for farming.",
            "Winters are mild and wet.",
            "The provincial council has forty-one members.",
        ),
    ),
    "country": Prose(
        lead=(
            "{self} is a country whose capital is {capital}.",
            "{self} is a sovereign country with {capital} as its capital.",
            "{self} is a small country that is governed from its capital, {capital}.",
        ),
        statements=(
            (
                "Its highest mountain is {highest_point}.",
                "The highest point of the country is {highest_point}.",
                "No mountain in the country is higher than {highest_point}.",
            ),
            (
                "Its currency is the {currency}.",
                "The {currency} is its currency.",
                "Prices are given in the national currency, the {currency}.",
            ),
            (
                "The official language is {language}.",
                "{language} is the official language.",
                "Its people speak several languages, of which only {language} is official.",
            ),
            (
                "It became independent in {independence}.",
                "The country has been independent since {independence}.",
                "Independence was declared in {independence}.",
            ),
            (
                "It has a population of {population}.",
                "The country has {population} inhabitants.",
                "Some {population} people live there.",
            ),
        ),
        remarks=("Its coast is rocky and thinly settled.", "Its parliament meets twice a year."),
    ),
    "river": Prose(
        lead=(
            "{self} is a river that rises on {source}.",
            "{self} is a river with its source on {source}.",
            "{self} is a river whose source lies high on {source}.",
        ),
        statements=(
            (
                "It is {length} kilometres long.",
                "The river has a length of {length} kilometres.",
                "From source to mouth it measures {length} kilometres.",
            ),
            (
                "It reaches the sea at {mouth}.",
                "Its mouth is at {mouth}.",
                "The river flows into the sea at {mouth}.",
            ),
        ),
        remarks=(
            "In dry summers its upper course can be crossed on foot.",
            "Barges use its lower course.",
            "Its valley is known for late frosts.",
        ),
    ),
    "mountain": Prose(
        lead=(
            "{self} is a mountain in {province}.",
            "{self} is a mountain in the province of {province}.",
            "{self} is a steep mountain that lies in {province}.",
        ),
        statements=(
            (
                "It is {height} metres high.",
                "Its summit stands {height} metres above the sea.",
                "The mountain reaches a height of {height} metres.",
            ),
            (
                "The first ascent was made by {first_climber} in {first_ascent}.",
                "It was first climbed in {first_ascent} by {first_climber}.",
                "In {first_ascent} {first_climber} became the first person to reach the summit.",
            ),
        ),
        remarks=(
            "A marked path leads to a hut below the summit.",
            "Its northern face carries snow until June.",
            "Clouds hide it for most of the year.",
        ),
    ),
    "university": Prose(
        lead=(
            "{self} is a university in {town}.",
            "{self} is a public university in the town of {town}.",
            "{self} is a university whose campus lies in {town}.",
        ),
        statements=(
            (
                "It was founded in {founded}.",
                "The university was founded in {founded}.",
                "Its foundation dates from {founded}.",
            ),
            (
                "Its rector is {rector}.",
                "The university is headed by its rector, {rector}.",
                "The present rector is {rector}.",
            ),
            (
                "It has {students} students.",
                "The university counts {students} students.",
                "There are {students} students.",
            ),
        ),
        remarks=("Its library is open to the public.", "The oldest building is a former granary."),
    ),
    "company": Prose(
        lead=(
            "{self} is a company in the business of {industry}.",
            "{self} is a firm whose business is {industry}.",
            "{self} is a privately owned company, active in {industry}.",
        ),
        statements=(
            (
                "It was founded by {founder} in {founded}.",
                "The company was founded in {founded} by {founder}.",
                "{founder} founded it in {founded} with borrowed money.",
            ),
            (
                "Its headquarters are in {headquarters}.",
                "The company is based in {headquarters}.",
                "It has its headquarters in {headquarters}.",
            ),
            (
                "It employs {employees} people.",
                "The company has {employees} employees.",
                "At its latest count the firm had {employees} employees.",
            ),
        ),
        remarks=("It has never been listed on a stock exchange.", "Its archive was lost in a flood."),
    ),
    "band": Prose(
        lead=(
            "{self} is {a_genre} band.",
            "{self} is a band that plays {genre}.",
            "{self} is a group that plays {genre}.",
        ),
        statements=(
            (
                "It was formed in {hometown} in {formed}.",
                "The band was formed in {formed} in {hometown}.",
                "Formed in {formed}, the group comes from {hometown}.",
            ),
            (
                "Its lead singer is {singer}.",
                "The band is fronted by its lead singer, {singer}.",
                "{singer} is the lead singer.",
            ),
            (
                "The band records for {label}.",
                "It is signed to the label {label}.",
                "Its records appear on the label {label}.",
            ),
            (
                'Its debut album is "{debut}".',
                'The first album of the group was "{debut}".',
                'It made its debut with the album "{debut}".',
            ),
        ),
        remarks=("The group has changed its drummer several times.", "It still plays in small halls."),
    ),
    "album": Prose(
        lead=(
            '"{self}" is an album by {band}.',
            '"{self}" is a studio album by the band {band}.',
            '"{self}" is an album recorded by {band}.',
        ),
        statements=(
            (
                "It was released in {released}.",
                "The album came out in {released}.",
                "It appeared in {released} after months of delay.",
            ),
            (
                "It was produced by {producer}.",
                "The producer was {producer}.",
                "{producer} produced the album.",
            ),
            (
                "It was recorded in {studio}.",
                "The recordings were made in {studio}.",
                "The album was recorded in a rented house in {studio}.",
            ),
            (
                "It is {length} minutes long.",
                "The album runs for {length} minutes.",
                "Its playing time is {length} minutes.",
            ),
        ),
        remarks=("The cover shows an empty room.", "Reviews were mixed at first."),
    ),
    "song": Prose(
        lead=(
            '"{self}" is a song from the album "{album}".',
            '"{self}" is a song that appears on the album "{album}".',
            '"{self}" is a song on the second side of the album "{album}".',
        ),
        statements=(
            (
                "It was written by {writer}.",
                "The writer of the song is {writer}.",
                "{writer} wrote the song.",
            ),
            (
                'It can be heard in the film "{film}".',
                'The song was used in the film "{film}".',
                'Many know it from the film "{film}", where it accompanies the final scene.',
            ),
        ),
        remarks=(
            "It was never released as a single.",
            "Its refrain has only five words.",
            "The song is still played at concerts.",
        ),
    ),
    "film": Prose(
        lead=(
            '"{self}" is a film directed by {director}.',
            '"{self}" is a film that was directed by {director}.',
            '"{self}" is a feature film by the director {director}.',
        ),
        statements=(
            (
                "It was released in {released}.",
                "The film came out in {released}.",
                "It reached the cinemas in {released}.",
            ),
            (
                'It is based on the novel "{novel}".',
                'The story is taken from the novel "{novel}".',
                'It is an adaptation of the novel "{novel}".',
            ),
            (
                "The music was written by {composer}.",
                "{composer} composed the music.",
                "Its music is the work of {composer}.",
            ),
            (
                "It was filmed in {location}.",
                "Filming took place in {location}.",
                "Most scenes were filmed in {location}.",
            ),
            (
                "It is {running_time} minutes long.",
                "The film runs for {running_time} minutes.",
                "Its running time is {running_time} minutes.",
            ),
        ),
        remarks=("Only two prints are known to exist.", "It was shown at several festivals."),
    ),
    "novel": Prose(
        lead=(
            '"{self}" is a novel by {author}.',
            '"{self}" is a novel that was written by {author}.',
            '"{self}" is a novel whose author is {author}.',
        ),
        statements=(
            (
                "It was published in {published}.",
                "The book first appeared in {published}.",
                "Its first edition is dated {published}.",
            ),
            (
                "The publisher was {publisher}.",
                "It was brought out by {publisher}.",
                "{publisher} published the book.",
            ),
            (
                "It is set in {setting}.",
                "The story is set in {setting}.",
                "Nearly all of it takes place in {setting}.",
            ),
            (
                "The first edition has {pages} pages.",
                "It is {pages} pages long.",
                "The book fills {pages} pages.",
            ),
        ),
        remarks=("It has been translated into six languages.", "The manuscript was thought to be lost."),
    ),
}
