"""Which languages the messages are in, as far as function words and letters tell; no network, no model.

This is a small method and says "unknown" rather than guess. A message whose letters are mostly of one script
other than Latin is named by that script ("Cyrillic script"; Greek, Japanese and Korean by language, since the
script decides it). A message in Latin letters is named by the stop words in it: each listed language has about
fifty of its commonest function words; a word that several of them have counts a fraction for each; and the
best language wins if it has enough evidence and clearly more than the next. Messages of a few words, names,
numbers and languages that are not listed stay unknown. (Stop-word counts are the oldest method of language
identification that works on short text: Ingle 1976; Grefenstette 1995 found them about as good as letter
trigrams on sentences of fifteen words and more, and worse on shorter ones.)
"""

import re
from collections import Counter

from data.report.words import split

ENOUGH = 1.5  # the evidence a language needs, in words that no other listed language has
AHEAD = 1.5  # and times the evidence for the next one
UNKNOWN = "unknown"

SCRIPTS = {
    "Greek": "\u0370-\u03ff\u1f00-\u1fff",
    "Cyrillic script": "\u0400-\u052f",
    "Armenian": "\u0530-\u058f",
    "Hebrew script": "\u0590-\u05ff",
    "Arabic script": "\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff",
    "Devanagari script": "\u0900-\u097f",
    "Bengali script": "\u0980-\u09ff",
    "Tamil": "\u0b80-\u0bff",
    "Thai": "\u0e00-\u0e7f",
    "Georgian": "\u10a0-\u10ff",
    "Korean": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "Japanese": "\u3040-\u30ff",
    "Chinese characters": "\u3400-\u4dbf\u4e00-\u9fff",
    "Latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
}
LETTERS = {name: re.compile(f"[{ranges}]") for name, ranges in SCRIPTS.items()}
BEYOND = re.compile("[\u0370-\U0010ffff]")  # most messages hold none of these and need no counting

STOP_WORDS = {
    "English": "the a an and or of to in is was were are be been i i'm i've you your we our us my me it it's he she "
    "they their this that these there what when which with for from have has had not don't can can't will would "
    "do did but if on at by as so all any just please still after before about could should u ur im "
    "ive dont cant pls ok",
    "German": "der die das den dem des ein eine einen einem einer und oder ich sie er es wir ihr mir mich uns ist "
    "sind war bin habe haben hat nicht kein keine mit von zu zum zur auf für bei aus nach seit wie was wenn dass "
    "auch noch nur schon aber bitte mein meine meinen ihre ihren im am werden wird kann können",
    "French": "le la les un une des du de et ou je j'ai tu il elle nous vous ils mon ma mes votre vos notre nos ce "
    "cette ces est sont été suis avez avons pas ne que qui quoi dans sur pour par avec sans mais plus très aux "
    "au en depuis c'est n'est être fait comme bonjour merci",
    "Spanish": "el la los las un una unos y o de del al en yo tú usted ustedes nosotros mi mis su sus me nos le les "
    "es son está están era fue he ha han no que qué como cómo cuando donde para por con sin pero más muy ya desde "
    "hace este esta esto ese puedo quiero hola gracias también",
    "Portuguese": "o a os as um uma e ou de do da dos das em no na nos nas ao à eu você vocês nós meu minha meus "
    "seu sua me é são está estão foi era tem tenho não que como quando onde para por pelo pela com sem mas mais "
    "muito já desde isso esta este quero posso olá obrigado também",
    "Italian": "il lo la i gli le un uno una e o di del della dei delle da dal in nel nella su sul con per tra io "
    "tu noi voi mio mia vostro vostra mi ci vi si è sono era ho hai ha abbiamo avete non che chi come quando dove "
    "ma più molto già anche questo questa cosa grazie perché",
    "Dutch": "de het een en of ik je jij u hij zij wij we jullie mijn uw ons onze mij is zijn was ben heb heeft "
    "hebben niet geen met van voor naar op in aan bij uit om te dat dit die wat wie als maar ook nog wel al er "
    "kan kunnen wil worden wordt graag sinds",
    "Swedish": "och eller en ett den det de jag du ni vi han hon min mitt mina er ert oss mig är var har hade inte "
    "ingen med av för från till på i om att som vad när hur men också bara redan här kan ska vill skulle efter "
    "sedan nu hej tack",
    "Danish": "og eller en et den det de jeg du i vi han hun min mit mine jeres os mig er var har havde ikke ingen "
    "med af for fra til på om at som hvad når hvordan men også kun allerede her kan skal vil ville efter siden nu "
    "hej tak",
    "Norwegian": "og eller en et den det de jeg du dere vi han hun min mitt mine deres oss meg er var har hadde "
    "ikke ingen med av for fra til på om at som hva når hvordan men også bare allerede her kan skal vil ville "
    "etter siden nå hei takk",
    "Polish": "i lub w z na do od dla przez po przy za o że nie tak jest są był była było mam mamy ma ja pan pani "
    "państwo my mój moja moje nas mnie się co kto jak kiedy gdzie ale też już tylko bardzo proszę dziękuję "
    "dzień dobry ten ta to tego",
    "Czech": "a nebo v z na do od pro přes po při za o že ne ano je jsou byl byla bylo mám máme já vy my můj moje "
    "nás mě se si co kdo jak kdy kde ale také už jen velmi prosím děkuji dobrý den ten ta to toho jsem jsme",
    "Turkish": "ve veya bir bu şu o ben sen siz biz benim sizin bizim bana beni için ile gibi kadar çok daha ama "
    "değil var yok mı mi ne nasıl neden zaman olarak olan oldu sonra önce her hiç lütfen merhaba teşekkürler",
}
LISTED = {language: frozenset(words.split()) for language, words in STOP_WORDS.items()}
SHARED = Counter(word for words in LISTED.values() for word in words)
EVIDENCE = {
    word: tuple((language, 1 / SHARED[word]) for language, words in LISTED.items() if word in words) for word in SHARED
}


def language(text: str) -> str:
    """The language or script of a message, or "unknown"."""
    script = _script(text)
    if script != "Latin":
        return script
    found: Counter = Counter()
    for word in set(split(text)):  # a name that is a stop word elsewhere counts once
        for name, evidence in EVIDENCE.get(word, ()):
            found[name] += evidence
    best = found.most_common(2)
    if not best or best[0][1] < ENOUGH or (len(best) > 1 and best[0][1] < AHEAD * best[1][1]):
        return UNKNOWN
    return best[0][0]


def _script(text: str) -> str:
    """The script of more than half of the letters; "unknown" without one."""
    if not BEYOND.search(text):
        return "Latin"
    counts = Counter({name: len(letters.findall(text)) for name, letters in LETTERS.items()})
    if counts["Japanese"]:  # kana are written among Chinese characters, and nowhere but in Japanese
        counts["Japanese"] += counts.pop("Chinese characters")
    name, most = counts.most_common(1)[0]
    return name if most * 2 > counts.total() else UNKNOWN
