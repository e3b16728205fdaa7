"""Meadow Clinic: doctors and appointments, in the domain Service."""

from __future__ import annotations

from random import Random

from .markup import Html
from .people import NUMBERS, full_name, surname
from .site import Draft, Site, choose, click, enter
from .widgets import Query, button, cards, checks, form, link, radios, select, text, titled

FIELDS = ("Any field", "Allergies", "Children", "Eyes", "Heart", "Skin")
LANGUAGES = ("Any language", "English", "French", "Portuguese", "Turkish")
DOCTORS = ("Dr Almeida", "Dr Bakker", "Dr Conti", "Dr Demir", "Dr Eklund")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
TIMES = ("9:00", "10:30", "14:00", "16:30")
REASONS = ("First visit", "Check-up", "Follow-up", "Second opinion")
PHARMACIES = ("Corner Pharmacy", "Station Pharmacy", "Willow Pharmacy")
VACCINES = ("Influenza", "Measles", "Tetanus", "Yellow fever")
MONTHS = ("August", "September", "October", "November")


def _home(query: Query) -> Html:
    fields = (select("Field", FIELDS), select("Language", LANGUAGES), checks("Only", ("Online visits",)))
    return titled("Find a doctor", form("/doctors", *fields, button("Find doctors")))


def _doctors(query: Query) -> Html:
    listed = cards((link(doctor, "/doctor", doctor=doctor), f"Room {i + 1}") for i, doctor in enumerate(DOCTORS))
    return titled("Our doctors", listed)


def _doctor(query: Query) -> Html:
    fields = (select("Day", DAYS), radios("Time", TIMES), button("Request appointment"))
    return titled(query["doctor"], form("/visit", *fields, keep=query))


def _visit(query: Query) -> Html:
    fields = (text("Full name"), text("Insurance number"), select("Reason", REASONS), button("Confirm appointment"))
    return titled(f"Your visit to {query['doctor']}", form("/done", *fields))


def _refills(query: Query) -> Html:
    fields = (text("Prescription number"), select("Pharmacy", PHARMACIES), checks("Delivery", ("Bring it to my home",)))
    return titled("Refill a prescription", form("/done", *fields, button("Request refill")))


def _results(query: Query) -> Html:
    return titled("Test results", form("/list", text("Patient number"), text("Last name"), button("Log in")))


def _list(query: Query) -> Html:
    names = ("Blood test", "Eye test", "X-ray")
    return titled("Your test results", cards((link(f"Download {n.lower()}", "/done"), "Ready") for n in names))


def _vaccines(query: Query) -> Html:
    fields = (select("Vaccine", VACCINES), select("Month", MONTHS), radios("For", ("An adult", "A child")))
    return titled("Vaccinations", form("/done", *fields, button("Book vaccination")))


def _done(query: Query) -> Html:
    return titled("Done", "Get well soon.")


def find(rng: Random) -> Draft:
    """Doctors of a field who speak a language, and one of them."""
    field, language, doctor = rng.choice(FIELDS[1:]), rng.choice(LANGUAGES[1:]), rng.choice(DOCTORS)
    return (
        f"Show the page of {doctor} among the doctors for {field.lower()} who speak {language}.",
        (choose("Field", field), choose("Language", language), click("Find doctors"), click(doctor)),
    )


def visit(rng: Random) -> Draft:
    """An appointment to the end."""
    doctor, day, time, name = rng.choice(DOCTORS), rng.choice(DAYS[1:]), rng.choice(TIMES), full_name(rng)
    reason = rng.choice(REASONS[1:])
    return (
        f"Make an appointment for a {reason.lower()} with {doctor} on {day} at {time} for {name}.",
        (
            *(click("Find doctors"), click(doctor), choose("Day", day), click(time), click("Request appointment")),
            *(enter("Full name", name), choose("Reason", reason), click("Confirm appointment")),
        ),
    )


def refill(rng: Random) -> Draft:
    """A prescription once more."""
    number, pharmacy = f"RX{rng.choice(NUMBERS)}", rng.choice(PHARMACIES[1:])
    return (
        f"Have the prescription {number} refilled by the {pharmacy} and brought to my home.",
        (
            *(click("Prescriptions"), enter("Prescription number", number), choose("Pharmacy", pharmacy)),
            *(click("Bring it to my home"), click("Request refill")),
        ),
    )


def results(rng: Random) -> Draft:
    """The results of a test."""
    number, name, test = f"P{rng.choice(NUMBERS)}", surname(rng), rng.choice(("blood test", "eye test", "x-ray"))
    return (
        f"Download the {test} of the patient {number}, whose name is {name}.",
        (
            *(click("Results"), enter("Patient number", number), enter("Last name", name)),
            *(click("Log in"), click(f"Download {test}")),
        ),
    )


def vaccinate(rng: Random) -> Draft:
    """A vaccination."""
    vaccine, month, who = rng.choice(VACCINES[1:]), rng.choice(MONTHS[1:]), rng.choice(("An adult", "A child"))
    return (
        f"Book a vaccination against {vaccine.lower()} in {month} for {who.lower()}.",
        (
            *(click("Vaccinations"), choose("Vaccine", vaccine), choose("Month", month)),
            *(click(who), click("Book vaccination")),
        ),
    )


SITE = Site(
    name="meadowclinic",
    domain="Service",
    subdomain="Health",
    title="Meadow Clinic",
    colour="#2b6f6f",
    menu={
        **{"Doctors": "/", "Prescriptions": "/refills", "Results": "/results"},
        "Vaccinations": "/vaccines",
    },
    pages={
        **{"/": _home, "/doctors": _doctors, "/doctor": _doctor, "/visit": _visit, "/refills": _refills},
        **{"/results": _results, "/list": _list, "/vaccines": _vaccines, "/done": _done},
    },
    templates=(find, visit, refill, results, vaccinate),
)
