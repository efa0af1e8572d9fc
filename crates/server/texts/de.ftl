# Was die Konsole auf Deutsch sagt. Auftrag: job. Datenträger: device. Schacht: bay. Halt: hold. Kunde: customer.
# Beleg: receipt. Bericht: report. Packzettel: packing slip. Signaturblatt: signature sheet. Schachtschild: bay tag.

## Zahlen, Dauern und Zeiten

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

## Spalten, und Namen von Angaben

col-act = Aktion
col-added = Hinzugefügt
col-revoked = Gesperrt
col-role = Rolle
col-who = Wer
col-number = Nummer
col-from = Von
col-since = Seit
rate = Tempo
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
count-devices-in = Datenträger ein
count-loaded = Geladen
count-failed = Mit Fehlern
count-stopped = Angehalten
count-devices-out = Datenträger aus
count-parcels-out = Pakete aus
count-held = Noch angehalten
count-shelved = Zurückzusenden
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
scan-await = Schacht { $bay } von { $station }: Scannen Sie das Signaturblatt oder den Packzettel dazu, oder eine Befehlskarte.
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
hold-DiskGone = Datenträger weg
hold-DiskFailing = Datenträger gestört
hold-ByOperator = Vom Betreiber angehalten
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
hold-fact-DiskGone = Der Datenträger wurde abgezogen oder antwortet nicht
hold-fact-DiskFailing = Der Datenträger arbeitet nicht richtig
hold-fact-ByOperator = Der Betreiber hat ihn für eine Weile angehalten
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
remedy-password = Senden Sie das Passwort in der Konsole oder mit `longshore job secret`, oder geben Sie dem Betreiber die Schlüsseldatei. Steckt der Datenträger in einem Schacht, geht das Laden von selbst weiter, sonst sobald er wieder angeschlossen wird.
remedy-right-password = Senden Sie das richtige in der Konsole oder mit `longshore job secret`. Steckt der Datenträger in einem Schacht, geht das Laden von selbst weiter, sonst sobald er wieder angeschlossen wird.
remedy-ask = Fragen Sie den Betreiber, was sich tun lässt.
remedy-signature = Geben Sie dem Betreiber die SIGNATURE dieses Auftrags, die GetStatus zeigt; das Laden beginnt, sobald der Datenträger damit angeschlossen wird.
remedy-capacity = Berichtigen Sie das Manifest mit UpdateJob, solange der Auftrag aussteht, oder fragen Sie den Betreiber; das Laden geht weiter, sobald der Datenträger wieder angeschlossen wird.
remedy-operator = Das Laden geht weiter, sobald der Betreiber es zulässt.
remedy-dock-again = Das Laden geht weiter, sobald der Datenträger wieder angeschlossen wird.

## Titles

manifest-of-job = Manifest von Auftrag { $job }
what-will-happen = Was geschehen wird
what-will-happen-with = Was mit Auftrag { $job } geschehen wird

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
