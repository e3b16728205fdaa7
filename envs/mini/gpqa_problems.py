"""The generators of mini GPQA: a question that states its constants and its law, the answer, and named mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import pi
from random import Random


@dataclass(frozen=True)
class Problem:
    """A question with a number for an answer.

    Attributes:
        question: states every constant that is needed.
        answer: in the unit that the question asks for.
        mistakes: what each named mistake leads to.
        decimals: to how many the options are rounded.
        solution: one line.
    """

    question: str
    answer: float
    mistakes: Mapping[str, float]
    decimals: int
    solution: str


@dataclass(frozen=True)
class Generator:
    """A kind of problem.

    Attributes:
        domain, subdomain: as GPQA names them.
        make: draws the constants and states the problem.
        unseen: whether it occurs in the test split only.
    """

    domain: str
    subdomain: str
    make: Callable[[Random], Problem]
    unseen: bool = False


def _draw(rng: Random, low: float, high: float, decimals: int = 1) -> float:
    """A number with ``decimals``, the last of them no zero."""
    unit = 10**decimals
    while True:
        number = rng.randint(round(low * unit), round(high * unit))
        if number % 10 or not decimals:
            return number / unit if decimals else float(number)


def _kinetic_energy(rng: Random) -> Problem:
    m, v = _draw(rng, 1, 9), _draw(rng, 20, 95)
    body = rng.choice(("sledge", "cart", "drone", "boat"))
    u = v / 3.6
    return Problem(
        f"A toy {body} of mass m = {m} kg moves at v = {v} km/h, where 1 m/s = 3.6 km/h. Its kinetic energy in joule "
        "is E = m * v^2 / 2 with the speed in metres per second. What is E?",
        m * u**2 / 2,
        {"forgot the half": m * u**2, "speed not converted": m * v**2 / 2, "not squared": m * u / 2, "momentum": m * u},
        1,
        f"v = {u:.4f} m/s, E = m v^2 / 2",
    )


def _pendulum(rng: Random) -> Problem:
    length, g = _draw(rng, 0.4, 4.8, 2), rng.choice((9.81, 3.71, 1.62, 8.87))
    t = 2 * pi * (length / g) ** 0.5
    return Problem(
        f"On a moon or planet where g = {g} m/s^2, a pendulum has the length L = {length} m. With pi = 3.14159265 its "
        f"period is T = 2 * pi * (L / g)^0.5, and its frequency is f = 1 / T. What is f in hertz?",
        1 / t,
        {
            "period, not frequency": t,
            "forgot 2 pi": (g / length) ** 0.5,
            "inverted ratio": (length / g) ** 0.5 / (2 * pi),
            "forgot the factor 2": 2 / t,
        },
        4,
        f"T = {t:.4f} s, f = 1 / T",
    )


def _photoelectric(rng: Random) -> Problem:
    w, a = _draw(rng, 180, 290, 0), _draw(rng, 1.9, 3.9, 2)
    return Problem(
        f"Light of wavelength w = {w:g} nm falls on a metal of work function A = {a} eV. With k = 1239.84 eV nm the "
        "energy of a photon is E = k / w, and the fastest electrons leave with K = E - A. What is K in electronvolt?",
        1239.84 / w - a,
        {
            "work function ignored": 1239.84 / w,
            "work function added": 1239.84 / w + a,
            "twice subtracted": abs(1239.84 / w - 2 * a),
            "half of it": (1239.84 / w - a) / 2,
        },
        3,
        "K = k / w - A",
    )


def _parallel(rng: Random) -> Problem:
    r, s, u = _draw(rng, 10, 90, 0), _draw(rng, 10, 90, 0), _draw(rng, 5, 24)
    q = r * s / (r + s)
    return Problem(
        f"Two resistors, R = {r:g} ohm and S = {s:g} ohm, lie in parallel at a voltage of U = {u} V, so together they "
        "are Q = R * S / (R + S), and the power is P = U^2 / Q. What is P in watt?",
        u**2 / q,
        {
            "in series": u**2 / (r + s),
            "voltage not squared": u / q,
            "mean resistance": 2 * u**2 / (r + s),
            "the first alone": u**2 / r,
            "multiplied": u * q,
        },
        3,
        f"Q = {q:.4f} ohm, P = U^2 / Q",
    )


def _lens(rng: Random) -> Problem:
    f = _draw(rng, 4, 15)
    a = round(f * rng.uniform(1.3, 3.4), 1)
    return Problem(
        f"A candle stands a = {a} cm before a thin lens with the focal length f = {f} cm. Its image stands at "
        "b = a * f / (a - f), and is larger than the candle by the factor m = b / a. What is m?",
        f / (a - f),
        {
            "inverted": (a - f) / f,
            "sum for the difference": f / (a + f),
            "the image's place": a * f / (a - f),
            "forgot to subtract": f / a,
        },
        3,
        "b = a f / (a - f), m = b / a",
    )


def _braking(rng: Random) -> Problem:
    v, a = _draw(rng, 30, 130), _draw(rng, 3, 8)
    u = v / 3.6
    return Problem(
        f"A tram at v = {v} km/h brakes with a = {a} m/s^2 until it stands. Since 1 m/s = 3.6 km/h, and with the speed "
        "in metres per second, the braking distance is d = v^2 / (2 * a). What is d in metres?",
        u**2 / (2 * a),
        {
            "forgot the factor 2": u**2 / a,
            "speed not converted": v**2 / (2 * a),
            "not squared": u / (2 * a),
            "the braking time": u / a,
        },
        2,
        f"v = {u:.4f} m/s, d = v^2 / (2 a)",
    )


def _dilution(rng: Random) -> Problem:
    c, v, w = _draw(rng, 0.5, 4.5), _draw(rng, 10, 60, 0), _draw(rng, 80, 400, 0)
    return Problem(
        f"To V = {v:g} mL of a solution with the concentration c = {c} mol/L a student adds W = {w:g} mL of water. The "
        "total volume is T = V + W, so the new concentration is C = c * V / T. What is C in mol/L?",
        c * v / (v + w),
        {
            "added volume for the total": c * v / w,
            "inverted ratio": c * (v + w) / v,
            "the water's share": c * w / (v + w),
            "unchanged amount ignored": c / (v + w),
        },
        4,
        "C = c V / (V + W)",
    )


def _titration(rng: Random) -> Problem:
    c, v, m = _draw(rng, 0.11, 0.98, 2), _draw(rng, 12, 48), _draw(rng, 40, 190)
    litres = v / 1000
    return Problem(
        f"A titration takes V = {v} mL of a base with the concentration c = {c} mol/L, where 1 L = 1000 mL. With the "
        f"volume in litres the amount is n = c * V, and an acid of molar mass M = {m} g/mol weighs m = n * M. What is "
        "m in gram?",
        c * litres * m,
        {
            "volume not converted": c * v * m,
            "the amount": c * litres,
            "two acid groups": c * litres * m / 2,
            "inverted molar mass": c * v / m,
        },
        4,
        f"V = {litres:.5f} L, m = c V M",
    )


def _decay(rng: Random) -> Problem:
    n, t, h = _draw(rng, 40, 900), _draw(rng, 3, 30), _draw(rng, 4, 15)
    return Problem(
        f"A sample shows an activity of N = {n} Bq. Its half-life is h = {h} days. After t = {t} days it has gone "
        "through k = t / h half-lives, and its activity is A = N * 0.5^k. What is A in becquerel?",
        n * 0.5 ** (t / h),
        {
            "inverted exponent": n * 0.5 ** (h / t),
            "what has decayed": n * (1 - 0.5 ** (t / h)),
            "linear": n * h / (2 * t),
            "growth": n * 2 ** (t / h),
        },
        2,
        "A = N 0.5^(t / h)",
    )


def _ideal_gas(rng: Random) -> Problem:
    n, t, v = _draw(rng, 0.2, 3), _draw(rng, 15, 95, 0), _draw(rng, 5, 40)
    k = t + 273.15
    return Problem(
        f"n = {n} mol of a gas are kept at t = {t:g} degrees Celsius in V = {v} L. The absolute temperature is "
        "T = t + 273.15, and with R = 8.314 the pressure in kilopascal is p = n * R * T / V. What is p?",
        n * 8.314 * k / v,
        {
            "degrees Celsius": n * 8.314 * t / v,
            "multiplied by the volume": n * 8.314 * k * v / 100,
            "amount ignored": 8.314 * k / v,
            "twice the volume": n * 8.314 * k / (2 * v),
        },
        2,
        f"T = {k} K, p = n R T / V",
    )


def _rate(rng: Random) -> Problem:
    k, a, b = _draw(rng, 1.1, 9.9), _draw(rng, 0.11, 0.95, 2), _draw(rng, 0.11, 0.95, 2)
    return Problem(
        f"A reaction with the rate constant k = {k} is of second order in X and of first order in Y. With the "
        f"concentrations a = {a} of X and b = {b} of Y, both in mol/L, its rate is r = k * a^2 * b. What is r?",
        k * a**2 * b,
        {
            "orders exchanged": k * a * b**2,
            "first order in both": k * a * b,
            "twice instead of squared": 2 * k * a * b,
            "second order in both": k * a**2 * b**2,
        },
        4,
        "r = k a^2 b",
    )


def _carriers(rng: Random) -> Problem:
    d = _draw(rng, 0.0011, 0.0899, 4)
    q = d**0.5
    return Problem(
        f"In a population in equilibrium a share of d = {d} shows a recessive trait, so the allele has the frequency "
        "q = d^0.5. Carriers who do not show it are the share H = 2 * q * (1 - q). What is H?",
        2 * q * (1 - q),
        {
            "forgot the factor 2": q * (1 - q),
            "the allele's frequency": q,
            "the trait's share as the frequency": 2 * d * (1 - d),
            "everyone with the allele": 1 - (1 - q) ** 2,
        },
        4,
        f"q = {q:.5f}, H = 2 q (1 - q)",
    )


def _enzyme(rng: Random) -> Problem:
    vmax, km, s = _draw(rng, 10, 95), _draw(rng, 0.5, 9), _draw(rng, 0.5, 19)
    return Problem(
        f"An enzyme has the top velocity V = {vmax} and the constant K = {km} mmol/L. At a substrate concentration "
        f"of S = {s} mmol/L it works at v = V * S / (K + S). What is v?",
        vmax * s / (km + s),
        {
            "constant for the substrate": vmax * km / (km + s),
            "inverted ratio": vmax * (km + s) / s,
            "saturation ignored": vmax * s / km,
            "half of it": vmax / 2 + s / (km + s),
        },
        3,
        "v = V S / (K + S)",
    )


def _copies(rng: Random) -> Problem:
    n, e, c = _draw(rng, 11, 95), _draw(rng, 0.61, 0.97, 2), rng.randint(4, 9)
    return Problem(
        f"A tube holds N = {n} thousand copies of a gene. In a cycle a share of e = {e} of them is doubled, so after "
        f"c = {c} cycles there are M = N * (1 + e)^c thousand. What is M?",
        n * (1 + e) ** c,
        {
            "one cycle short": n * (1 + e) ** (c - 1),
            "every copy doubled": n * 2**c,
            "linear": n * (1 + e * c),
            "one cycle too many": n * (1 + e) ** (c + 1),
        },
        1,
        "M = N (1 + e)^c",
    )


def _clearance(rng: Random) -> Problem:
    u, v, p = _draw(rng, 40, 180), _draw(rng, 40, 130), _draw(rng, 1.1, 9.9)
    return Problem(
        f"Of a tracer the urine holds U = {u} mg/dL and the plasma P = {p} mg/dL. In one hour Q = {v} mL of urine "
        "are made, which is w = Q / 60 each minute, so the kidneys clear C = U * w / P. What is C in mL per "
        "minute?",
        u * v / 60 / p,
        {
            "per hour": u * v / p,
            "inverted ratio": p * v / 60 / u,
            "plasma ignored": u * v / 60,
            "urine ignored": v / 60,
        },
        3,
        "C = U (Q / 60) / P",
    )


def _logistic(rng: Random) -> Problem:
    r, k = _draw(rng, 0.11, 0.89, 2), _draw(rng, 400, 2000, 0)
    n = float(rng.randint(round(k * 0.15), round(k * 0.85)))
    return Problem(
        f"A herd of N = {n:g} deer lives where K = {k:g} can live. Without limits it would grow at r = {r} a year; the "
        "free share of the land is s = 1 - N / K, so it grows by G = r * N * s a year. What is G?",
        r * n * (1 - n / k),
        {
            "no limit": r * n,
            "inverted ratio": r * n * n / k,
            "from the capacity": r * k * (1 - n / k),
            "rate ignored": n * (1 - n / k),
        },
        2,
        "G = r N (1 - N / K)",
    )


GENERATORS: Mapping[str, Generator] = {
    "kinetic energy": Generator("Physics", "Classical mechanics", _kinetic_energy),
    "pendulum": Generator("Physics", "Classical mechanics", _pendulum),
    "photoelectric effect": Generator("Physics", "Quantum mechanics", _photoelectric),
    "parallel resistors": Generator("Physics", "Electromagnetism", _parallel),
    "thin lens": Generator("Physics", "Optics", _lens, unseen=True),
    "braking": Generator("Physics", "Classical mechanics", _braking, unseen=True),
    "dilution": Generator("Chemistry", "Chemistry (general)", _dilution),
    "titration": Generator("Chemistry", "Chemistry (general)", _titration),
    "radioactive decay": Generator("Chemistry", "Physical chemistry", _decay),
    "ideal gas": Generator("Chemistry", "Physical chemistry", _ideal_gas),
    "reaction rate": Generator("Chemistry", "Physical chemistry", _rate, unseen=True),
    "carriers": Generator("Biology", "Genetics", _carriers),
    "enzyme": Generator("Biology", "Molecular biology", _enzyme),
    "amplification": Generator("Biology", "Molecular biology", _copies),
    "clearance": Generator("Biology", "Physiology", _clearance),
    "logistic growth": Generator("Biology", "Ecology", _logistic, unseen=True),
}
"""By name; a quarter of them occur in the test split only."""
