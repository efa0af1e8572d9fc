# Was die Konsole auf Deutsch sagt. Auftrag: job. Datenträger: device. Schacht: bay. Halt: hold. Kunde: customer.
# Beleg: receipt. Bericht: report. Packzettel: packing slip. Signaturblatt: signature sheet. Schachtschild: bay tag.

## Zahlen, Dauern und Zeiten

span-seconds = { $count } Sek.
span-minutes = { $count } Min.
span-hours = { $hours } Std.
span-hours-minutes = { $hours } Std. { $minutes } Min.
span-days = { $count } Tage
moment = { $day }, { $time } UTC
day = { $day }.{ $month }.{ $year }

## Der Rahmen aller Seiten

to-the-content = Zum Inhalt
pages = Seiten
languages = Sprache
jobs = Aufträge
new-job = Neuer Auftrag
bench = Schächte
parcels = Pakete
today = Heute
stations = Stationen
stores = Speicher
accounts = Konten
people = Personen
audit = Protokoll
help = Hilfe
sign-out = Abmelden
scan = Scannen
scan-what = Packzettel, Signaturblatt, Schacht oder Paket
scan-go = Los
not-live = Seit { $since } ohne Verbindung: Diese Seite zeigt einen alten Stand.
waiting-title = ({ $count } zu tun) { $title }
at-the-host = am Server
user-of-account = { $user } von { $account }
table = Tabelle
back = Zurück
none = keine
no = nein
never = nie
done = erledigt
not-known = nicht bekannt
there-is-none = Es gibt keine.
page-first = Erste Seite
as-csv = Als CSV
as-json = Als JSON
what-can-be-done = Was Sie tun können
revoke = Sperren
revoke-it = <bdi>{ $name }</bdi> sperren
rate = Datenrate

## Spalten, und Namen von Angaben

col-act = Aktion
col-added = Hinzugefügt
col-revoked = Gesperrt
col-role = Rolle
col-who = Wer
col-number = Nummer
col-from = Von
col-since = Seit
col-until = Bis
col-last-seen = Zuletzt gesehen
col-access-key = Schlüssel
col-made = Angelegt
col-when = Wann
col-did = Was
col-to = Woran
col-said = Angaben
col-came-of-it = Ergebnis
col-carrier = Spedition
col-note = Notiz
col-way = Richtung
col-station = Station
col-state = Zustand
col-last-heard = Zuletzt gemeldet
col-release = Version
col-clock-ahead = Uhr geht vor
col-bays = Schächte
col-at-work = Bei der Arbeit
col-waiting = Wartend
col-store = Speicher
col-endpoint = Endpunkt
col-answers = Antwortet
col-jobs-on-hold = Angehaltene Aufträge
col-buckets = Buckets
col-ask-it = Prüfen
col-devices = Datenträger
col-requests = Anfragen pro Sekunde
col-job = Auftrag
col-customer = Kunde
col-serial = Seriennummer
col-progress = Fortschritt
col-what = Was
col-last = Zuletzt
col-where = Wo
col-errors = Fehler

## Wenn etwas nicht geht

not-done = Nicht ausgeführt
to-the-bench = Zu den Schächten
no-such-page = Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt.
not-from-here = Nichts wurde ausgeführt: Das kam nicht von einer Seite dieser Konsole.
stale-page = Nichts wurde ausgeführt: Die Seite gehört zu einer anderen Anmeldung.
load-and-press-again = Gehen Sie zurück, laden Sie die Seite neu und drücken Sie noch einmal.
unreadable-form = Nichts wurde ausgeführt: Die Angaben sind nicht lesbar.
bays-not-seen = Der Dienst kann seine Schächte nicht sehen.
service-failed = Im Dienst ist etwas fehlgeschlagen; sein Protokoll sagt, was.
no-job-store = Der Dienst erreicht seine Datenbank nicht.
try-again = Versuchen Sie es gleich noch einmal.
fill-in-field = Gehen Sie zurück und füllen Sie das Feld aus.
takes-more-rights = Dafür ist eine Rolle mit mehr Rechten nötig.
somebody-was-faster = Jemand war schneller: Laden Sie die Seite neu und sehen Sie nach.
field-needed = Nichts wurde ausgeführt: Es fehlt die Angabe „{ $field }“.
field-no-number = Nichts wurde ausgeführt: { $words } ist keine Zahl.
field-why-needed = Nichts wurde ausgeführt: Es fehlt der Grund.
field-password-wrong = Nichts wurde ausgeführt. Zum Passwort: { $why }.
filter-wrong = „{ $name }“ kann nicht „{ $value }“ sein.
station-without-bays = Die Station hat noch keinen Schacht gemeldet.

## Angaben, im Satz

field-within = { $outer }: { $inner }
say-account = Konto
say-bay = Schacht
say-because = Grund
say-carrier = Spedition
say-created = Angelegt
say-until = Bis
say-name = Name
say-number = Nummer
say-progress-code = Fortschritt
say-reason = Art des Abbruchs
say-role = Rolle
say-secret = Passwort
say-store = Speicher
say-token = Token
say-tracking-number = Sendungsnummer
say-verb = Anweisung

## An- und Abmelden

sign-in = Anmelden
sign-in-once = Dieser Link meldet Sie einmal an.
sign-in-ways = Ein Passkey oder ein Link meldet Sie an: Passwörter gibt es nicht.
sign-in-how = Wer den Dienst betreibt, bekommt einen Link mit `longshore console open` auf dem Server, und anderswo mit `longshore console open --server URL --token-file FILE`. Kunden mit einem Zugangsschlüssel bekommen einen mit `longshore console sign-in --endpoint-url URL`, alle anderen vom Betreiber. Wer angemeldet ist, kann einen Passkey hinzufügen.
link-is-void = Dieser Link meldet niemanden mehr an: Er gilt einmal und zehn Minuten lang.
link-another = `longshore console open` druckt einen neuen, für Kunden `longshore console sign-in`.
signed-out = Abgemeldet
you-are-signed-out = Sie sind abgemeldet.
signed-in = Angemeldet

## Was herauskam

outcome-once = Was davon geheim ist, wird nur dieses eine Mal gezeigt.
outcome-store = Was der Speicher kann
outcome-key = Ein neuer Zugangsschlüssel
outcome-token = Ein neues Token
outcome-link = Ein Link, der einmal anmeldet

## Hilfe

help-scanner = Scanner
help-scanner-types = Ein Scanner tippt, was er liest, und schließt mit der Eingabetaste. Auf jeder Seite geht das ins Scanfeld, wo immer die Schreibmarke steht, außer in einem Feld, in das Sie gerade tippen.
help-parcel = Die Nummer eines Pakets
help-parcel-does = bucht das Paket als eingegangen; danach werden seine Packzettel gescannt
help-slip = Ein Packzettel, oder die fünf Zeichen eines Auftrags
help-slip-does = bucht den Datenträger als eingetroffen und zeigt, was mit ihm zu tun ist
help-slip-and-tag = Ein Packzettel oder Signaturblatt, und ein Schachtschild
help-slip-and-tag-does = in beliebiger Folge binnen einer halben Minute: Was im Schacht steckt, wird als Datenträger dieses Auftrags geladen
help-tag-and-card = Ein Schachtschild, dann eine Befehlskarte
help-tag-and-card-does = binnen einer halben Minute: Der Schacht tut, was die Karte sagt; Karten druckt die Seite einer Station, und eine fremde bewirkt nichts
help-else = Alles andere
help-else-does = wird angezeigt und bewirkt nichts
help-keys = Tasten
help-slash-does = ins Scanfeld
help-tab-does = durch die Seite; die Karte eines Schachts ist ein Halt, danach kommen ihre Knöpfe
help-arrows-do = von der Karte eines Schachts zur nächsten
help-commands = In der Befehlszeile
help-commands-do = Was ein Knopf tut, tut auch ein Befehl, mit denselben Rechten und denselben Worten: <code>longshore bay</code>, <code>job</code>, <code>parcel</code>, <code>scan</code>, <code>station</code>, <code>store</code>, <code>account</code>, <code>key</code>, <code>operator</code>, <code>audit</code>, <code>console</code>.

## Personen, Konten, Protokoll

role-viewer = Einsicht
role-operator = Bedienung
role-lead = Leitung
role-admin = Verwaltung
role-customer = Kunde
person-new = Eine neue Person
person-add = Hinzufügen
people-none = Noch ist hier niemand eingetragen: Nur wer am Server des Dienstes sitzt, kommt herein.
person-revoke-means = Sofort: Das Token und alle Anmeldungen werden ungültig.
link-make = Link anlegen
session-own = diese
field-name = Name
account-new = Ein neues Konto
account-import = Buckets, in die importiert wird
account-export = Buckets, aus denen exportiert wird
account-make = Konto anlegen
account-may-import = Darf importieren nach
account-may-export = Darf exportieren aus
account-limit = Wie viel ein Auftrag laden darf
account-most = Höchstens, etwa 5TB, oder none für alles
account-limit-it = Grenze setzen
account-job-bytes = Ein Auftrag darf laden
account-rights = Rechte ändern
account-allow = Erlauben
account-deny = Entziehen
key-revoke-means = Endgültig: Niemand kann mehr damit signieren.
key-make = Schlüssel anlegen
acts-older = Ältere Einträge

## Pakete

parcel-came = Ein Paket ist da
parcel-number = Was darauf steht
at-station = An der Station
parcel-jobs = Aufträge, deren Datenträger darin sind
book-received = Als eingegangen buchen
parcels-none = Noch ist kein Paket gekommen oder gegangen.
parcel-in = ein
parcel-out = aus
parcels-older = Ältere Pakete

## Stationen und Speicher

station-title = Station { $station }
station-admitted = Zugelassen
station-clock-ahead = Ihre Uhr geht vor um
station-bays = { $bays }, davon { $at-work } bei der Arbeit, { $waiting } wartend
station-jobs = Aufträge in Arbeit
station-shares = Ihr Anteil an den Speichern
store-shares = Anteile der Stationen an den Speichern
station-drain = Nichts Neues beginnen
station-undrain = Wieder Aufträge beginnen
station-revoke-means = Ihr Token wird sofort ungültig, ihre Aufträge werden frei, und { $bays ->
    [one] 1 Schacht hält
   *[other] { $bays } Schächte halten
} an. Ein neues Token lässt sie wieder zu.
station-revoked = gesperrt
station-twice = doppelt
station-silent = stumm
station-late = verspätet
station-draining = läuft aus
station-drained = ausgelaufen
station-unheard = nie gemeldet
station-here = da
station-other = unbekannt
bay-tags = Schachtschilder
command-cards = Befehlskarten
store-answers-in = in { $ms } ms
store-probe = Prüfen
all-others = alle übrigen

## Heute

today-as-of = UTC, Stand { $at }
day-before = Tag davor
day-after = Tag danach
today-is-cut = Es gibt mehr, als hier steht; gezählt ist, was angesehen wurde.
in-the-room = Im Raum
room-empty = Hier liegt kein Datenträger.
what-is-due = Was ansteht
what-happened = Was geschah
today-nothing = An diesem Tag geschah mit keinem Auftrag etwas.
count-parcels-in = Pakete ein
count-devices-in = Geräte ein
count-loaded = Geladen
count-failed = Mit Fehlern
count-stopped = Angehalten
count-devices-out = Geräte aus
count-parcels-out = Pakete aus
count-held = Noch angehalten
count-shelved = Rücksendung
deed-in = eingetroffen
deed-loaded = geladen
deed-failed = mit Fehlern
deed-held = angehalten
deed-erased = gelöscht
deed-out = zurückgesandt

## Was mit einem Datenträger zu tun ist, den jemand in der Hand hat

due-load = Stecken Sie ihn in einen freien Schacht.
due-fill = Er ist zu füllen: `longshore dock` beginnt damit.
due-wait = Er wartet.
due-wait-for = Er wartet. { $hold }
due-erase = Er ist geladen und wird gelöscht, bevor er zurückgeht. Fragen Sie nach, bevor Sie etwas anderes mit ihm tun.
due-send-back = Mit ihm ist nichts mehr zu tun ({ $progress }). Legen Sie ihn ins Regal und senden Sie ihn zurück.
due-gone = Er wurde schon zurückgesandt und sollte nicht hier sein. Fragen Sie den Kunden.

## Scannen

scanned = Gescannt
nothing-scanned = Es wurde nichts gescannt.
not-done-because = Nicht ausgeführt: { $why }
job-title = Auftrag { $job }
bay-of-station = Schacht { $bay } von { $station }
scan-received = Paket { $parcel }
scan-load = Schacht { $bay } von { $station }: Was darin steckt, wird als Datenträger von Auftrag { $job } geladen.
scan-await = Schacht { $bay } von { $station }: { $told } Scannen Sie das Signaturblatt oder den Packzettel des Datenträgers, oder eine Befehlskarte.
scan-await-unheard = { $told } Seine Station hat sich seit { $at } nicht gemeldet.
scan-unheard = { $told } Station { $station } hat sich seit { $at } nicht gemeldet: Sie erfährt davon, wenn sie sich innerhalb von zehn Minuten wieder meldet, und danach nicht mehr.
scan-card = Schacht { $bay } von { $station }: Die Karte { $does }.
scan-bay-first = Nichts wurde ausgeführt: Scannen Sie zuerst das Schachtschild, dann die Karte `{ $verb }`.
scan-strange = Nichts wurde ausgeführt: `{ $code }` ist kein Code dieses Dienstes oder einer Spedition.
scan-too-long = Nichts wurde ausgeführt: Ein Code, der mit `{ $code }` beginnt, ist länger als jeder bekannte.
scan-layout = Nichts wurde ausgeführt: `{ $code }` sieht nach einem Signaturblatt aus, das mit einer anderen Tastenbelegung getippt wurde. Stellen Sie den Scanner auf die dieser Tastatur ein.
scan-lines = Nichts wurde ausgeführt: `{ $code }` ist eine Zeile aus dem quadratischen Code eines Signaturblatts. Scannen Sie die Striche darunter.
scan-unannounced = Paket { $parcel }: nicht angekündigt. Scannen Sie den Packzettel darin.
scan-expected = Paket { $parcel }: eingegangen. { $count ->
    [one] Es ist von Auftrag { $jobs } bekannt; scannen Sie den Packzettel.
   *[other] Es ist von den Aufträgen { $jobs } bekannt; scannen Sie die Packzettel.
}
scan-arrived = Auftrag { $job } ({ $type } von { $customer }): { $here }. { $due }
scan-not-booked = nicht gebucht
scan-was-here = schon in { $station }
scan-received-at = eingetroffen in { $station }
card-load = lädt als Nächstes, was im Schacht steckt
card-hold = lässt den Auftrag dazu warten
card-stop = hält an, was im Schacht läuft
card-remove = macht, was im Schacht steckt, bereit zum Entnehmen
card-look = stellt neu fest, wem der Datenträger gehört
card-blink = zeigt, welcher Schacht es ist

## Was Aufträge sind und wie sie stehen, in einem Wort

job-type-import = Import
job-type-export = Export
progress-Pending = Ausstehend
progress-InProgress = In Arbeit
progress-Complete = Fertig
progress-SuccessWithErrors = Fertig mit Fehlern
progress-Canceled = Storniert
progress-Expired = Abgelaufen
progress-DeviceError = Datenträger defekt
progress-InvalidSignature = Signatur ungültig
progress-MissingSignature = Signatur fehlt
progress-MissingDevice = Datenträger fehlt
progress-UnsupportedDeviceType = Bauart nicht unterstützt
progress-UnsupportedFileFormat = Dateisystem nicht unterstützt
progress-UnsupportedPowerSupply = Netzteil nicht unterstützt
location-NotReceived = Noch nicht da
location-AtAWS = Hier
location-Returned = Zurückgesandt
hold-BucketMissing = Bucket fehlt
hold-BucketRights = Kein Recht am Bucket
hold-StoreRefuses = Speicher lehnt ab
hold-StoreFull = Speicher voll
hold-StoreSilent = Speicher stumm
hold-ManifestFault = Manifest nicht lesbar
hold-PasswordNeeded = Passwort nötig
hold-PasswordWrong = Passwort falsch
hold-SignatureMissing = SIGNATURE fehlt
hold-SignatureWrong = SIGNATURE falsch
hold-FileSystemUnsupported = Dateisystem nicht lesbar
hold-CapacityWrong = Größe stimmt nicht
hold-DeviceNotEmpty = Datenträger nicht leer
hold-DeviceTooSmall = Datenträger zu klein
hold-Dirty = Nicht sauber ausgeworfen
hold-TooLarge = Zu groß
hold-DiskGone = Datenträger weg
hold-DiskFailing = Datenträger gestört
hold-ByOperator = Vom Betreiber
hold-ByCustomer = Vom Kunden
hold-Interrupted = Unterbrochen
hold-StationSilent = Station stumm
hold-StationTrouble = Station gestört
hold-Retry = Neuer Versuch
hold-Other = Anderer Grund

## Wofür ein Auftrag angehalten ist, und was das behebt

held = Angehalten seit { $since }: { $what } { $remedy }
hold-sentence = { $what }.
hold-sentence-words = { $what }: { $words }.
hold-fact-BucketMissing = Ein Bucket des Auftrags existiert nicht
hold-fact-BucketMissing-named = Der Bucket „{ $bucket }“ existiert nicht
hold-fact-BucketRights = Dieses Konto darf einen Bucket des Auftrags nicht mehr verwenden
hold-fact-BucketRights-named = Dieses Konto darf den Bucket „{ $bucket }“ nicht mehr verwenden
hold-fact-StoreRefuses = Der Speicher lehnt die Dateien ab
hold-fact-StoreFull = Der Speicher ist voll
hold-fact-StoreSilent = Der Speicher antwortet nicht
hold-fact-ManifestFault = Diese Version kann das Manifest nicht lesen
hold-fact-PasswordNeeded = Der Datenträger ist verschlüsselt, und es kam noch kein Passwort, das ihn öffnet
hold-fact-PasswordWrong = Der Datenträger ist verschlüsselt, und das angegebene Passwort öffnet ihn nicht
hold-fact-SignatureMissing = Die Datei SIGNATURE fehlt
hold-fact-SignatureWrong = Die Datei SIGNATURE eines Datenträgers, der diesen Auftrag nennt, ist nicht die ausgestellte
hold-fact-FileSystemUnsupported = Der Datenträger hat kein lesbares Dateisystem
hold-fact-CapacityWrong = Die Größe des Datenträgers widerspricht deviceCapacityGreaterThan1TB
hold-fact-DeviceNotEmpty = Der Datenträger, der gefüllt werden soll, ist nicht leer
hold-fact-DeviceTooSmall = Auf dem Datenträger ist nicht Platz für alles, was darauf soll
hold-fact-Dirty = Der Datenträger wurde nicht sauber ausgeworfen; was zuletzt darauf geschrieben wurde, fehlt vielleicht
hold-fact-TooLarge = Auf dem Datenträger ist mehr, als dieses Konto mit einem Auftrag laden darf
hold-fact-DiskGone = Der Datenträger wurde abgezogen oder antwortet nicht
hold-fact-DiskFailing = Der Datenträger arbeitet nicht richtig
hold-fact-ByOperator = Der Betreiber hat ihn für eine Weile angehalten
hold-fact-ByCustomer = Sein Kunde hat ihn für eine Weile angehalten
hold-fact-Interrupted = Der Betreiber hat ihn unterbrochen
hold-fact-StationSilent = Die Station mit dem Datenträger gibt kein Lebenszeichen
hold-fact-StationTrouble = Die Station mit dem Datenträger ist selbst gestört
hold-fact-Retry = Die fehlgeschlagenen Dateien sind noch einmal zu versuchen
hold-fact-Other = Die Station konnte nicht weitermachen
remedy-create-bucket = Legen Sie ihn an, dann geht das Laden von selbst weiter.
remedy-bucket-rights = Bitten Sie den Betreiber um das Recht; das Laden geht von selbst weiter.
remedy-store = Sobald der Betreiber das behoben hat, geht das Laden von selbst weiter.
remedy-store-silent = Wenn der Betreiber das behoben hat, geht das Laden weiter, sobald der Datenträger wieder angeschlossen wird.
remedy-manifest = Senden Sie das Manifest mit UpdateJob neu, dann geht das Laden von selbst weiter.
remedy-password = Senden Sie das Passwort in der Konsole, mit `longshore job secret` oder, solange der Auftrag noch nicht begonnen ist (Pending), mit UpdateJob, oder geben Sie dem Betreiber die Schlüsseldatei. Steckt der Datenträger in einem Schacht, geht das Laden von selbst weiter, sonst sobald er wieder angeschlossen wird.
remedy-right-password = Senden Sie das richtige in der Konsole, mit `longshore job secret` oder, solange der Auftrag noch nicht begonnen ist (Pending), mit UpdateJob. Steckt der Datenträger in einem Schacht, geht das Laden von selbst weiter, sonst sobald er wieder angeschlossen wird.
remedy-ask = Fragen Sie den Betreiber, was sich tun lässt.
remedy-signature = Geben Sie dem Betreiber die SIGNATURE dieses Auftrags, die GetStatus zeigt; das Laden beginnt, sobald der Datenträger damit angeschlossen wird.
remedy-capacity = Berichtigen Sie das Manifest mit UpdateJob, solange der Auftrag aussteht, oder fragen Sie den Betreiber; das Laden geht weiter, sobald der Datenträger wieder angeschlossen wird.
remedy-operator = Das Laden geht weiter, sobald der Betreiber es zulässt.
remedy-customer = Lassen Sie ihn in der Konsole weitergehen; das Laden geht dann von selbst weiter, solange der Datenträger in einem Schacht ist, und sonst, wenn er wieder angeschlossen wird.
remedy-dirty = Sagen Sie in der Konsole, dass er geladen wird, wie er ist, oder lassen Sie es den Betreiber sagen; das Laden geht dann von selbst weiter, solange der Datenträger in einem Schacht ist, und sonst, wenn er wieder angeschlossen wird.
remedy-limit = Bitten Sie den Betreiber um eine höhere Grenze; das Laden geht von selbst weiter.
remedy-failing = Das Laden geht weiter, sobald der Datenträger wieder angeschlossen wird oder der Betreiber es zulässt, wie er ist.
remedy-dock-again = Das Laden geht weiter, sobald der Datenträger wieder angeschlossen wird.

## Titles of pages

manifest-of-job = Manifest von Auftrag { $job }
what-will-happen = Was geschehen wird
what-will-happen-with = Was mit Auftrag { $job } geschehen wird

## The bench, and a bay

what-is-known = Was bekannt ist
bay-port = Anschluss
bay-medium = Medium
device = Datenträger
bay-stands-still = Steht still wegen
bay-orders = Anweisungen der letzten zehn Minuten
bay-no-orders = Keine.
col-bay = Schacht
not-yet = noch nicht
bay-password = Passwort dieses Datenträgers eingeben
bay-password-means = Es wird einmal versucht und nicht aufbewahrt. Eines, das bleiben soll, gehört zum Auftrag.
bay-password-or = Passwort oder BitLocker-Wiederherstellungsschlüssel
bay-unlock = Entsperren und laden
bay-erase = Diesen Datenträger löschen
bay-erase-means = Gelöscht wird nur, was der Kunde freigegeben hat oder das Manifest bestimmt: Das prüft der Dienst, und von hier aus lässt es sich nicht umgehen. Es ist nicht rückgängig zu machen.
bay-serial-end = Die letzten vier Zeichen der Seriennummer
bay-erase-job = Datenträger von Auftrag { $job } löschen
bench-of = Schächte von { $station }
stations-all = Alle Stationen
bench-cards = Karten
bench-empty = Noch hat keine Station einen Schacht gemeldet. <code>longshore serve</code> mit <code>[station] bench = true</code>, oder <code>longshore station run</code> auf dem Rechner mit den Datenträgern, zeigt sie hier.
station-no-bays = Sie hat keine Schächte.
other-disks = Andere Datenträger, die sie sieht und nicht anrührt: { $count }
store-does-not-answer = Speicher { $store } antwortet seit { $since } nicht. Schächte, die auf ihn warten und von selbst weitermachen: { $bays }
some-store-does-not-answer = Ein Speicher antwortet seit { $since } nicht. Schächte, die auf ihn warten und von selbst weitermachen: { $bays }
serial-not-unique = Seriennummer nicht eindeutig
serial-none = ohne Seriennummer
station-is-by-hand = Datenträger werden dort von Hand angeschlossen
station-is-begins-nothing = beginnt nichts Neues
station-is-not-heard = meldet sich nicht
station-is-token-void = ihr Token ist ungültig
bay-told-by-silent = So war es am { $at }: seither hat sich die Station nicht gemeldet.
bay-told-by-revoked = So war es am { $at }: die Station ist gesperrt.
station-is-two-hosts = zwei Rechner tragen ihren Namen
station-is-unknown-state = ist in einem Zustand, den diese Version nicht kennt
last-heard-at = zuletzt gemeldet { $at }
never-heard = nie gemeldet
col-done = Fertig
col-left = Restzeit
col-failed = Fehlgeschlagen
col-says = Meldung
bay-is = Schacht { $bay } von { $station }: { $state }
bay-is-of-job = Das ist der Datenträger von Auftrag
bay-load = Laden
bytes-of = { $done } von { $found }
about-left = noch etwa { $span }
files-of = { $done } von { $found } Dateien
files-failed = { $failed } fehlgeschlagen
file-now = gerade <bdi>{ $file }</bdi>
waiting-for-you = Wartet auf Sie
waiting-nothing = Nichts wartet auf jemanden.
bay-empty = Leer
bay-seen = Erkannt
bay-looking = Wird geprüft
bay-unknown = Unbekannt
bay-not-ours = Nicht unserer
bay-nothing-to-load = Nichts zu laden
bay-held = Angehalten
bay-ready = Bereit
bay-queued = Eingereiht
bay-loading = Lädt
bay-reading-back = Prüft nach
bay-reporting = Berichtet
bay-erasing = Löscht
bay-done = Fertig
bay-safe-to-remove = Bitte entnehmen
bay-reconnecting = Verbindet neu
bay-pulled-out = Abgezogen
bay-waiting-for-store = Wartet auf Speicher
bay-stopped = Gestoppt
bay-failed = Gescheitert
bay-failing = Datenträger fällt aus
failing-says-so = Der Datenträger sagt es selbst (SMART).
failing-ranges = { $ranges ->
    [one] Ein Bereich des Datenträgers ist nicht lesbar.
   *[other] { $ranges } Bereiche des Datenträgers sind nicht lesbar.
}
failing-both = { $ranges ->
    [one] Der Datenträger sagt es selbst (SMART), und ein Bereich ist nicht lesbar.
   *[other] Der Datenträger sagt es selbst (SMART), und { $ranges } Bereiche sind nicht lesbar.
}
bay-other = Anderes
bay-told-empty = Nichts ist eingesteckt.
bay-told-seen = Ein Datenträger wurde eingesteckt.
bay-told-looking = Es wird festgestellt, zu wem er gehört.
bay-told-unknown = Zu welchem Auftrag er gehört, ist nicht bekannt.
bay-told-not-ours = Er gehört zu keinem Auftrag dieses Dienstes.
bay-told-nothing-to-load = Von ihm ist nichts zu laden.
bay-told-held = Er wartet, bis etwas behoben ist.
bay-told-ready = Er kann jetzt geladen werden.
bay-told-queued = Er wird geladen, sobald Platz ist.
bay-told-loading = Seine Dateien werden übertragen.
bay-told-reading-back = Das Gespeicherte wird verglichen.
bay-told-reporting = Der Bericht wird geschrieben.
bay-told-erasing = Er wird gelöscht.
bay-told-done = Mit ihm ist alles erledigt.
bay-told-safe-to-remove = Er darf entnommen werden.
bay-told-reconnecting = Die Verbindung ging verloren und wird neu gesucht.
bay-told-pulled-out = Er wurde abgezogen, bevor er fertig war.
bay-told-waiting-for-store = Der Speicher antwortet nicht; danach geht es weiter.
bay-told-stopped = Er wurde gestoppt; es kann weitergehen.
bay-told-failed = Es ging nicht weiter.
bay-told-other = Was ist, sagt seine Station.
bay-do-load-now = Jetzt laden
bay-do-make-safe = Zum Entnehmen bereit machen
bay-do-again = Erneut versuchen
bay-do-look = Erneut prüfen
bay-do-stop = Stoppen
bay-do-blink = Blinken
verb-look = prüfen
verb-load = laden
verb-stop = stoppen
verb-remove = entnehmen
verb-blink = blinken
verb-erase = löschen
verb-unlock = entsperren
verb-other = anderes

## Figures, drawn and as tables

rate-last-hour = Datenrate der letzten Stunde
rate-peak = höchstens { $peak }
rate-peak-and-average = höchstens { $peak }, im Mittel { $average }
rate-about = Von { $from } bis { $until }, { $summary }. Die Zahlen stehen in der Tabelle.
as-table = Als Tabelle zeigen
col-sent = Gesendet
map-device = Der Datenträger
map-bytes = { $bytes }, vom ersten Byte bis zum letzten
map-title = Was vom Datenträger lesbar war
map-about = { $read } von { $bytes } wurden gelesen, { $count } Stellen nicht. Sie stehen in der Tabelle.
map-read = gelesen { $bytes }
map-again = davon erst beim erneuten Versuch { $bytes }
map-bad = defekt { $bytes }
map-failed = fehlgeschlagen { $bytes }
map-untried = nicht versucht { $bytes }
map-not-read = Was nicht gelesen wurde
strip-about = Was vom Datenträger mit { $bytes } bisher gelesen wurde, vom ersten Byte bis zum letzten
strip-read = gelesen
strip-again = erst beim erneuten Versuch gelesen
strip-bad = defekt
map-first = Das sind die ersten von { $count }; die Karte neben dem Bericht hat alle.
col-first-byte = Erstes Byte
col-bytes = Bytes
stretch-read = gelesen
stretch-untried = nicht versucht
stretch-failed = fehlgeschlagen, nicht bis zum Ende versucht
stretch-bad = defekt

## A job

job-of = { $type } von <bdi>{ $customer }</bdi>
overdue = überfällig
hold-overdue = Überfällig: Das hat in der dafür vorgesehenen Zeit niemand behoben.
on-hold-for = Angehalten: { $cause }
since = seit { $at }
hold-mended = Behoben: weitermachen lassen
job-password = Das Passwort, das Ihnen der Kunde gesagt hat und das beim Auftrag bleiben soll
job-password-means = Es wird versiegelt aufbewahrt und nie wieder gezeigt. Eines, das nicht bleiben soll, geben Sie auf der Seite des Schachts ein.
job-password-keep = Aufbewahren und versuchen
device-id = Gerätekennung
location = Ort
errors = { $count ->
    [one] 1 Fehler
   *[other] { $count } Fehler
}
not-to-be-erased = Nicht zu löschen
parcel = Paket
report = Bericht
packing-slip = Packzettel
signature-sheet = Signaturblatt
shelf-tag = Regalschild
receipt = Beleg
receipt-as-pdf = Beleg als PDF
job-device-here = Der Datenträger ist da
job-hold = Anhalten
why-for-customer = Warum, in Worten, die der Kunde liest
job-hold-it = Auftrag anhalten
job-reopen = Für das Fehlgeschlagene wieder öffnen
job-return = Datenträger zurücksenden
tracking-number = Sendungsnummer
why-unerased = Warum er ungelöscht geht, falls er zu löschen war
who-answers = Wer das verantwortet
book-returned = Als zurückgesandt buchen
job-object = Dem Löschen widersprechen
object = Widersprechen
withdraw = Widerspruch zurücknehmen
job-finish = Ohne das Ungeladene beenden
job-finish-it = Mit dem Geladenen beenden
job-give-up = Aufgeben
job-give-up-it = Auftrag aufgeben
job-abort = Abbrechen
job-abort-as = Der Kunde sieht es als
job-abort-it = Auftrag von <bdi>{ $customer }</bdi> abbrechen
job-release = Datenträger zum Löschen freigeben
job-release-why = Auf wessen Wort, und warum
job-release-it = Freigeben
col-why = Warum
history-later = Das Verwahrungsprotokoll beginnt später als dieser Auftrag.
history-none = Hier ist nichts vermerkt.
how-far = Wie weit er ist
job-moved-on = Der Auftrag ist weiter: alles ansehen
standing = { $place } { $work }
place-not-received = Der Datenträger ist noch nicht eingetroffen.
place-returned = Der Datenträger wurde zurückgesandt.
place-station = Der Datenträger ist bei { $station }.
place-arrived = Der Datenträger ist eingetroffen.
work-pending = Noch wurde nichts übertragen.
work-at-it = { $station } arbeitet daran.
work-nobody = Er wurde begonnen, und niemand arbeitet daran.
work-complete = Alles wurde ohne Fehler übertragen.
work-with-errors = { $errors ->
    [one] 1 Eintrag wurde nicht ganz übertragen, alle anderen schon.
   *[other] { $errors } Einträge wurden nicht ganz übertragen, alle anderen schon.
}
work-canceled = Der Kunde hat ihn storniert.
work-expired = Er ist abgelaufen: Der Datenträger kam nicht rechtzeitig.
work-ended = Er endete mit: { $code }.
manifest = Manifest
manifest-notes = { $count ->
    [one] Manifest: 1 Hinweis
   *[other] Manifest: { $count } Hinweise
}

## What came of a job

what-came-of-it = Was herauskam
report-being-read = Der Bericht ist lang und wird gerade gelesen.
report-lost = Der Bericht ist nicht lesbar: Sein Bucket gibt ihn nicht heraus.
look-again = Noch einmal nachsehen
transferred = Übertragen
files-and-bytes = { $files ->
    [one] 1 Datei
   *[other] { $files } Dateien
}, { $bytes }
of-which-sent = , davon { $bytes } gesendet
read-back = Zurückgelesen
files = { $count ->
    [one] 1 Datei
   *[other] { $count } Dateien
}
left-out = Ausgelassen
by-rules = { $count } nach den Regeln des Manifests
and-in-part = , und { $count } teilweise
rate-average = im Mittel { $rate }
failed-by-code = Fehlgeschlagen, nach Code
col-code = Code
col-status = Status
col-files = Dateien
other-codes = andere Codes
failed-first = Die ersten { $shown } von { $failed } fehlgeschlagenen Dateien
failed-all = Alle fehlgeschlagenen Dateien
failed-files = Fehlgeschlagene Dateien
report-has-all = Der Bericht hat sie alle.
col-file = Datei
col-size = Größe
col-key = Schlüssel

## Lists of jobs

your-jobs = Ihre Aufträge
search = Suche
search-what = Auftrag, Gerät, Seriennummer, Paket
any = alle
account = Konto
on-hold = angehalten
show = Zeigen
jobs-none = Kein Auftrag passt dazu.
jobs-older = Ältere Aufträge
col-type = Art
col-device-where = Wo der Datenträger ist
col-on-hold-for = Angehalten wegen

## A customer's own job

own-as-it-is = Laden, wie er ist
own-as-it-is-means = Werfen Sie einen Datenträger an Ihrem Rechner aus, bevor Sie ihn schicken: Dann ist alles darauf, was Sie geschrieben haben.
own-resume = Weitergehen lassen
own-hold = Warten lassen
own-hold-means = Nichts mehr wird geladen, bis Sie ihn weitergehen lassen. Was geladen ist, bleibt.
own-hold-why = Warum (Sie müssen nichts sagen)
own-hold-it = Auftrag { $job } warten lassen
own-password = Das Passwort des Datenträgers oder sein BitLocker-Wiederherstellungsschlüssel
own-password-means = Es wird versiegelt aufbewahrt, nur der Station mit dem Datenträger mitgeteilt und nie wieder gezeigt.
send-it = Senden
manifest-mend = Manifest berichtigen
what-to-do = Was jetzt zu tun ist
step-sheet = Drucken Sie das <a href="/jobs/{ $job }/signature-sheet.pdf">Signaturblatt</a> und legen Sie es zum Datenträger: Von ihm wird ein Abbild genommen, er trägt also keine Datei.
step-signature = Legen Sie die Datei <a href="/jobs/{ $job }/SIGNATURE" download>SIGNATURE</a> unter diesem Namen in das oberste Verzeichnis des Datenträgers.
step-slip = Drucken Sie den <a href="/jobs/{ $job }/packing-slip.pdf">Packzettel</a> und legen Sie ihn ins Paket.
step-label = Kleben Sie das <a href="/jobs/{ $job }/shipping-label.pdf">Versandetikett</a> darauf und senden Sie es an:
manifest-change = Manifest ändern
job-another = Noch einen solchen anlegen
in-the-bucket = <bdi>{ $key }</bdi> im Bucket <bdi>{ $bucket }</bdi>
may-be-erased = Der Datenträger darf gelöscht werden
give-up-lines = Zeilen des Berichts, die nicht ganz gespeichert wurden und auf die Sie verzichten: { $count }. Geben Sie die Zahl ein.
word-for-receipt = Ein Wort für den Beleg, wenn Sie mögen
release-for-erasing = Zum Löschen freigeben
may-not-be-erased = Der Datenträger darf nicht gelöscht werden
is-encrypted = Der Datenträger ist verschlüsselt
job-cancel = Auftrag stornieren
job-cancel-means = Der Datenträger wird dann nicht geladen, und seine SIGNATURE gilt nicht mehr. Ein stornierter Auftrag bleibt storniert.
job-cancel-it = Auftrag { $job } stornieren
sentences = { $all }
told-pending = Der Auftrag hat noch nicht begonnen.
told-in-progress = Die Daten Ihres Datenträgers werden gerade geladen.
told-complete = Die Daten wurden fehlerfrei geladen. Der Bericht liegt als { $key } im Bucket { $bucket }.
told-with-errors = Die Daten wurden mit { $errors } Fehlern geladen. Näheres steht in { $key } im Bucket { $bucket }.
told-canceled = Der Auftrag wurde storniert.
told-expired = Der Auftrag ist abgelaufen.
aborted-DeviceError = Der Auftrag wurde abgebrochen. Ihr Datenträger arbeitet nicht richtig.
aborted-InvalidSignature = Der Auftrag wurde abgebrochen. Die Datei SIGNATURE war ungültig.
aborted-MissingSignature = Der Auftrag wurde abgebrochen. Die Datei SIGNATURE fehlte.
aborted-MissingDevice = Der Auftrag wurde abgebrochen. Datenträger, Netzteil oder Anschlüsse fehlten.
aborted-UnsupportedDeviceType = Der Auftrag wurde abgebrochen. Nötig ist ein Anschluss mit USB 2 oder eSATA, oder eine SATA-Platte mit 2,5 oder 3,5 Zoll.
aborted-UnsupportedFileFormat = Der Auftrag wurde abgebrochen. Das Dateisystem Ihres Datenträgers wird nicht unterstützt.
aborted-UnsupportedPowerSupply = Der Auftrag wurde abgebrochen. Das Netzteil Ihres Datenträgers passt nicht an unser Stromnetz.
mended = Seit { $since } nicht mehr angehalten. Das Laden geht weiter, sobald eine Station den Datenträger wieder aufnimmt.
stopped = Gestoppt am { $at }: { $what } { $remedy }
device-released = { $lines ->
    [0] Ihr Datenträger ist seit { $at } zum Löschen freigegeben.
    [one] Ihr Datenträger ist seit { $at } zum Löschen freigegeben; auf 1 Zeile des Berichts wird verzichtet.
   *[other] Ihr Datenträger ist seit { $at } zum Löschen freigegeben; auf { $lines } Zeilen des Berichts wird verzichtet.
}
device-erasing = Ihr Datenträger wird seit { $since } gelöscht.
device-erased = Ihr Datenträger wurde am { $at } gelöscht ({ $method }).
device-erase-failed = Ihr Datenträger konnte nicht gelöscht werden: Das endete am { $at }. Er bleibt hier, bis er zerstört wird oder ein Löschen gelingt.
device-destroyed = Ihr Datenträger wurde zerstört, wie am { $at } gemeldet: { $reason }
device-objected = Ihr Datenträger wird nicht gelöscht: Sie widersprechen seit { $at }.
device-waits-for-lines = Ihr Datenträger soll vor der Rückgabe gelöscht werden: Er wartet, bis Sie ihn freigeben und auf die fehlgeschlagenen Zeilen des Berichts verzichten.
device-waits-for-release = Ihr Datenträger soll vor der Rückgabe gelöscht werden: Er wartet, bis Sie ihn freigeben.
device-erased-from = Ihr Datenträger soll vor der Rückgabe gelöscht werden, ab { $from }: Bis dahin können Sie widersprechen.
device-to-be-erased = Ihr Datenträger soll vor der Rückgabe gelöscht werden.
custody-not-received = Ihr Datenträger ist noch nicht eingetroffen.
custody-here = Ihr Datenträger ist hier.
custody-returned = Ihr Datenträger wurde zurückgesandt. Die Sendungsnummer bei { $carrier } ist { $number }.
disposal-Kept = Unverändert
disposal-Released = Freigegeben
disposal-Erasing = Wird gelöscht
disposal-Erased = Gelöscht
disposal-EraseFailed = Löschen gescheitert
disposal-Destroyed = Zerstört

## A new job

new-import = Import: Dateien eines Datenträgers werden Objekte
new-export = Export: Objekte werden Dateien auf einem Datenträger
not-said = ohne Angabe
yes = ja
manifest-good = Das Manifest ist in Ordnung.
manifest-faults = { $count ->
    [one] Eines ist zu berichtigen:
   *[other] { $count } Dinge sind zu berichtigen:
}
line = Zeile { $line }:
new-how = Füllen Sie das Formular aus, oder schreiben Sie das Manifest: Eines ändert das andere.
manifest-what = dasselbe in den Worten von AWS Import/Export; was kein Feld hat, wird hier geschrieben
manifest-send = Manifest senden
job-make = Auftrag anlegen
check = Prüfen
not-checked = Nicht geprüft: Der Dienst antwortet nicht.
bucket = Bucket
group-files-go = Wohin die Dateien kommen
group-device = Der Datenträger
group-how = Was geladen wird, und wie
group-onto = Was auf den Datenträger kommt
group-back = Wohin der Datenträger zurückgeht
group-report = Bericht, und wer benachrichtigt wird
write-erase = Vor der Rückgabe löschen
write-prefix = Präfix aller Schlüssel
write-ignore = Pfade auslassen, in denen eines davon vorkommt
write-content-type = Inhaltstyp, wo kein anderer bekannt ist
write-acl = Wer die Objekte lesen darf
write-storage-class = Speicherklasse
write-unreadable = Eine Datei, die nur teilweise lesbar ist
write-only-prefix = Nur Schlüssel, die beginnen mit
write-file-system = Dateisystem
write-company = Firma
write-street = Straße
write-street2 = Straße, zweite Zeile
write-city = Ort
write-state = Bundesland oder Provinz
write-postal-code = Postleitzahl
write-country = Land
write-phone = Telefon
write-log-bucket = Bucket des Berichts
write-log-prefix = Präfix seines Schlüssels
write-mail = Wer per Mail benachrichtigt wird
write-device-id-hint = Was auf dem Datenträger steht, etwa die Seriennummer.
write-prefix-hint = Dazwischen kommt nichts: Enden Sie mit einem Schrägstrich.
write-ignore-hint = Ein regulärer Ausdruck je Zeile.
write-mail-hint = Adressen, durch Kommas getrennt.

## What will happen

foresee-of-job = Nach dem Manifest von <a href="/jobs/{ $job }">Auftrag { $job }</a>.
foresee-of-draft = Nach dem Manifest, wie Sie es geschrieben haben. Angelegt wird nichts.
foresee-files = Dateien des Datenträgers
foresee-files-how = ein Pfad je Zeile; mit Größen: <code>{ $find }</code>, wo der Datenträger eingehängt ist, oder JSON-Zeilen mit <code>path</code> und <code>bytes</code>
foresee-rate = Megabyte je Sekunde
foresee-list = oder eine Datei mit der Liste
foresee-look = Ansehen
foresee-back = Zurück zum Manifest
foresee-sum = { $files ->
    [one] 1 Datei
   *[other] { $files } Dateien
}, { $bytes }
foresee-rest = { $ignored } ausgelassen, { $failed } nicht ladbar.
foresee-without-size = Von { $files ->
    [one] 1 Datei
   *[other] { $files } Dateien
} sagt die Liste die Größe nicht.
foresee-takes = Es dauert { $times }; viele kleine Dateien dauern länger.
time-at-rate = { $time } bei { $rate } MB/s
foresee-replaced = Was der Bucket unter diesen Schlüsseln hat, wird ersetzt. Ob der Speicher einen Schlüssel ablehnt oder für einen anderen hält, zeigt sich beim Laden.
foresee-failed = Nicht ladbar
foresee-one-key = Von mehreren Dateien mit demselben Schlüssel wird eine geladen. Welche, entscheidet die Reihenfolge auf dem Datenträger.
first-are-shown = Die ersten { $count } sind gezeigt.
foresee-loaded = Geladen
foresee-imports-only = Das lässt sich nur für Importe von Dateien sagen.
foresee-faulty = Das Manifest ist noch nicht verwendbar: { $faults }.
ignored-signature = die Datei SIGNATURE
ignored-manifest = `ignore` des Manifests
ignored-link = ein symbolischer Link
ignored-special = ein Gerät, Socket oder eine Pipe
ignored-empty = ein leerer Ordner
ignored-volume = ein Volume
ignored-gone = nicht mehr da

## What happened to a job

nothing = { "" }
plain = { $words }
who = { $who }{ $station }{ $bay }
who-station = Station { $station }
who-service = der Dienst
who-user = Benutzer { $user } von Konto { $account }
who-account = Konto { $account }
who-at-station = , an Station { $station }
who-at-bay = , Schacht { $bay }
history-because = : { $words }
history-announced = Der Auftrag wurde angelegt{ $device }{ $erase }.
history-for-device = { " " }für das Gerät { $words }
history-to-be-erased = , das vor der Rückgabe gelöscht werden soll
history-updated = Der Kunde hat das Manifest ersetzt.
history-canceled = Der Auftrag wurde storniert{ $why }.
history-expired = Der Datenträger kam nicht rechtzeitig.
history-received = Der Datenträger kam an{ $carrier }{ $number }{ $condition }{ $seal }.
history-by-carrier = { " " }mit { $words }
history-number = , Nummer { $words }
history-seal = , Siegel { $words }
parcel-intact = , unversehrt
parcel-damaged = , beschädigt
parcel-opened = , von jemandem geöffnet
parcel-wet = , nass
history-opened = Das Paket wurde ausgepackt. Darin: { $found }{ $seal }.
found-device = der Datenträger
found-power-supply = sein Netzteil
found-cable = ein Kabel
found-slip = sein Packzettel
found-nothing = nichts vom Datenträger
history-seal-whole = ; das Siegel war heil
history-seal-broken = ; das Siegel war gebrochen
history-photographed = Ein Bild { $of } wurde aufgenommen: { $name }.
picture-parcel = des Pakets
picture-label = des Etiketts
picture-seal = des Siegels
picture-device = des Datenträgers
picture-damage = des Schadens
history-identified = Eine Station sah { $device }{ $serial }{ $size }{ $signature }.
history-a-device = einen Datenträger
history-serial = , Seriennummer { $words }
history-size = , { $bytes }
history-signature-valid = ; seine SIGNATURE ist die ausgestellte
history-signature-missing = ; er hat keine SIGNATURE
history-signature-invalid = ; seine SIGNATURE ist nicht die ausgestellte
history-docked = Eine Station nahm den Datenträger auf{ $protected }.
history-undocked = Die Station gab den Datenträger frei{ $protected }.
history-protected = , gegen jedes Schreiben gesperrt
history-not-protected = , nicht gegen Schreiben gesperrt
history-unlocked = Volume { $volume } des Datenträgers wurde entsperrt ({ $method }{ $key }).
history-key = , Schlüssel { $words }
history-encrypted-made = Der Datenträger wurde mit { $method }{ $key } verschlüsselt. Das Passwort des Manifests öffnet ihn.
history-encrypted-found = Der Datenträger ist mit { $method }{ $key } verschlüsselt. Das Passwort des Manifests öffnet ihn.
history-encrypted-told = Der Datenträger wurde hier nicht verschlüsselt. Wer ihn angeschlossen hat, sagt, was es sonst tut: { $words }.
history-examined = { $verdict }.
history-examined-facts = { $verdict }: { $facts }.
history-sound = Der Datenträger meldet sich gesund
history-failing = Der Datenträger meldet, dass er versagt
history-asked-how-it-is = Der Datenträger wurde nach seinem Zustand gefragt
health-hours = { $count } Betriebsstunden
health-reallocated = { $count } Sektoren ersetzt
health-pending = { $count } Sektoren nicht lesbar
health-uncorrectable = { $count } Fehler nicht behoben
health-interface = { $count } Schnittstellenfehler
health-used = { $count } Prozent seiner Lebensdauer verbraucht
health-hidden = { $count } Sektoren verborgen
health-heat = { $degrees } °C
history-probed-off = Der Speicher wurde geprüft: Was er nachweislich prüft, gilt auf sein Wort.
history-probed-sampled = Der Speicher wurde geprüft: Eine Stichprobe wird zurückgelesen.
history-probed-full = Der Speicher wurde geprüft: Alles Gespeicherte wird zurückgelesen.
history-planned = Der ganze Datenträger wurde durchgesehen: { $entries } Einträge, { $bytes }.
history-began = Die Übertragung begann.
history-began-again = Die Übertragung begann von Neuem, Versuch { $number }.
history-interrupted = Die Übertragung hielt vor dem Ende an: { $cause }.
history-loaded = Der Datenträger ist geladen
history-filled = Der Datenträger ist gefüllt
history-finished = { $what }, { $errors }.
history-finished-tally = { $what }: { $stored } gespeichert, { $bytes }, { $errors }.
history-errors = { $errors ->
    [0] ohne Fehler
    [one] mit 1 Fehler
   *[other] mit { $errors } Fehlern
}
history-aborted = Der Auftrag wurde aufgegeben ({ $cause }){ $why }.
history-reported = Der Bericht liegt im Bucket für Berichte: { $files }.
history-verified = { $what } mit dem Bericht verglichen{ $share }: { $found }.
verified-bucket = Die Objekte im Bucket wurden
verified-device = Die Dateien des Datenträgers wurden
verified-share = { " " }(ein Anteil von { $percent } Prozent)
verified-found = { $differences ->
    [0] kein Unterschied
    [one] 1 Unterschied
   *[other] { $differences } Unterschiede
}
history-held = Der Auftrag ist angehalten, bis etwas behoben ist: { $cause }.
history-resumed = Der Auftrag geht weiter: { $cause }.
history-released = Der Datenträger wurde zum Löschen freigegeben{ $by }{ $lines }{ $why }.
released-by-manifest = { " " }durch das Manifest
released-by-rule = { " " }durch die Regel der Installation
released-lines = { $lines ->
    [one] { "" }, und auf 1 Zeile des Berichts wurde verzichtet
   *[other] { "" }, und auf { $lines } Zeilen des Berichts wurde verzichtet
}
history-objected = Der Kunde hat dem Löschen widersprochen: { $words }.
history-withdrawn = Der Kunde hat den Widerspruch zurückgenommen{ $why }.
history-erase-started = Das Löschen des Datenträgers begann: { $technique }{ $confirmed }.
history-confirmed = , bestätigt von { $names }
technique-zeros = Nullen über jeden sichtbaren Block
technique-stream = ein verschlüsselter Strom über jeden sichtbaren Block, zurückgelesen, dann Nullen
history-erased = Der Datenträger wurde gelöscht ({ $method }) durch { $technique }{ $confirmed }; { $read }; das Urteil ist „{ $verdict }“.
erased-not-read = danach wurde nichts gelesen
erased-read-all = danach wurde alles gelesen
erased-read-places = danach wurden { $places } Stellen gelesen
history-erase-failed = Der Datenträger konnte nicht gelöscht werden: { $why }.
history-destroyed = Der Datenträger wurde zerstört: { $reason } (verantwortlich: { $authority }).
history-unerased = Der Datenträger geht zurück, wie er ist, obwohl er zu löschen war: { $reason } (verantwortlich: { $authority }).
history-sealed = Der Datenträger wurde verpackt, Siegel { $seal }{ $box }.
history-box = , Karton { $words }
history-handed-over = Der Datenträger wurde { $carrier } übergeben, Nummer { $number }.
history-corrected = Was Ereignis { $event } sagt, ist berichtigt: { $says } ({ $reason }).
history-closed = Es kommt nichts mehr.
history-secret-destroyed = Was den Datenträger von Auftrag { $job } öffnet, wurde vernichtet.
history-of-installation = Etwas geschah mit der Installation.

## Passkeys, and one's own sessions

you = Sie
passkeys = Passkeys
passkeys-none = Sie haben keinen: Jedes Mal meldet Sie ein Link an. Mit einem Passkey, auf diesem Gerät oder auf einem Schlüssel, den Sie bei sich tragen, melden Sie sich selbst an, und was sich nicht zurücknehmen lässt, verlangt seine Berührung.
passkeys-not-here = Passkeys sind für Personen mit einem Namen: Wer am Server selbst sitzt, kommt mit einem Link herein. Legen Sie sich unter <a href="/people">Personen</a> an, um einen zu haben.
passkey-site = Für
passkey-used = Zuletzt benutzt
passkey-copied = Es gibt vielleicht eine Kopie davon: Er meldet niemanden mehr an. Entfernen Sie ihn, und finden Sie heraus, wo die Kopie ist.
passkey-remove-means = Sofort: Wer sich damit angemeldet hat, ist abgemeldet, Sie auch.
passkey-name = Wie Sie ihn nennen
passkey-add = Passkey hinzufügen
passkey-sign-in = Mit einem Passkey anmelden
passkey-cannot = Dieser Browser hat keine Passkeys.
passkey-not-added = Nichts wurde hinzugefügt:
passkey-not-in = Sie sind nicht angemeldet:
passkey-wait = Der Browser fragt Sie …
passkey-takes-script = Für einen Passkey braucht es ein Skript.
remove = Entfernen
remove-it = <bdi>{ $name }</bdi> entfernen
no-passkeys-insecure = Hier gibt es keine Passkeys: Browser haben sie für Seiten, die über HTTPS kommen oder von localhost. Links melden Sie an.
no-passkeys-nameless = Hier gibt es keine Passkeys: Browser haben sie für Adressen mit einem Namen, nicht mit einer Nummer. Links melden Sie an.
no-passkeys-this-host = Hier gibt es keine Passkeys: Browser haben sie für Adressen mit einem Namen, nicht mit einer Nummer. Öffnen Sie stattdessen { $url }.
no-passkeys-elsewhere = Hier gibt es keine Passkeys: Die dieser Konsole sind für { $url }.
touch-title = Berühren Sie Ihren Passkey
touch-why = Was Sie tun wollen, lässt sich nicht zurücknehmen. Es verlangt einen Ihrer Passkeys, innerhalb von fünf Minuten berührt. Dann geschieht es.
touch-do = Berühren und tun
touch-not = Nichts tun
touch-failed = Nichts ist geschehen:
touch-elsewhere = Nichts ist geschehen: Es verlangt die Berührung eines Passkeys, und Ihre sind für { $sites }, wo Sie nicht sind.
touch-elsewhere-hint = Öffnen Sie die Konsole dort. Wer die Personen verwaltet, kann einen verlorenen Passkey entfernen: `longshore console forget`.
sessions-own = Wo Sie angemeldet sind
sessions-end-others = Überall sonst abmelden
session-by = Mit
session-by-passkey = einem Passkey
session-by-link = einem Link
session-end = { $number } abmelden

## Users and groups of an account

account-users = Benutzer und Gruppen von <bdi>{ $account }</bdi>
accounts-all = Alle Konten
users = Benutzer
users-of = Benutzer und Gruppen von { $account }
users-may = Schlüssel des Kontos selbst dürfen alles, was das Konto darf. Ein Benutzer darf, was Richtlinien erlauben: seine eigenen und die seiner Gruppen.
user-new = Neuer Benutzer
user-name = Name des Benutzers
user-make = Benutzer anlegen
user-title = Benutzer { $name }
user-keys = Schlüssel
user-without-keys = Keine: Der Benutzer kann nichts verlangen.
user-in-no-group = In keiner. In eine Gruppe kommt man auf ihrer Seite.
user-leaves = Aus <bdi>{ $name }</bdi> nehmen
user-delete-means = Endgültig: Die Schlüssel werden entzogen, und ein anderer Benutzer dieses Namens ist ein anderer.
groups = Gruppen
group-new = Neue Gruppe
group-name = Name der Gruppe
group-make = Gruppe anlegen
group-title = Gruppe { $name }
group-users = Benutzer darin
group-another-user = Weiterer Benutzer
group-put-in = In die Gruppe nehmen
group-takes-out = <bdi>{ $name }</bdi> herausnehmen
group-delete-means = Endgültig: Wer darin ist, verliert ihre Richtlinien.
identity-account = Konto
identity-id = Kennung
identity-delete = Löschen
identity-delete-it = <bdi>{ $name }</bdi> löschen
policies = Richtlinien
policies-none-of-user = Keine eigene: Ohne eine, hier oder in einer Gruppe, ist nichts erlaubt.
policy-ready = fertig
policy-take = <bdi>{ $policy }</bdi> wegnehmen
policy-write = Richtlinie schreiben
policy-name = Wie sie heißt
policy-says = Was sie sagt, in der Sprache von AWS IAM
policy-give = Richtlinie geben
policy-give-ready = Eine fertige geben
policy-which = Welche
policy-give-it = Geben
policy-faults = { $count ->
    [one] Nichts wurde geändert: Eins ist zu berichtigen.
   *[other] Nichts wurde geändert: { $count } Dinge sind zu berichtigen.
}
key-once = Das Geheimnis eines neuen Schlüssels wird einmal gezeigt.
simulate = Was eine Anfrage zur Antwort bekäme
simulate-action = Aktion
simulate-resource = Ressource
simulate-address = Von der Adresse
simulate-tls = mit TLS
simulate-ask = Fragen
simulate-by = durch Anweisung { $statement } von { $policy }.
simulate-by-none = weil keine Anweisung davon handelt.
