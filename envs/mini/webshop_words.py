"""What the mini shop sells: six departments, ten kinds of product each, and the words that describe them."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of product.

    Attributes:
        path: where it stands: department, aisle, shelf.
        query: what a shopper types to find it.
        noun: one of them.
        materials: what it is made of, or what it tastes of.
        options: names of the options that it may have, keys of ``VALUES``.
        prices: the least and the most it costs, in dollars.
    """

    path: tuple[str, str, str]
    query: str
    noun: str
    materials: tuple[str, ...]
    options: tuple[str, ...]
    prices: tuple[float, float]


class Attributes(NamedTuple):
    """What products of a department can be: before the noun, after "with", after "for"."""

    before: tuple[str, ...]
    having: tuple[str, ...]
    use: tuple[str, ...]


VALUES = {
    "color": "black|white|navy blue|forest green|ivory|charcoal grey|terracotta|lilac|teal|mustard yellow|plum",
    "garment size": "x-small|small|medium|large|x-large|xx-large",
    "shoe size": "6|6.5|7|7.5|8|8.5|9|10|11",
    "volume": "0.5 litre|1 litre|1.5 litre|2.5 litre|4 litre",
    "diameter": "16 cm|20 cm|24 cm|28 cm|32 cm",
    "length": "1 m|2 m|3 m|5 m|10 m",
    "blade": "16 cm|18 cm|20 cm|24 cm",
    "pack": "pack of 1|pack of 2|pack of 4|pack of 6|pack of 12",
    "weight": "100 g|250 g|500 g|1 kg",
    "flavor": "lemon|ginger|wild berry|vanilla|salted caramel|apple and cinnamon|fresh mint",
    "scent": "lavender|cedar|sea breeze|rose petal|unscented|green tea",
    "storage": "64 gb|128 gb|256 gb|512 gb",
    "pattern": "plain|striped|checked|dotted|floral",
    "firmness": "soft|medium firm|firm",
}
"""The values of each option, separated by bars."""

NAMES = {"garment size": "size", "shoe size": "size", "diameter": "size", "pack": "item package"}
"""How an option is called in the shop where its key says more."""

_KINDS = """
kitchen;Cookware;Pans;frying pans;frying pan;aluminium,cast iron,copper core,carbon steel;diameter,color;18-90
kitchen;Cookware;Pots;stock pots;stock pot;stainless steel,enamel,ceramic;volume,color;25-120
kitchen;Bakeware;Tins;cake tins;cake tin;tinplate,silicone,carbon steel;diameter,pack;8-40
kitchen;Bakeware;Boards;chopping boards;chopping board;bamboo,acacia wood,beech,polymer;color,pack;9-60
kitchen;Tableware;Mugs;coffee mugs;coffee mug;stoneware,porcelain,glass;color,pack;6-45
kitchen;Tableware;Bowls;salad bowls;salad bowl;olive wood,glass,melamine;diameter,color;12-70
kitchen;Tools;Knives;bread knives;bread knife;damask steel,stainless steel,ceramic;blade,color;14-110
kitchen;Tools;Kettles;tea kettles;tea kettle;stainless steel,glass,enamel;volume,color;20-95
kitchen;Storage;Jars;storage jars;storage jar;glass,stoneware,tinplate;volume,pack;7-55
kitchen;Storage;Bottles;drinking bottles;drinking bottle;stainless steel,tritan,glass;volume,color;10-48
patio;Furniture;Chairs;folding chairs;folding chair;teak,aluminium,rattan;color,pack;30-210
patio;Furniture;Tables;bistro tables;bistro table;steel,acacia wood,mosaic tile;diameter,color;55-320
patio;Furniture;Parasols;parasols;parasol;polyester,canvas,olefin;diameter,color;40-260
patio;Planting;Planters;flower planters;flower planter;fibre clay,terracotta clay,recycled plastic;diameter,color;12-90
patio;Planting;Tools;hand trowels;hand trowel;carbon steel,stainless steel,beech;color,pack;7-38
patio;Planting;Hoses;hoses;hose;rubber,vinyl,woven fibre;length,color;18-105
patio;Lighting;Lanterns;lanterns;lantern;tinplate,glass,bamboo;color,pack;11-75
patio;Lighting;Strings;string lights;light string;copper wire,rubber;length,pack;10-65
patio;Wildlife;Feeders;bird feeders;bird feeder;cedar wood,steel,glass;color,pack;13-58
patio;Wildlife;Baths;bird baths;bird bath;ceramic,cast iron,resin;color,pattern;28-150
clothing;Women;Dresses;summer dresses;summer dress;linen,cotton,viscose;garment size,color,pattern;22-130
clothing;Women;Blouses;blouses;blouse;silk,cotton,viscose;garment size,color;18-120
clothing;Women;Skirts;pleated skirts;pleated skirt;wool,polyester,cotton;garment size,color;19-95
clothing;Men;Shirts;oxford shirts;oxford shirt;cotton,flannel,linen;garment size,color,pattern;21-99
clothing;Men;Trousers;chino trousers;chino trousers pair;cotton twill,corduroy,linen;garment size,color;26-115
clothing;Men;Jackets;rain jackets;rain jacket;nylon,waxed cotton,recycled polyester;garment size,color;45-280
clothing;Shoes;Boots;ankle boots;ankle boot pair;suede,leather,felt;shoe size,color;48-260
clothing;Shoes;Trainers;running trainers;running trainer pair;mesh,knit,leather;shoe size,color;39-190
clothing;Extras;Scarves;scarves;scarf;merino,silk,alpaca;color,pattern;14-88
clothing;Extras;Gloves;knitted gloves;knitted glove pair;merino,cashmere,acrylic;garment size,color;11-76
electronics;Audio;Headphones;headphones;headphone set;aluminium,vegan leather,nylon;color;29-340
electronics;Audio;Speakers;portable speakers;portable speaker;fabric,bamboo,rubber;color;24-260
electronics;Audio;Radios;kitchen radios;kitchen radio;walnut wood,steel,bakelite;color;35-180
electronics;Power;Chargers;wall chargers;wall charger;polycarbonate,aluminium;color,pack;12-70
electronics;Power;Cables;charging cables;charging cable;nylon braid,rubber,silicone;length,color;6-35
electronics;Power;Banks;power banks;power bank;aluminium,polycarbonate;color;19-130
electronics;Screens;Readers;book readers;book reader;magnesium,polycarbonate;storage,color;89-310
electronics;Screens;Tablets;drawing tablets;drawing tablet;aluminium,glass;storage,color;140-890
electronics;Cameras;Action;action cameras;action camera;rubber,titan alloy;storage,color;99-480
electronics;Cameras;Doorbells;video doorbells;video doorbell;aluminium,polycarbonate;color;59-240
pantry;Drinks;Teas;herbal teas;herbal tea;whole leaf,dried petals,cut root;flavor,pack;5-32
pantry;Drinks;Coffees;coffee beans;coffee bean bag;arabica,robusta,house blend;weight,pack;8-58
pantry;Drinks;Syrups;drink syrups;drink syrup;cane sugar,agave,honey;flavor,volume;6-30
pantry;Snacks;Crackers;oat crackers;oat cracker box;oat,rye,spelt;flavor,pack;4-26
pantry;Snacks;Bars;fruit bars;fruit bar;date,apricot paste,fig;flavor,pack;6-34
pantry;Snacks;Nuts;roasted nuts;roasted nut mix;almond,cashew,hazelnut;flavor,weight;7-45
pantry;Baking;Flours;bread flours;bread flour;wheat grain,spelt,buckwheat;weight,pack;5-28
pantry;Baking;Chocolates;baking chocolates;baking chocolate;cocoa,oat milk,carob;weight,flavor;6-38
pantry;Sauces;Pastes;curry pastes;curry paste;chilli,coconut,tamarind;flavor,pack;4-24
pantry;Sauces;Oils;olive oils;olive oil;first press,unfiltered,infused;volume,pack;9-66
bath;Towels;Bath;bath towels;bath towel;cotton,bamboo viscose,linen;color,pack;14-80
bath;Towels;Robes;bath robes;bath robe;waffle cotton,terry,fleece;garment size,color;32-140
bath;Care;Soaps;bar soaps;bar soap;olive oil,shea butter,goat milk;scent,pack;4-30
bath;Care;Lotions;body lotions;body lotion;shea butter,aloe,oat milk;scent,volume;8-44
bath;Care;Shampoos;shampoos;shampoo;argan oil,nettle,keratin;scent,volume;7-39
bath;Hair;Brushes;hair brushes;hair brush;beech,boar bristle,nylon;color,pack;9-48
bath;Hair;Dryers;hair dryers;hair dryer;ceramic,tourmaline;color;28-190
bath;Sleep;Pillows;sleeping pillows;sleeping pillow;memory foam,down,latex;firmness,pack;19-140
bath;Sleep;Sheets;bed sheets;bed sheet;percale,sateen,linen;color,pattern;24-160
bath;Sleep;Masks;sleep masks;sleep mask;silk,satin,cotton;color,pattern;6-36
"""

DEPARTMENTS = {
    "kitchen": "Kitchen & Table",
    "patio": "Patio & Yard",
    "clothing": "Clothing & Footwear",
    "electronics": "Sound & Devices",
    "pantry": "Food & Drink",
    "bath": "Bath & Bed",
}


def _kind(line: str) -> Kind:
    department, aisle, shelf, query, noun, materials, options, prices = line.split(";")
    low, high = map(float, prices.split("-"))
    path = (department, aisle, shelf)
    return Kind(path, query, noun, tuple(materials.split(",")), tuple(options.split(",")), (low, high))


KINDS = tuple(map(_kind, _KINDS.strip().split("\n")))

ATTRIBUTES = {
    "kitchen": Attributes(
        ("dishwasher safe", "hand made", "heavy duty", "space saving", "scratch resistant", "easy grip", "rust free"),
        ("wooden trim", "gift box", "wall hook", "rubber feet", "care card"),
        ("small kitchens", "large families", "camping trips", "first flats"),
    ),
    "patio": Attributes(
        ("frost hardy", "rust free", "fade resistant", "quick assembly", "wind stable", "weather sealed", "low upkeep"),
        ("carry strap", "storage cover", "brass fittings", "wall bracket", "spare parts"),
        ("narrow balconies", "shady corners", "raised beds", "evening meals"),
    ),
    "clothing": Attributes(
        ("crease free", "quick drying", "machine wash", "slim cut", "loose cut", "skin kind", "breathable weave"),
        ("hidden pockets", "contrast stitching", "coconut buttons", "flat seams", "reflective trim"),
        ("office days", "long walks", "cold mornings", "wedding guests"),
    ),
    "electronics": Attributes(
        (
            "shock proof",
            "dust proof",
            "splash proof",
            "energy saving",
            "pocket sized",
            "repair friendly",
            "long lasting",
        ),
        ("travel pouch", "status light", "magnetic mount", "spare screws", "paper manual"),
        ("video calls", "train journeys", "home studios", "outdoor sports"),
    ),
    "pantry": Attributes(
        ("gluten free", "palm oil free", "fair trade", "stone milled", "sugar reduced", "small batch", "nut free"),
        ("resealable pack", "paper wrapping", "recipe card", "harvest date", "tasting notes"),
        ("lunch boxes", "slow breakfasts", "holiday gifts", "evening guests"),
    ),
    "bath": Attributes(
        ("skin kind", "plastic free", "travel sized", "extra gentle", "allergy tested", "quick drying", "hotel grade"),
        ("hanging loop", "gift box", "cotton bag", "care card", "refill offer"),
        ("dry skin", "guest rooms", "hotel stays", "light sleepers"),
    ),
}

ONSETS = tuple("b br d dr f fl g gr h k kl l m n p pl qu r s sk sl t tr v w z".split())
VOWELS = tuple("a e i o u ae io ou".split())
ENDINGS = tuple("lo mer na nix rel ro sta ta ven vor wick zen".split())

OPENINGS = (
    "The {brand} {noun} is made for {use}.",
    "We made this {noun} of {material} because it lasts.",
    "A {noun} that you reach for every day, thought through by {brand}.",
    "{brand} has worked with {material} for three generations.",
)
CLOSINGS = (
    "Questions? {brand} answers within a day.",
    "It comes in a carton without plastic.",
    "Checked by hand before it leaves the workshop.",
    "Returns are free for thirty days.",
)
POINTS = (
    "Made of {material}, for {use}.",
    "Thought through to the last detail: {attribute}.",
    "You get it {attribute}, year after year.",
    "What our customers praise most: {attribute}.",
)
ASKED = (
    "i need {article} {noun} that is {first} and {second}",
    "looking for {article} {first} {noun}, {second} if possible",
    "please find {article} {noun} of {material}, it should be {first}, also {second}",
    "my old {noun} broke, i would like a new one that is {first} and {second}",
)
