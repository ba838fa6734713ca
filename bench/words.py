"""The words the corpus is drawn from: for each language small words and words of the subject.

Both lists stand in the order of how often a word comes; the generator takes the n-th with a
probability of about 1/n, as in natural texts.
"""

from __future__ import annotations

SMALL = {
    "en": """the of to and in a that for is are with as on by be we it from not this have their
        they at or our which who more when where has can many also only than but was were do no
        there what one if between must under while because before after without most other into
        within through should each some those these still often even during against since both
        until already about how whether every""".split(),
    "fr": """de la les des et à le en que pour une un du dans est sont qui par sur avec ne pas au
        aux nous se leur leurs ce cette plus ou il ont ces mais comme elles ils son sa même aussi
        sans où doit doivent entre être peut tout lorsque afin depuis avant après toutes dont
        encore chaque notre nos très souvent si chez selon pendant contre jamais trop déjà
        parce quand""".split(),
    "es": """de la que y en el los las para por con una un del se no a es son su al lo más como
        sus o pero nos este esta sin también entre cuando muchas muchos hay donde han ser ya
        nuestra nuestro desde hasta sobre todo cada porque si debe deben antes después puede
        pueden otras otros contra durante según siempre nunca aún quienes aunque mientras cual
        así""".split(),
}
"""Articles, prepositions, pronouns, by language."""

SUBJECT = {
    "en": """migrants people workers countries families children rights access women work services
        return health community documents information authorities cities border support school
        permit protection language government state employers money law decision housing office
        remittances residence data training skills labour communities region local young
        organisations recruitment costs agreement status procedure detention courts interpreters
        papers registration certificate consulate transit rescue destination origin smugglers
        trafficking victims statistics visas pathways climate drought cooperation dialogue practice
        municipality volunteers diaspora wages contracts inspectors complaint helpline lawyers
        nurses teachers care elderly harvest season fishing garments domestic sector factory savings
        transfer fee bank exchange corridor account telephone form signature appointment queue
        interview translation brochure radio prejudice media campaign integration inclusion
        participation elections council reintegration counselling loan workshop tools roof harvests
        vaccination clinic pregnancy mothers fathers siblings reunification birth nationality
        statelessness identity passport fingerprints privacy firewall police patrol harbour desert
        islands ferry airport route shelter blanket dignity""".split(),
    "fr": """migrants personnes travailleurs pays familles enfants droits accès femmes travail
        services retour santé communauté documents informations autorités villes frontière appui
        école permis protection langue gouvernement état employeurs argent loi décision logement
        guichet envois séjour données formation compétences région jeunes associations recrutement
        coûts accord statut procédure rétention tribunaux interprètes papiers enregistrement
        certificat consulat transit sauvetage destination origine passeurs traite victimes
        statistiques visas voies climat sécheresse coopération dialogue pratique commune bénévoles
        diaspora salaires contrats inspecteurs plainte avocats infirmières enseignants soins âgées
        récolte saison pêche confection domestique secteur usine épargne transfert frais banque
        change corridor compte téléphone formulaire signature attente entretien traduction brochure
        radio préjugés médias campagne intégration inclusion participation élections conseil
        réintégration accompagnement prêt atelier outils toit vaccination clinique grossesse mères
        pères fratrie regroupement naissance nationalité apatridie identité passeport empreintes
        confidentialité police patrouille port désert îles bateau aéroport trajet abri couverture
        dignité égalité égal liberté fraternité""".split(),
    "es": """migrantes personas trabajadores países familias niños derechos acceso mujeres trabajo
        servicios retorno salud comunidad documentos información autoridades ciudades frontera
        apoyo escuela permiso protección lengua gobierno estado empleadores dinero ley decisión
        vivienda oficina remesas residencia datos formación competencias región jóvenes
        organizaciones contratación costos acuerdo condición procedimiento detención tribunales
        intérpretes papeles registro certificado consulado tránsito rescate destino origen
        traficantes trata víctimas estadísticas visados vías clima sequía cooperación diálogo
        práctica municipio voluntarios diáspora salarios contratos inspectores denuncia abogados
        enfermeras maestros cuidados mayores cosecha temporada pesca confección doméstico sector
        fábrica ahorro transferencia comisión banco cambio corredor cuenta teléfono formulario
        firma cita cola entrevista traducción folleto radio prejuicios medios campaña integración
        inclusión participación elecciones consejo reintegración orientación préstamo taller
        herramientas techo vacunación clínica embarazo madres padres hermanos reagrupación
        nacimiento nacionalidad apatridia identidad pasaporte huellas privacidad policía patrulla
        puerto desierto islas barco aeropuerto ruta refugio manta dignidad educación
        educaciones""".split(),
}
"""Words of the subject, by language."""

PLACES = """Alder Brook Cedar Dune Elm Fern Grove Harbour Island Juniper Kestrel Lagoon Meadow
    North Orchard Prairie Quarry River Summit Thicket Upland Valley Willow Yarrow""".split()
"""Invented names that organisations and desks are called after."""
