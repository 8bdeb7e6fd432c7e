"""What the people of the demo organisation write to each other.

All of it is made up for this purpose. A thread is a subject and the mails of a conversation, first
mail first; the words in braces are filled in by organisation.py, so one thread makes many different
conversations. Phishing texts are written to be recognisable, not to be used: every address in them
is below a name reserved for documentation (RFC 2606, RFC 5737).
"""

# Per language: what {thing}, {day} and {place} can be, and how a reply's subject begins.
WORDS = {
    "en": (["the echo sounder housing", "the calibration rig", "batch 7 transducers", "the dealer price list",
            "the harbour survey", "the new firmware", "the winter stand"],
           ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
           ["Bristol", "the small meeting room", "the test tank", "Pier 4", "the workshop"], "Re: "),
    "de": (["das Gehäuse vom Echolot", "die Prüfvorrichtung", "das Angebot Hafenamt", "die neue Firmware",
            "der Messestand"],
           ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag"],
           ["Hamburg", "Raum Elbe", "der Halle 2", "der Werkstatt"], "AW: "),
    "fr": (["le boîtier du sondeur", "le banc d’étalonnage", "le devis du port", "la nouvelle notice"],
           ["lundi", "mardi", "mercredi", "jeudi", "vendredi"],
           ["Lyon", "la salle Saône", "l’atelier"], "RE: "),
    "es": (["la carcasa de la sonda", "el banco de calibración", "la oferta del puerto", "el catálogo nuevo"],
           ["el lunes", "el martes", "el miércoles", "el jueves", "el viernes"],
           ["Valencia", "la sala Turia", "el taller"], "RE: "),
    "nb": (["ekkoloddhuset", "kalibreringsriggen", "havneprosjektet", "den nye fastvaren"],
           ["mandag", "tirsdag", "onsdag", "torsdag", "fredag"],
           ["Bergen", "møterom Fløyen", "verkstedet"], "SV: "),
    "it": (["la custodia dell’ecoscandaglio", "il banco di taratura", "il listino rivenditori"],
           ["lunedì", "martedì", "giovedì", "venerdì"], ["Genova", "la sala piccola", "l’officina"], "R: "),
    "pl": (["obudowę echosondy", "stanowisko kalibracyjne", "ofertę dla portu"],
           ["w poniedziałek", "we wtorek", "w czwartek"], ["Krakowie", "sali Wisła", "warsztacie"], "Odp: "),
    "pt": (["a caixa da sonda", "a bancada de calibração", "a proposta do porto"],
           ["segunda-feira", "terça-feira", "quinta-feira"], ["Porto", "a sala Douro", "a oficina"], "RE: "),
    "nl": (["de behuizing van het echolood", "de kalibratieopstelling", "de dealerprijslijst"],
           ["maandag", "dinsdag", "donderdag"], ["Rotterdam", "vergaderzaal Maas", "de werkplaats"], "RE: "),
    "ja": (["測深機の筐体", "校正治具", "港湾調査の見積書"], ["月曜日", "水曜日", "金曜日"],
           ["大阪", "第二会議室", "試験水槽"], "Re: "),
}

THREADS = {
    "en": [
        ("{thing}: where are we?",
         ["Morning {b},\n\nquick one before the stand-up: where are we with {thing}? {day} would be good, the week after is "
          "when it starts to hurt.\n\n{a}",
          "Nearly there. Two seals failed the pressure test at {n} metres, the rest are fine. I have asked for "
          "replacements and will have them by {day}.\n\n{b}",
          "Good. Put the failed ones aside please, I want to look at the lips under the microscope.\n\n{a}"]),
        ("Lunch on {day}?",
         ["Hi {b},\n\nthe new place by {place} has opened at last. {day}, half past twelve? My treat, I still owe you for the "
          "forklift business.\n\n{a}",
          "Gladly. Nothing with coriander.\n\n{b}"]),
        ("Minutes: planning for {thing}",
         ["All,\n\nshort minutes from today:\n\n- {thing}: {b} takes over, first version on {day}\n- spare parts: we order {n} "
          "sets, no more before the audit\n- next meeting: {day}, {place}\n\nShout if I got something wrong.\n\n{a}"]),
        ("Badge for a visitor on {day}",
         ["Hello {b},\n\na customer comes to see {thing} on {day}. Could you put two badges at the front desk? They arrive "
          "around {hour}.\n\nThank you\n{a}",
          "Done, badges {n} and {m}. Safety shoes are in the cupboard, sizes 38 to 46.\n\n{b}"]),
        ("Invoice {n} has the wrong order number",
         ["{b}, could you have a look at invoice {n}? The order number on it is last year's, and accounts won't book it. Goods "
          "are here and complete.\n\n{a}",
          "Sorry about that, the old template was still around. Corrected copy follows from the system within the hour. I "
          "have thrown the template away.\n\n{b}"]),
        ("Leaking coffee machine",
         ["The machine on the second floor drips again. I put a bowl under it. It is an echo sounder company and nobody can "
          "find the leak.\n\n{a}",
          "It is the left hose. I have told facilities, they come on {day}. Please nobody use tape this time.\n\n{b}"]),
        ("Figures for the board",
         ["Dear {b},\n\nI need the service figures for {thing} by {day}, one page, no adjectives: returns, mean time to repair, "
          "open cases over 30 days.\n\nBest regards\n{a}",
          "Attached to the shared folder as always. Returns are down to {n}, repairs take 4.2 days on average. The one open "
          "case over 30 days waits for customs.\n\n{b}"]),
        ("Car park on {day}",
         ["Reminder: the car park at {place} is closed on {day} from 7 to 15 because the lines are repainted. Bicycles are "
          "welcome in hall 1.\n\n{a}"]),
        ("Draft text for the catalogue",
         ["{b}, here is a draft for page {m}:\n\n\"Sees the bottom, not the bubbles. The depth is measured {n} times a second and "
          "shown only when two beams agree.\"\n\nToo much?\n\n{a}",
          "I like it. Legal will want to know what \"agree\" means. Say \"within 2 cm\".\n\n{b}"]),
        ("Handover while I am away",
         ["Hi {b},\n\nfrom {day} I'm off for a week. Open: {thing} (supplier promised an answer), case {n} (customer has the "
          "loan unit, nothing to do), and the plants.\n\nThe plants matter.\n\n{a}",
          "Got it: supplier, loan unit, plants. Enjoy!\n\n{b}"]),
    ],
    "de": [
        ("{thing}: Stand?",
         ["Moin {b},\n\nwie weit sind wir? Bis {day} müsste {thing} fertig sein, sonst verschiebt sich die Abnahme.\n\nGruß\n{a}",
          "Moin,\n\nfast fertig. {n} Teile sind geprüft, bei dreien passt die Dichtung nicht. Nachschub ist bestellt.\n\n{b}"]),
        ("Urlaubsübergabe",
         ["Hallo {b},\n\nab {day} bin ich zwei Wochen weg. Offen ist nur {thing}, die Unterlagen liegen in {place}. Bei Fragen "
          "bitte nicht anrufen, sondern raten.\n\nViele Grüße\n{a}",
          "Wird gemacht. Ich rate dann ab {day}.\n\nSchönen Urlaub\n{b}"]),
        ("Protokoll vom {day}",
         ["Liebe Kolleginnen und Kollegen,\n\nkurz das Protokoll: {b} übernimmt {thing}. Die Übergabe ist in {place}. Stückzahl "
          "bleibt bei {n}.\n\nMit freundlichen Grüßen\n{a}"]),
        ("Rechnung {n}",
         ["Hallo {b},\n\nzu Rechnung {n} fehlt der Lieferschein. Kannst du ihn nachreichen? Die Prüfung ist am {day}.\n\nDanke\n{a}",
          "Liegt jetzt im Ordner, war unter dem Vorjahr abgelegt.\n\n{b}"]),
    ],
    "fr": [
        ("{thing} : où en est-on ?",
         ["Bonjour {b},\n\npeux-tu me dire où en est {thing} ? Le client passe {day} et voudrait le voir dans {place}.\n\nMerci\n{a}",
          "Bonjour,\n\nil manque {n} vis, c’est tout. Ce sera prêt {day} matin.\n\nBonne journée\n{b}"]),
        ("Réunion de {day}",
         ["Bonjour à tous,\n\nla réunion de {day} se tiendra dans {place} et non en ligne. Ordre du jour : {thing}, congés "
          "d’été, cafetière.\n\nCordialement\n{a}"]),
        ("Note de frais {n}",
         ["Bonjour {b},\n\nta note de frais {n} est validée. Il manque juste le ticket du parking, tu peux me l’apporter {day}.\n\n"
          "{a}"]),
    ],
    "es": [
        ("{thing}: ¿cómo vamos?",
         ["Hola {b}:\n\n¿cómo vamos con {thing}? Lo necesitaría {day}, porque el cliente viene a verlo.\n\nUn saludo\n{a}",
          "Hola:\n\ncasi está. Faltan {n} piezas que llegan {day} por la mañana.\n\nSaludos\n{b}"]),
        ("Turnos de la semana que viene",
         ["Buenos días:\n\nos paso los turnos. {b} abre {day}; el resto, como siempre. El almacén cierra a las {hour}.\n\n{a}"]),
    ],
    "nb": [
        ("{thing}: status?",
         ["Hei {b},\n\nhvordan går det med {thing}? Jeg skulle gjerne hatt det på plass til {day}.\n\nHilsen\n{a}",
          "Hei,\n\nså godt som ferdig. {n} av delene er testet på trykk, resten tar jeg {day}.\n\n{b}"]),
        ("Lunsj {day}",
         ["Fiskesuppe i kantina på {day}, husk å melde dere på innen klokka {hour}. {b} tar med brød.\n\n{a}"]),
    ],
    "it": [
        ("{thing}: a che punto siamo?",
         ["Ciao {b},\n\na che punto siamo con {thing}? Il cliente arriva {day}.\n\nGrazie\n{a}",
          "Ciao,\n\nmancano {n} pezzi, arrivano {day}. Poi è pronto.\n\n{b}"]),
        ("Ferie di agosto",
         ["Ciao a tutti,\n\nmandatemi le date delle ferie entro {day}. Il magazzino resta aperto la mattina.\n\n{a}"]),
    ],
    "pl": [
        ("Pytanie o termin",
         ["Cześć {b},\n\nczy damy radę skończyć {thing} {day}? Klient dzwonił już dwa razy.\n\nPozdrawiam\n{a}",
          "Cześć,\n\ntak, zostało {n} sztuk do sprawdzenia. Resztę zrobię {day}.\n\n{b}"]),
    ],
    "pt": [
        ("Prazo",
         ["Olá {b},\n\nconseguimos acabar {thing} até {day}? O cliente já perguntou.\n\nObrigada\n{a}",
          "Olá,\n\nsim, faltam {n} peças. Na {day} está pronto.\n\n{b}"]),
    ],
    "nl": [
        ("{thing}: stand van zaken",
         ["Hoi {b},\n\nhoe staat het met {thing}? {day} zou mooi zijn.\n\nGroet\n{a}",
          "Hoi,\n\nbijna klaar, nog {n} stuks te testen in {place}.\n\n{b}"]),
    ],
    "ja": [
        ("{thing}の件",
         ["{b}さん\n\nお疲れさまです。{thing}の進捗はいかがでしょうか。{day}までにお客様へご連絡したいです。\n\nよろしくお願いいたします。\n{a}",
          "{a}さん\n\nお疲れさまです。残り{n}個の検査が終われば完了です。{day}に{place}でお渡しします。\n\n{b}"]),
    ],
}

# Mail from outside that is perfectly fine: (sender name, sender address, subject, body, is it a bulk mail)
OUTSIDE = [
    ("Tidewatch Weekly", "news@tidewatch.example", "Tidewatch Weekly, no. {n}",
     "This week: why neap tides are underrated, a harbour master's diary, and {n} letters about the buoy article.\n\n"
     "Read on: https://www.tidewatch.example/issue/{n}\n\nYou get this because you signed up. Unsubscribe: "
     "https://www.tidewatch.example/u/{n}", True),
    ("Harbourline Rail", "tickets@harbourline.example", "Your booking {n}",
     "Thank you for travelling with us.\n\nBooking {n}, {day} {hour}, one seat, window. Your ticket waits in the app: "
     "https://tickets.harbourline.example/b/{n}\n\nHave a good trip.", True),
    ("Gasket & Seal Supply", "orders@gasketseal.example", "Order {n} is on its way",
     "Dear customer,\n\nyour order {n} left our warehouse today: {m} O-rings NBR 70, two drawings.\n\nKind regards\nGasket & Seal "
     "Supply, order desk", False),
    ("Port Authority Survey Office", "survey@portoffice.example", "Survey of basin {m}: date",
     "Good morning,\n\nwe would like to move the survey of basin {m} to {day}, {hour}, because of the dredger. Please confirm.\n\n"
     "Regards\nM. Oduya\nSurvey Office", False),
    ("Kalibrierdienst Nord", "service@kalibrierdienst-nord.example", "Kalibrierschein {n}",
     "Sehr geehrte Damen und Herren,\n\nder Kalibrierschein {n} zu Ihrem Druckaufnehmer liegt bereit. Die nächste Kalibrierung "
     "ist in zwölf Monaten fällig.\n\nMit freundlichen Grüßen\nKalibrierdienst Nord", False),
    ("Papeterie des Quais", "commande@papeteriedesquais.example", "Confirmation de commande {n}",
     "Bonjour,\n\nmerci pour votre commande {n}. La livraison est prévue {day}.\n\nPapeterie des Quais", False),
    ("Ferretería del Puerto", "ventas@ferreteriapuerto.example", "Presupuesto {n}",
     "Buenas tardes:\n\nle enviamos el presupuesto {n} para la tornillería. La oferta es válida treinta días.\n\nUn saludo", False),
    ("Buildbot", "builds@ci.corp.example", "[firmware] build {n} passed",
     "Branch main, revision {m}f{n}.\n\n{n} tests passed, 0 failed, 2 skipped. Image size 1.{m} MB.\n", True),
    ("Travel desk", "noreply@reisestelle.example", "Reiseunterlagen {n}",
     "Guten Tag,\n\nanbei Ihre Unterlagen für {day}: Hotel am Hafen, eine Nacht, Frühstück ab 6:30.\n\nIhre Reisestelle", True),
    ("Northpier Bank", "statements@northpier-bank.example", "Your statement is ready",
     "Your statement for account ending {m} is ready. For your safety this mail contains no link: sign in as you always do.\n\n"
     "Northpier Bank", True),
    ("River Labs", "priya@riverlabs.example", "Samples for the turbidity test",
     "Hello,\n\nthe samples went out by courier this morning, {m} bottles in the blue box. Keep them below 8 degrees, please.\n\n"
     "Best\nPriya", False),
    ("Quay Fitness", "hello@quayfitness.example", "We miss you (a little)",
     "It has been {m} weeks. The rowing machines ask about you.\n\nSee the new hours: https://quayfitness.example/hours", True),
]

# Phishing campaigns. HTML link target and shown text differ where the real ones differ.
# key: (language, sender name, sender address, subject, text, link target, link text)
PHISH = {
    "payroll": ("en", "Payroll Services", "payroll@corp-payroll.example", "Action required: confirm your salary account",
                "Dear colleague,\n\nas part of the move to our new bank, salaries can only be paid to confirmed accounts. "
                "Accounts that are not confirmed today are paid with the next run in six weeks.\n\nConfirm your account here:\n"
                "{link}\n\nThis takes less than a minute. Please do not reply, this mailbox is not read.\n\nPayroll Services",
                "https://corp-payroll.example/confirm?u={n}", "https://people.corp.example/salary"),
    "parcel": ("en", "ParcelWing Delivery", "notice@parcelwing-track.example", "Your parcel could not be delivered",
               "We tried to deliver your parcel {n} twice. A fee of 1.99 is due before the third attempt.\n\nPay and choose a "
               "time:\n{link}\n\nAfter 48 hours the parcel goes back.\n\nParcelWing",
               "http://203.0.113.77/pw/{n}/pay", "Track my parcel"),
    "password": ("de", "IT-Servicedesk", "servicedesk@corp-login.example", "Ihr Kennwort läuft heute ab",
                 "Guten Tag,\n\nIhr Kennwort läuft heute um 18:00 Uhr ab. Um Ihr bisheriges Kennwort zu behalten, melden Sie sich "
                 "bitte hier an:\n{link}\n\nAndernfalls wird Ihr Postfach gesperrt.\n\nIhr IT-Servicedesk",
                 "https://corp-login.example/owa/{n}", "https://webmail.corp.example"),
    "banco": ("es", "Banco Ribera Clara", "avisos@bancoriberaclara.example", "Hemos bloqueado su tarjeta por seguridad",
              "Estimado cliente:\n\nhemos detectado un acceso no habitual y su tarjeta ha quedado bloqueada. Para desbloquearla, "
              "verifique sus datos en las próximas 24 horas:\n{link}\n\nAtentamente\nDepartamento de Seguridad",
              "https://bancoriberaclara.example.net/verificar/{n}", "Desbloquear mi tarjeta"),
    "sign": ("en", "Docu-Ink on behalf of K. Aldous", "noreply@docu-ink.example", "Please sign: addendum to contract {n}",
             "K. Aldous sent you a document to review and sign.\n\nREVIEW DOCUMENT\n{link}\n\nThe link is personal. Do not share this "
             "mail.\n\nDocu-Ink: the paper-free way", "https://docu-ink.example/s/{n}?e={m}", "REVIEW DOCUMENT"),
    "chief": ("en", "Ingrid Halvorsen", "ingrid.halvorsen.office@freemail.example", "Are you at your desk?",
              "Hi,\n\nI am in a meeting and can't take calls. I need you to get six gift cards for a client today, 100 each. Send "
              "me a photo of the codes, I will sign the expense myself.\n\nKeep this between us, it is a surprise.\n\nIngrid", "", ""),
    "impots": ("fr", "Direction du Remboursement", "ne-pas-repondre@remboursement-impots.example",
               "Vous avez droit à un remboursement de 384,20 €",
               "Madame, Monsieur,\n\naprès le dernier calcul, vous avez droit à un remboursement de 384,20 €. Complétez le formulaire "
               "sous 48 heures :\n{link}\n\nCordialement\nService des remboursements",
               "https://remboursement-impots.example/f/{n}", "Accéder au formulaire"),
    "kasse": ("nb", "Sikkerhetsavdelingen", "sikkerhet@fjordbanken-kunde.example", "Kortet ditt er midlertidig sperret",
              "Kjære kunde,\n\nvi har sperret kortet ditt etter et mistenkelig kjøp. Bekreft identiteten din for å åpne det igjen:\n"
              "{link}\n\nHilsen\nSikkerhetsavdelingen", "https://fjordbanken-kunde.example/id/{n}", "Bekreft nå"),
    "mailbox": ("en", "Mail Administrator", "admin@mail-quota.example", "Mailbox 98% full: messages are on hold",
                "Your mailbox has reached 98% of its size. {m} incoming messages are on hold.\n\nRelease messages:\n{link}\n\nFailure "
                "to act will result in lost mail.", "https://mail-quota.example/r/{n}", "Release messages"),
    "faktura": ("pl", "Biuro Rozliczeń", "rozliczenia@faktury-online.example", "Zaległa faktura nr {n}",
                "Szanowni Państwo,\n\nprzypominamy o zaległej fakturze nr {n}. Prosimy o pilną płatność, szczegóły pod adresem:\n{link}\n\n"
                "Biuro Rozliczeń", "https://faktury-online.example/fv/{n}", "Zobacz fakturę"),
    "point": ("ja", "ポイント事務局", "info@point-campaign.example", "【重要】ポイントの有効期限が本日までです",
              "お客様\n\n保有ポイント {n} 点の有効期限が本日までです。下記より交換手続きをお願いいたします。\n{link}\n\nポイント事務局",
              "https://point-campaign.example/x/{n}", "交換手続きへ"),
    "everyone": ("en", "Human Resources", "hr@corp-people.example", "Updated holiday calendar (all staff)",
                 "Dear all,\n\nthe holiday calendar for next year has been corrected. Please sign in to read and acknowledge it:\n{link}\n\n"
                 "HR", "https://corp-people.example/calendar/{n}", "Open the calendar"),
    "voicemail": ("en", "Voice Portal", "vm@voice-portal.example", "New voice message (0:{m})",
                  "You have a new voice message from an internal number.\n\nListen:\n{link}\n\nThe recording is kept for 24 hours.",
                  "https://voice-portal.example/l/{n}", "Play"),
    "voucher": ("en", "Rewards Desk", "rewards@brightcart.example", "{n} points turn into a voucher today",
                "Congratulations! Your points turn into a voucher today. Claim it before midnight:\n{link}\n\nRewards Desk",
                "https://brightcart.example/claim/{n}", "Claim"),
}

# What reporters say above a forward.
COMMENTS = {
    "en": ["I did not click on anything.", "This looks wrong to me. Please have a look.", "Phishing? Opened it on my phone, did not "
           "enter anything.", "Got this one again.", "Forwarding as told in the training.", "fyi", ""],
    "de": ["Kam heute früh, sieht nach Phishing aus. Nichts angeklickt.", "Bitte prüfen, danke!", "Ist das echt?"],
    "fr": ["Je pense que c’est une tentative d’hameçonnage.", "À vérifier, merci."],
    "es": ["Creo que es falso, no he pinchado en nada.", "¿Podéis mirarlo, por favor?"],
    "nb": ["Tror dette er svindel. Har ikke klikket.", "Kan dere sjekke denne?"],
    "it": ["Mi sembra sospetto, non ho cliccato."],
    "pl": ["To chyba phishing, proszę o sprawdzenie."],
    "pt": ["Parece-me suspeito. Não cliquei."],
    "nl": ["Dit lijkt me nep, niet op geklikt."],
    "ja": ["不審なメールです。リンクは開いていません。"],
}
