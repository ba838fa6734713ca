"""Words that say nothing about an objective, however often they stand in a text about it. Pure.

The index keeps them, because phrases need them; here they would only be chance. They also tell
in which language a text is.
"""

from __future__ import annotations

from typing import Final

from consult.search.analysis import fold, written_words

_ENGLISH: Final = """
    about above according across after again against ago all almost along already also although
    always am among an and another any anybody anyone anything are around as at away back be
    because been before being below best better between beyond both but by came can cannot come
    comes could did do does doing done down during each either else enough especially etc even
    ever every everybody everyone everything far few for from fully further gave get gets getting
    give given gives go goes going gone good got great had has have having he her here hers him
    his how however i if in indeed instead into is it its itself just keep kept know known large
    last later least less let like likely little long lot made main mainly make makes making many
    may me mean might mine more most mostly much must my myself near need needed needs neither
    never new next no nobody none nor not nothing now of off often old on once one ones only onto
    or other others otherwise our ours out over own part per perhaps please put quite rather
    really same say says see seem seen set several shall she should show since small so some
    somebody someone something sometimes soon still such take taken takes than thank thanks that
    the their them themselves then there therefore these they thing things this those though three
    through throughout thus time times to today together too took toward towards two under until
    up upon us use used uses using usually various very via want was way ways we well went were
    what whatever when where whether which while who whole whom whose why will with within without
    would year years yes yet you your yours
"""
_FRENCH: Final = """
    a afin ai ailleurs ainsi alors an annee annees ans apres assez au aucun aucune aujourd auquel
    aura auront aussi autant autour autre autres aux avaient avait avant avec avez avoir avons
    ayant beaucoup bien bon bonne bons c ca car ce ceci cela celle celles celui cent cependant
    certain certaine certaines certains ces cet cette ceux chaque chez chose choses ci comme
    comment contre d dans de deja depuis dernier derniere derniers des desormais deux devoir
    devraient devrait dire dit doit doivent donc dont du durant elle elles en encore enfin
    ensemble ensuite entierement entre est et etaient etait etant etc ete etre eu eux faire
    faisons fait faites faut fois font grace grand grande grandes grands hors ici il ils j jamais
    je jour jours jusqu jusque l la laquelle le lequel les lesquels leur leurs lors lorsqu lorsque
    lui m ma mais meme memes mes mettre mieux mis moi moins mois mon n ne ni nombreuses nombreux
    non nos notamment notre nous nouveau nouvel nouvelle nouvelles on ont ou outre par parce
    parfois parmi partout pas pendant petit petite peu peut peuvent plus plusieurs plutot point
    pour pourquoi pourrait pourtant pouvoir pres presque puis puisque qu quand que quel quelle
    quelles quelque quelques quels qui quoi rien s sa sans sauf se selon sera serait seront ses
    seul seule seulement si sien soi soient soit sommes son sont sous souvent sur surtout t ta
    tant te tel telle telles tels temps tes toi ton toujours tous tout toute toutefois toutes
    travers tres trois trop tu un une va vers veut voici voila voir vont vos votre vous vraiment
    vu y
"""
_SPANISH: Final = """
    a acerca actualmente ademas ahi ahora al algo alguien algun alguna algunas alguno algunos alla
    alli ano anos ante antes aparte apenas aquel aquella aquellos aqui asi aun aunque bajo
    bastante bien buen buena bueno buenos cada casi caso casos ciento cierta cierto como con
    conforme contra cosa cosas cual cuales cualquier cuando cuanto cuya cuyo da dado dan dar de
    debe deben deber deberia deberian debido decir dejar del demas dentro desde despues dia dias
    dice dijo donde dos durante e el ella ellas ello ellos en entonces entre era eran es esa esas
    ese eso esos esta estaba estamos estan estar estas este esto estos fin fue fuera fueron gran
    grande grandes ha haber habia hace hacen hacer hacia han hasta hay haya he hecho hizo hoy
    incluso ir jamas junto juntos la las le les lo los luego mas mayor mayoria me mediante medio
    mejor menos mes meses mi mientras mis misma mismas mismo mismos momento mucha muchas mucho
    muchos muy nada nadie ni ningun ninguna ninguno no nos nosotros nuestra nuestras nuestro
    nuestros nueva nuevas nuevo nuevos nunca o os otra otras otro otros para parte pero poca poco
    pocos poder podria por porque primer primera primero pronto propia propio pueda puede pueden
    pues que queda quedamos quedan quedar quien quienes se sea sean segun ser sera seria si sido
    siempre sin sino sobre sola solo somos son su sus tal tales tambien tampoco tan tanta tanto
    tantos te tendra tener tenga tengan tiempo tiene tienen toda todas todavia todo todos
    totalmente tras traves tres tu tus u un una unas uno unos usted va van varias varios veces ver
    vez y ya yo
"""
_BY_LANGUAGE: Final = {
    code: frozenset(fold(word) for word in words.split())
    for code, words in (("en", _ENGLISH), ("fr", _FRENCH), ("es", _SPANISH))
}
"""Folded."""
SMALL_WORDS: Final = frozenset().union(*_BY_LANGUAGE.values())


def language_by_small_words(text: str) -> str | None:
    """Return the language of which a text has most small words, None where two have as many.

    Quicker than the recognition of languages, and good enough to choose a stemmer by.
    """
    words = [fold(piece.normal) for pieces in written_words(text) for piece in pieces]
    counts = {code: sum(word in own for word in words) for code, own in _BY_LANGUAGE.items()}
    first, second, _ = sorted(counts, key=lambda code: -counts[code])
    return first if counts[first] > counts[second] else None
