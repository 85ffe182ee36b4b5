"""The words that the films of the fake catalogue are made of; nothing here is from a real film."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


ADJECTIVES = _words(
    "Amber Ashen Bitter Blind Borrowed Brave Broken Burning Careless Clever Cobalt Crooked Crystal Distant Drowning "
    "Early Electric Empty Endless Faithful Fading Fallen Feral Final Forgotten Fragile Frozen Gentle Gilded Glass "
    "Golden Hidden Hollow Honest Hungry Idle Invisible Iron Ivory Jealous Kind Last Late Lonely Long Lost Lucky "
    "Midnight Modest Naïve Narrow Nameless Northern Old Opal Orphan Painted Pale Patient Perfect Quiet Restless "
    "Rival Rusty Sacred Scarlet Second Secret Seventh Silent Silver Sleeping Slow Small Stolen Stubborn Sudden "
    "Tender Thirsty Torn Twisted Unwritten Upright Velvet Violet Wandering Weary Wild Winter Wooden Young"
)
NOUNS = _words(
    "Anchor Archive Astronomer Avenue Baker Ballad Barricade Beacon Bell Beekeeper Bridge Cabinet Café Cage Canyon "
    "Captain Cathedral Chandelier Château Circus Clockmaker Coast Compass Conductor Corridor Courier Crown Dancer "
    "Daughter Debt Desert Detour Diary Divide Doubt Dream Echo Eclipse Ember Engine Envoy Exile Façade Falcon Fever "
    "Ferry Fiancée Flood Forest Frontier Garden Ghost Glacier Guest Harbor Harvest Heir Heist Horizon Hotel Hunter "
    "Inheritance Island Jester Journey Juror Keeper Kingdom Kite Labyrinth Lantern Ledger Letter Lighthouse Locket "
    "Machine Map Marathon Meadow Melody Mirror Monsoon Mountain Neighbor Notebook Oath Orchard Outpost Palace "
    "Passenger Pianist Pilgrim Planet Poet Portrait Promise Protégé Puzzle Quarry Rain Raven Rehearsal Reunion River "
    "Road Rumor Sailor Séance Shadow Shepherd Signal Sister Smuggler Soldier Song Staircase Storm Stranger Summer "
    "Swimmer Tailor Telegram Tide Tower Train Translator Treaty Tunnel Umbrella Valley Verdict Village Violin Voyage "
    "Watchman Wedding Whale Widow Window Witness Wolf Zephyr"
)
PLACES = _words(
    "Aldermoor Belvoir Brixholm Calvera Dunmarrow Eastvale Fenwick Grimsund Halcyon Isola Jorvik Kestrel Lowmere "
    "Marisol Northgate Orsova Pellworm Quillan Ravenna Solvang Tamarisk Ulverton Vallø Westerby Yarrow Zürau"
)
FIRST_NAMES = _words(
    "Ada Anselm Bianca Bruno Cécile Corin Dalia Dmitri Edda Elías Fabian Freya Gita Halvard Ines Ivo Jasna Joaquín "
    "Kaito Kirsten Leila Lorenz Mara Matteo Nadia Noé Odile Oskar Petra Quentin Rosa Rune Saoirse Søren Tamsin Tomás "
    "Ulla Viggo Wanda Xenia Yusuf Zofia"
)
LAST_NAMES = _words(
    "Abernathy Aldana Bergström Bellweather Castellan Corvin Dubrovsky Eastlake Fairweather Fontaine Grünwald Hale "
    "Harrowgate Ibarra Jankowski Kavanagh Kuroda Lindqvist Lorimer Marchetti Moravec Nakagawa Northcott Okonjo Ostrow "
    "Pemberly Quist Ravenscroft Sandoval Sørensen Tiller Umar Vasquez Wexford Yilmaz Zapata"
)
VERBS = _words("finds hides loses follows betrays rescues inherits repairs searches rebuilds forgives outwits")
MOODS = _phrases("A quiet|A furious|A tender|An uneasy|A sprawling|A wry|A haunting|A sunlit|A restless")
KINDS = _phrases("tale|mystery|comedy of errors|romance|portrait|chase|fable|family saga|thriller|duel of wits")
THEMES = _phrases(
    "revenge|lost letter|small town|night train|heist|first love|time loop|sea voyage|inheritance|double life|"
    "friendship|road trip|courtroom|chess|lighthouse|boarding school|stolen painting|space station|desert|amnesia|"
    "wedding|music band|haunted house|con artist|sibling rivalry|war veteran|orphan|detective|robot|dystopia|"
    "based on novel|village life|winter|kidnapping|espionage|cooking|dancing|football|mountain climbing|circus|"
    "politics|pirate|dragon|witch|time travel|doppelgänger|newspaper|prison escape|single parent|grief|redemption"
)
ROLES = _phrases("Doctor|Inspector|Neighbor|Aunt|Captain|Teacher|Stranger|Mayor|Driver|Self|Narrator (voice)|Guard")
STUDIOS = _phrases(
    "Lantern Row Pictures|Northgate Films|Blue Kite|Estudio Marisol|Søndag Film|Paper Whale|Third Window"
)

ORIGINALS = {
    "ja": _words("夜の 静かな 青い 海 手紙 灯台 約束 風 列車 庭"),
    "ko": _words("밤의 푸른 바다 편지 등대 약속 바람 기차 정원 거울"),
    "zh": _words("夜色 靜河 藍海 來信 燈塔 承諾 長風 列車 花園 鏡子"),
    "cn": _words("夜雨 孤城 江湖 長街 舊夢 明月 浪子 風雲 故人 渡口"),
    "ru": _words("Ночной Тихий туман письмо маяк обещание ветер поезд сад зеркало"),
    "el": _words("Νύχτα ήσυχη θάλασσα γράμμα φάρος υπόσχεση άνεμος τρένο κήπος"),
    "hi": _words("रात शांत समुद्र चिट्ठी वादा हवा रेल बगीचा दर्पण"),
    "ar": _words("ليلة هادئة بحر رسالة منارة وعد ريح قطار حديقة"),
    "fr": _words("Été Élodie forêt château rêve nuit l'île lumière perdue matinée"),
    "es": _words("Niño sueño corazón río mañana ciudad última canción señal"),
    "de": _words("Über Brücke Mädchen Straße Träume Nacht König stille Flüsse Gärten"),
    "pt": _words("Coração manhã estação irmão avó lição canção verão"),
    "sh": _words("Kuća noć čekanje žena mračna šuma reka"),
}
LANGUAGE_NAMES = {
    "en": "English",
    "ja": "Japanese",
    "ko": "Korean",
    "zh": "Mandarin",
    "cn": "Cantonese",
    "ru": "Russian",
    "el": "Greek",
    "hi": "Hindi",
    "ar": "Arabic",
    "fr": "French",
    "es": "Spanish",
    "de": "German",
    "pt": "Portuguese",
    "sh": "Serbo-Croatian",
    "xx": "No Language",
}
LANGUAGES = tuple(LANGUAGE_NAMES)
COUNTRIES = {
    "US": "United States of America",
    "GB": "United Kingdom",
    "DE": "Germany",
    "FR": "France",
    "JP": "Japan",
    "BR": "Brazil",
}
PROVIDERS = {8: "Streamwell", 9: "Kinobox", 10: "Filmloft", 337: "Castle Plus", 350: "Orchard TV", 531: "Peakview"}
CERTIFICATIONS = {
    "US": ("G", "PG", "PG-13", "R", "NC-17"),
    "GB": ("U", "PG", "12A", "15", "18"),
    "DE": ("0", "6", "12", "16", "18"),
}
