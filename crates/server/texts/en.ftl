# What the console says in English. Each language has a file like this one, with the same names; a test says what lacks.
#
# Of a text with elements the values are made harmless; elements are the same in every language.
# API, command line, reports and what stations say are English, and are not here, but for what is known by a code.

## Numbers, spans and times

span-seconds = { $count } s
span-minutes = { $count } min
span-hours = { $hours } h
span-hours-minutes = { $hours } h { $minutes } min
span-days = { $count } days
moment = { $day } { $time } UTC
day = { $year }-{ $month }-{ $day }

## The frame of all pages

to-the-content = To the content
pages = Pages
languages = Language
jobs = Jobs
new-job = New job
bench = Bench
parcels = Parcels
today = Today
stations = Stations
stores = Stores
accounts = Accounts
people = People
audit = Audit
help = Help
sign-out = Sign out
scan = Scan
scan-what = slip, sheet, bay or parcel
scan-go = Go
not-live = Not live since { $since }: what this page shows is old.
waiting-title = ({ $count } waiting) { $title }
at-the-host = at the host
user-of-account = { $user } of { $account }
table = Table
back = Back
none = none
no = no
never = never
done = done
not-known = not known
there-is-none = There is none.
page-first = First page
as-csv = As CSV
as-json = As JSON
what-can-be-done = What can be done
revoke = Revoke
revoke-it = Revoke <bdi>{ $name }</bdi>
rate = Rate

## Heads of columns, and names of facts

col-act = Act
col-added = Added
col-revoked = Revoked
col-role = Role
col-who = Who
col-number = Number
col-from = From
col-since = Since
col-until = Until
col-last-seen = Last seen
col-access-key = Key
col-made = Made
col-when = When
col-did = Did
col-to = To
col-said = Said
col-came-of-it = Came of it
col-carrier = Carrier
col-note = Note
col-way = Way
col-station = Station
col-state = State
col-last-heard = Last heard
col-release = Release
col-clock-ahead = Clock ahead
col-bays = Bays
col-at-work = At work
col-waiting = Waiting
col-store = Store
col-endpoint = Endpoint
col-answers = Answers
col-jobs-on-hold = Jobs on hold
col-buckets = Buckets
col-ask-it = Ask it
col-devices = Devices
col-requests = Requests a second
col-job = Job
col-customer = Customer
col-serial = Serial number
col-progress = Progress
col-what = What
col-last = Last
col-where = Where
col-errors = Errors

## When something goes wrong

not-done = Not done
to-the-bench = To the bench
no-such-page = There is no such page, or it is not for you.
not-from-here = Nothing was done: this did not come from a page of this console.
stale-page = Nothing was done: the page was made for another session.
load-and-press-again = Go back, load the page again, and press the button once more.
unreadable-form = Nothing was done: what was sent cannot be read.
bays-not-seen = The service cannot look at its bays.
service-failed = The service failed; its log says why.
no-job-store = The service cannot reach its job store.
try-again = Try again in a moment.
fill-in-field = Go back, and fill in the field.
takes-more-rights = It takes a role with more rights.
somebody-was-faster = Somebody was faster: load the page again, and look.
field-needed = Nothing was done: { $field } is needed.
field-no-number = Nothing was done: { $words } is no number.
field-why-needed = Nothing was done: it is needed why.
field-password-wrong = Nothing was done: the password { $why }.
filter-wrong = `{ $name }` cannot be `{ $value }`.
station-without-bays = The station has told of no bay yet.

## Fields, within a sentence

field-within = { $outer } { $inner }
say-account = account
say-bay = bay
say-because = because
say-carrier = carrier
say-created = created
say-until = until
say-name = name
say-number = number
say-progress-code = progress code
say-reason = reason
say-role = role
say-secret = secret
say-store = store
say-token = token
say-tracking-number = tracking number
say-verb = verb

## Signing in and out

sign-in = Sign in
sign-in-once = This link lets you in once.
sign-in-ways = A passkey or a link lets you in: there are no passwords.
sign-in-how = Who runs the service gets a link by `longshore console open` on its host, and elsewhere by `longshore console open --server URL --token-file FILE`. A customer with an access key gets one by `longshore console sign-in --endpoint-url URL`, and any other from who runs the service. Whoever is in may add a passkey.
link-is-void = This link lets nobody in any more: it is good once, and for ten minutes.
link-another = `longshore console open` prints another, and for customers `longshore console sign-in`.
signed-out = Signed out
you-are-signed-out = You are signed out.
signed-in = Signed in

## What came of an act

outcome-once = A secret among these is shown this once.
outcome-store = What the store can do
outcome-key = A new access key
outcome-token = A new token
outcome-link = A link that lets in once

## Help

help-scanner = Scanner
help-scanner-types = A scanner types what it reads and ends with Enter. On every page that goes to the scan box, wherever the cursor is, but in a field that you type into.
help-parcel = A parcel's number
help-parcel-does = books the parcel as received; its slips are scanned next
help-slip = A packing slip, or a job's five characters
help-slip-does = books its device as here, and shows what is to be done with it
help-slip-and-tag = A slip or a sheet, and a bay's tag
help-slip-and-tag-does = in either order within half a minute: what is in the bay is loaded as that job's device
help-tag-and-card = A bay's tag, and then a command card
help-tag-and-card-does = within half a minute: that bay does what the card says; cards are printed from the page of a station, and one from elsewhere does nothing
help-else = Anything else
help-else-does = is shown, and does nothing
help-keys = Keys
help-slash-does = to the scan box
help-tab-does = through the page; a bay's card is one stop, and its buttons follow
help-arrows-do = from one bay's card to the next
help-commands = At the command line
help-commands-do = Whatever a button does, a command does too, with the same rights and the same words: <code>longshore bay</code>, <code>job</code>, <code>parcel</code>, <code>scan</code>, <code>station</code>, <code>store</code>, <code>account</code>, <code>key</code>, <code>operator</code>, <code>audit</code>, <code>console</code>.

## People, accounts, audit

role-viewer = viewer
role-operator = operator
role-lead = lead
role-admin = admin
role-customer = customer
person-new = A new person
person-add = Add
people-none = Nobody has a name here yet: only who is at the host of the service may come in.
person-revoke-means = At once: the token and all sessions are void.
link-make = Make a link
session-own = this one
field-name = Name
account-new = A new account
account-import = Buckets to import to
account-export = Buckets to export from
account-make = Make the account
account-may-import = May import to
account-may-export = May export from
account-limit = How much a job may load
account-most = The most, such as 5TB, or none
account-limit-it = Set the limit
account-job-bytes = A job may load
account-rights = Change its rights
account-allow = Allow
account-deny = Deny
key-revoke-means = For good: nobody can sign with it any more.
key-make = Make a key
acts-older = Older acts

## Parcels

parcel-came = A parcel has come
parcel-number = What stands on it
at-station = At the station
parcel-jobs = Jobs whose devices are in it
book-received = Book it as received
parcels-none = No parcel has come or gone yet.
parcel-in = in
parcel-out = out
parcels-older = Older parcels

## Stations and stores

station-title = Station { $station }
station-admitted = Admitted
station-clock-ahead = Its clock is ahead by
station-bays = { $bays }, { $at-work } at work, { $waiting } waiting
station-jobs = Jobs it is at work on
station-shares = What it may use of stores
store-shares = What stations may use of stores
station-drain = Begin nothing new
station-undrain = Begin new jobs again
station-revoke-means = Its token is void at once, its leases end, and { $bays } bays stop. Another token admits it again.
station-revoked = revoked
station-twice = twice
station-silent = silent
station-late = late
station-draining = draining
station-drained = drained
station-unheard = unheard
station-here = here
station-other = other
bay-tags = Bay tags
command-cards = Command cards
store-answers-in = in { $ms } ms
store-probe = Probe
all-others = all others

## Today

today-as-of = UTC, as of { $at }
day-before = Day before
day-after = Day after
today-is-cut = There is more than is listed here; the counts are of what was looked at.
in-the-room = In the room
room-empty = No device lies here.
what-is-due = What is due
what-happened = What happened
today-nothing = Nothing happened to a job on this day.
count-parcels-in = Parcels in
count-devices-in = Devices in
count-loaded = Loaded
count-failed = Failed
count-stopped = Put on hold
count-devices-out = Devices out
count-parcels-out = Parcels out
count-held = Still on hold
count-shelved = To be sent back
deed-in = in
deed-loaded = loaded
deed-failed = failed
deed-held = held
deed-erased = erased
deed-out = out

## What is due for a device that somebody has in hand

due-load = Plug it into a free bay.
due-fill = It is to be filled: `longshore dock` begins that.
due-wait = It waits.
due-wait-for = It waits. { $hold }
due-erase = It is loaded. It is to be erased before it goes back. Ask before you do anything else with it.
due-send-back = Nothing is to be done with it ({ $progress }). Shelve it and send it back.
due-gone = It was sent back already and should not be here. Ask its customer.

## Scanning

scanned = Scanned
nothing-scanned = Nothing was scanned.
not-done-because = Not done: { $why }
job-title = Job { $job }
bay-of-station = Bay { $bay } of { $station }
scan-received = Parcel { $parcel }
scan-load = Bay { $bay } of { $station }: what is in it is loaded as the device of job { $job }.
scan-await = Bay { $bay } of { $station }: { $told } Scan the sheet or slip of its disk, or a command card.
scan-await-unheard = { $told } Its station has not been heard since { $at }.
scan-unheard = { $told } Station { $station } has not been heard since { $at }: it hears of this if it is heard again within ten minutes, and never after that.
scan-card = Bay { $bay } of { $station }: the card { $does }.
scan-bay-first = Nothing done: scan the tag of the bay first, and then the card `{ $verb }`.
scan-strange = Nothing done: `{ $code }` is no code of this service or of a carrier.
scan-too-long = Nothing done: a code that begins with `{ $code }` is longer than any.
scan-layout = Nothing done: `{ $code }` looks like a sheet that was typed with another layout of keys: set the scanner to this keyboard's.
scan-lines = Nothing done: `{ $code }` is a line of a sheet's square code: scan the bars below it.
scan-unannounced = Parcel { $parcel }: unannounced. Scan the slip inside.
scan-expected = Parcel { $parcel }: received. { $count ->
    [one] It is known of job { $jobs }; scan its slip.
   *[other] It is known of jobs { $jobs }; scan their slips.
}
scan-arrived = Job { $job } ({ $type } of { $customer }): { $here }. { $due }
scan-not-booked = not booked
scan-was-here = at { $station } already
scan-received-at = received at { $station }
card-load = loads what is in the bay next
card-hold = has the job of what is in the bay wait
card-stop = stops what is at work in the bay
card-remove = makes what is in the bay safe to take out
card-look = finds out again whose the device is
card-blink = shows which bay it is

## What jobs are and how they stand, in a word: in English the codes of the API

job-type-import = Import
job-type-export = Export
progress-Pending = Pending
progress-InProgress = InProgress
progress-Complete = Complete
progress-SuccessWithErrors = SuccessWithErrors
progress-Canceled = Canceled
progress-Expired = Expired
progress-DeviceError = DeviceError
progress-InvalidSignature = InvalidSignature
progress-MissingSignature = MissingSignature
progress-MissingDevice = MissingDevice
progress-UnsupportedDeviceType = UnsupportedDeviceType
progress-UnsupportedFileFormat = UnsupportedFileFormat
progress-UnsupportedPowerSupply = UnsupportedPowerSupply
location-NotReceived = NotReceived
location-AtAWS = AtAWS
location-Returned = Returned
hold-BucketMissing = BucketMissing
hold-BucketRights = BucketRights
hold-StoreRefuses = StoreRefuses
hold-StoreFull = StoreFull
hold-StoreSilent = StoreSilent
hold-ManifestFault = ManifestFault
hold-PasswordNeeded = PasswordNeeded
hold-PasswordWrong = PasswordWrong
hold-SignatureMissing = SignatureMissing
hold-SignatureWrong = SignatureWrong
hold-FileSystemUnsupported = FileSystemUnsupported
hold-CapacityWrong = CapacityWrong
hold-DeviceNotEmpty = DeviceNotEmpty
hold-DeviceTooSmall = DeviceTooSmall
hold-Dirty = Dirty
hold-TooLarge = TooLarge
hold-DiskGone = DiskGone
hold-DiskFailing = DiskFailing
hold-ByOperator = ByOperator
hold-ByCustomer = ByCustomer
hold-Interrupted = Interrupted
hold-StationSilent = StationSilent
hold-StationTrouble = StationTrouble
hold-Retry = Retry
hold-Other = Other

## What a job is on hold for, and what mends it

held = On hold since { $since }: { $what } { $remedy }
hold-sentence = { $what }.
hold-sentence-words = { $what }: { $words }.
hold-fact-BucketMissing = A bucket of the job does not exist
hold-fact-BucketMissing-named = The bucket `{ $bucket }` does not exist
hold-fact-BucketRights = A bucket of the job may not be used by this account any more
hold-fact-BucketRights-named = The bucket `{ $bucket }` may not be used by this account any more
hold-fact-StoreRefuses = The store refuses the files
hold-fact-StoreFull = The store is full
hold-fact-StoreSilent = The store does not answer
hold-fact-ManifestFault = The manifest cannot be read by this release
hold-fact-PasswordNeeded = The device is encrypted, and no secret that opens it has come
hold-fact-PasswordWrong = The device is encrypted, and the secret that was given does not open it
hold-fact-SignatureMissing = The SIGNATURE file is missing
hold-fact-SignatureWrong = The SIGNATURE file of a device that names this job is not the one that was issued
hold-fact-FileSystemUnsupported = The device has no file system that can be read
hold-fact-CapacityWrong = The size of the device is not what deviceCapacityGreaterThan1TB says
hold-fact-DeviceNotEmpty = The device that is to be filled is not empty
hold-fact-DeviceTooSmall = The device has no room for all that is to be written to it
hold-fact-Dirty = The device was not unmounted cleanly; what was written to it last may be missing
hold-fact-TooLarge = There is more on the device than this account may load with a job
hold-fact-DiskGone = The device was unplugged, or does not answer
hold-fact-DiskFailing = The device does not function properly
hold-fact-ByOperator = The operator has stopped it for a while
hold-fact-ByCustomer = Its customer has stopped it for a while
hold-fact-Interrupted = The operator stopped it
hold-fact-StationSilent = The station with the device gives no sign of life
hold-fact-StationTrouble = The station with the device has trouble of its own
hold-fact-Retry = The files that failed are to be tried again
hold-fact-Other = The station could not go on
remedy-create-bucket = Create it, and loading goes on by itself.
remedy-bucket-rights = Ask the operator for the right; loading goes on by itself.
remedy-store = When the operator has mended it, loading goes on by itself.
remedy-store-silent = When the operator has mended it, loading goes on when the device is docked again.
remedy-manifest = Send the manifest again with UpdateJob, and loading goes on by itself.
remedy-password = Send its password in the console, with `longshore job secret`, or with UpdateJob while the job is Pending, or give the operator its key file; loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-right-password = Send the right one in the console, with `longshore job secret`, or with UpdateJob while the job is Pending; loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-ask = Ask the operator what can be done.
remedy-signature = Give the operator the SIGNATURE of this job, which GetStatus shows; loading begins when the device is docked with it.
remedy-capacity = Correct the manifest with UpdateJob while the job is Pending, or ask the operator; loading goes on when the device is docked again.
remedy-operator = Loading goes on when the operator lets it.
remedy-customer = Let it go on in the console; then loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-dirty = Say in the console that it is loaded as it is, or have the operator say so; then loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-limit = Ask the operator for a higher limit; loading goes on by itself.
remedy-failing = Loading goes on when the device is docked again, or when the operator lets it go on as it is.
remedy-dock-again = Loading goes on when the device is docked again.

## Titles of pages

manifest-of-job = Manifest of job { $job }
what-will-happen = What will happen
what-will-happen-with = What will happen with job { $job }

## The bench, and a bay

what-is-known = What is known
bay-port = Port
bay-medium = Medium
device = Device
bay-stands-still = Stands still for
bay-orders = Orders of the last ten minutes
bay-no-orders = None.
col-bay = Bay
not-yet = not yet
bay-password = Type the password of this device
bay-password-means = It is tried once, and kept by nobody. One that is to be kept belongs to the job.
bay-password-or = Password, or BitLocker recovery password
bay-unlock = Unlock and load it
bay-erase = Erase this device
bay-erase-means = Only what the customer released, or the manifest says, is erased: the gate decides, and nothing opens it from here. It cannot be undone.
bay-serial-end = The last four characters of its serial number
bay-erase-job = Erase the device of job { $job }
bench-of = Bench of { $station }
stations-all = All stations
bench-cards = Cards
bench-empty = No station has told of a bay yet. <code>longshore serve</code> with <code>[station] bench = true</code>, or <code>longshore station run</code> on the host with the devices, shows them here.
station-no-bays = It has no bays.
other-disks = Other disks that it sees and leaves alone: { $count }
store-does-not-answer = Store { $store } does not answer since { $since }. Bays that wait for it and go on by themselves: { $bays }
some-store-does-not-answer = A store does not answer since { $since }. Bays that wait for it and go on by themselves: { $bays }
serial-not-unique = serial not unique
serial-none = no serial
station-is-by-hand = devices are docked there by hand
station-is-begins-nothing = begins nothing new
station-is-not-heard = is not heard
station-is-token-void = its token is void
bay-told-by-silent = As it was at { $at }: its station has not been heard since.
bay-told-by-revoked = As it was at { $at }: its station is revoked.
station-is-two-hosts = two hosts have its name
station-is-unknown-state = is in a state that this release does not know
last-heard-at = last heard { $at }
never-heard = never heard
col-done = Done
col-left = Left
col-failed = Failed
col-says = Says
bay-is = Bay { $bay } of { $station }: { $state }
bay-is-of-job = It is the device of job
bay-load = Load
bytes-of = { $done } of { $found }
about-left = about { $span }
files-of = { $done } of { $found } files
files-failed = { $failed } failed
file-now = now <bdi>{ $file }</bdi>
waiting-for-you = Waiting for you
waiting-nothing = Nothing waits for anybody.
bay-empty = Empty
bay-seen = Seen
bay-looking = Looking
bay-unknown = Unknown disk
bay-not-ours = Not ours
bay-nothing-to-load = Nothing to load
bay-held = On hold
bay-ready = Ready
bay-queued = Queued
bay-loading = Loading
bay-reading-back = Reading back
bay-reporting = Reporting
bay-erasing = Erasing
bay-done = Done
bay-safe-to-remove = Safe to remove
bay-reconnecting = Reconnecting
bay-pulled-out = Pulled out
bay-waiting-for-store = Waiting for store
bay-stopped = Stopped
bay-failed = Failed
bay-failing = Failing disk
failing-says-so = The disk says so itself (SMART).
failing-ranges = { $ranges ->
    [one] One range of the disk cannot be read.
   *[other] { $ranges } ranges of the disk cannot be read.
}
failing-both = { $ranges ->
    [one] The disk says so itself (SMART), and one range of it cannot be read.
   *[other] The disk says so itself (SMART), and { $ranges } ranges of it cannot be read.
}
bay-other = Other
bay-told-empty = Nothing is plugged in.
bay-told-seen = A device was plugged in.
bay-told-looking = It is being found out whose it is.
bay-told-unknown = It is not known which job it belongs to.
bay-told-not-ours = It belongs to no job of this service.
bay-told-nothing-to-load = There is nothing to be loaded from it.
bay-told-held = It waits until something is mended.
bay-told-ready = It can be loaded now.
bay-told-queued = It is loaded as soon as there is room.
bay-told-loading = Its files are being transferred.
bay-told-reading-back = What is stored is being compared.
bay-told-reporting = The report is being written.
bay-told-erasing = It is being erased.
bay-told-done = All is done with it.
bay-told-safe-to-remove = It may be taken out.
bay-told-reconnecting = Its connection was lost and is sought again.
bay-told-pulled-out = It was taken out before it was done.
bay-told-waiting-for-store = The store does not answer; it goes on when it does.
bay-told-stopped = It was stopped, and can be gone on with.
bay-told-failed = It could not be gone on with.
bay-told-other = Its station says what there is to say.
bay-do-load-now = Load now
bay-do-make-safe = Make safe to remove
bay-do-again = Try again
bay-do-look = Look again
bay-do-stop = Stop
bay-do-blink = Blink
verb-look = look
verb-load = load
verb-stop = stop
verb-remove = remove
verb-blink = blink
verb-erase = erase
verb-unlock = unlock
verb-other = other

## Figures, drawn and as tables

rate-last-hour = Rate of the last hour
rate-peak = at most { $peak }
rate-peak-and-average = at most { $peak }, { $average } on average
rate-about = From { $from } to { $until }, { $summary }. The table has the figures.
as-table = Show as table
col-sent = Sent
map-device = The device
map-bytes = { $bytes }, from its first byte to its last
map-title = What of the device could be read
map-about = { $read } of { $bytes } were read; { $count } stretches were not. The table has them.
map-read = read { $bytes }
map-again = of it only when tried again { $bytes }
map-bad = bad { $bytes }
map-failed = failed { $bytes }
map-untried = not tried { $bytes }
map-not-read = What was not read
strip-about = What was read so far of the device of { $bytes }, from its first byte to its last
strip-read = read
strip-again = read when tried again
strip-bad = bad
map-first = These are the first of { $count }; the map beside the report has all.
col-first-byte = First byte
col-bytes = Bytes
stretch-read = read
stretch-untried = not tried
stretch-failed = failed, not tried to the end
stretch-bad = bad

## A job

job-of = { $type } of <bdi>{ $customer }</bdi>
overdue = overdue
hold-overdue = Overdue: nobody has mended this in the time that is meant for it.
on-hold-for = On hold: { $cause }
since = since { $at }
hold-mended = It is mended: let it go on
job-password = The password that its customer told you, to be kept with the job
job-password-means = It is kept sealed and never shown again. One that is not to be kept is typed on the page of the bay.
job-password-keep = Keep it, and try it
device-id = Device id
location = Location
errors = { $count } errors
not-to-be-erased = Not to be erased
parcel = Parcel
report = Report
packing-slip = Packing slip
signature-sheet = Signature sheet
shelf-tag = Shelf tag
receipt = Receipt
receipt-as-pdf = Receipt as PDF
job-device-here = Its device is here
job-hold = Hold
why-for-customer = Why, in words that the customer reads
job-hold-it = Hold the job
job-reopen = Reopen it for what failed
job-return = Send the device back
tracking-number = Tracking number
why-unerased = Why it goes unerased, if it was to be erased
who-answers = Who answers for that
book-returned = Book it as sent back
job-object = Object to its being erased
object = Object
withdraw = Withdraw the objection
job-finish = Finish without what is not loaded
job-finish-it = End it with what is loaded
job-give-up = Give up
job-give-up-it = Give the job up
job-abort = Abort
job-abort-as = The customer sees it as
job-abort-it = Abort the job of <bdi>{ $customer }</bdi>
job-release = Release the device for erasing
job-release-why = On whose word, and why
job-release-it = Release it
col-why = Why
history-later = The log of custody begins later than this job.
history-none = Nothing is told here.
how-far = How far it is
job-moved-on = The job has moved on: see all of it
standing = { $place } { $work }
place-not-received = The device has not arrived yet.
place-returned = The device was sent back.
place-station = The device is at { $station }.
place-arrived = The device has arrived.
work-pending = Nothing has been transferred yet.
work-at-it = { $station } is at work on it.
work-nobody = It was begun, and nobody is at work on it.
work-complete = Everything was transferred, without errors.
work-with-errors = { $errors ->
    [one] 1 entry could not be transferred whole; all others were.
   *[other] { $errors } entries could not be transferred whole; all others were.
}
work-canceled = Its owner has canceled it.
work-expired = It has expired: the device did not come in time.
work-ended = It has ended as { $code }.
manifest = Manifest
manifest-notes = { $count ->
    [one] Manifest: 1 thing to be known
   *[other] Manifest: { $count } things to be known
}

## What came of a job

what-came-of-it = What came of it
report-being-read = The report is long and is being read.
report-lost = The report cannot be read: its bucket does not give it.
look-again = Look again
transferred = Transferred
files-and-bytes = { $files } files, { $bytes }
of-which-sent = , of which { $bytes } were sent
read-back = Read back
files = { $count } files
left-out = Left out
by-rules = { $count } by the rules of the manifest
and-in-part = , and { $count } in part
rate-average = { $rate } on average
failed-by-code = Failed, by code
col-code = Code
col-status = Status
col-files = Files
other-codes = other codes
failed-first = The first { $shown } of { $failed } failed files
failed-all = All failed files
failed-files = Failed files
report-has-all = The report has all of them.
col-file = File
col-size = Size
col-key = Key

## Lists of jobs

your-jobs = Your jobs
search = Search
search-what = job, device, serial, parcel
any = any
account = Account
on-hold = on hold
show = Show
jobs-none = No job is as asked for.
jobs-older = Older jobs
col-type = Type
col-device-where = Where the device is
col-on-hold-for = On hold for

## A customer's own job

own-as-it-is = Load it as it is
own-as-it-is-means = Eject the disk on your computer before you send one, and all that you wrote is on it.
own-resume = Let it go on
own-hold = Have it wait
own-hold-means = Nothing more is loaded until you let it go on. What is loaded stays.
own-hold-why = Why (you need not say)
own-hold-it = Have job { $job } wait
own-password = The password of the device, or its BitLocker recovery password
own-password-means = It is kept sealed, told to nobody but the station that has the device, and never shown again.
send-it = Send it
manifest-mend = Mend the manifest
what-to-do = What to do now
step-sheet = Print the <a href="/jobs/{ $job }/signature-sheet.pdf">signature sheet</a> and put it with the device: its image is taken, so it carries no file.
step-signature = Put the file <a href="/jobs/{ $job }/SIGNATURE" download>SIGNATURE</a> into the root of the device, under this name.
step-slip = Print the <a href="/jobs/{ $job }/packing-slip.pdf">packing slip</a>, and lay it into the parcel.
step-label = Stick the <a href="/jobs/{ $job }/shipping-label.pdf">shipping label</a> on it, and send it to:
manifest-change = Change the manifest
job-another = Make another like this
in-the-bucket = <bdi>{ $key }</bdi> in the bucket <bdi>{ $bucket }</bdi>
may-be-erased = The device may be erased
give-up-lines = Lines of the report that were not stored whole, and that you give up: { $count }. Type the number.
word-for-receipt = A word for the receipt, if you like
release-for-erasing = Release it for erasing
may-not-be-erased = The device may not be erased
is-encrypted = The device is encrypted
job-cancel = Cancel the job
job-cancel-means = Its device is not loaded then, and its SIGNATURE is worth nothing any more. A job that was canceled stays canceled.
job-cancel-it = Cancel job { $job }
sentences = { $all }
told-pending = The specified job has not started.
told-in-progress = The data on your device is currently being loaded.
told-complete = The data loaded successfully. The log was saved to { $key } in the bucket { $bucket }.
told-with-errors = The data load completed with { $errors } errors. See { $key } in the bucket { $bucket } for more details.
told-canceled = The job was canceled.
told-expired = The job expired.
aborted-DeviceError = The job was aborted. Your device would not function properly.
aborted-InvalidSignature = The job was aborted. The SIGNATURE file was invalid.
aborted-MissingSignature = The job was aborted. The SIGNATURE file was missing.
aborted-MissingDevice = The job was aborted. Your device, power supply, or device connectors were missing.
aborted-UnsupportedDeviceType = The job was aborted. Disk requires a USB2 or eSATA connector type, or a 2.5" or 3.5" SATA hard drive.
aborted-UnsupportedFileFormat = The job was aborted. The file system of your device is not supported.
aborted-UnsupportedPowerSupply = The job was aborted. The power supply of your device does not fit our mains.
mended = No longer on hold since { $since }. Loading goes on as soon as a station takes the device up again.
stopped = Stopped at { $at }: { $what } { $remedy }
device-released = { $lines ->
    [0] Your device is released to be erased since { $at }.
    [one] Your device is released to be erased since { $at }; 1 line of the report is given up.
   *[other] Your device is released to be erased since { $at }; { $lines } lines of the report are given up.
}
device-erasing = Your device is being erased since { $since }.
device-erased = Your device was erased ({ $method }) at { $at }.
device-erase-failed = Your device could not be erased: that ended at { $at }. It is kept here until it is destroyed, or an erase succeeds.
device-destroyed = Your device was destroyed, as was told at { $at }: { $reason }
device-objected = Your device is not erased: you object since { $at }.
device-waits-for-lines = Your device is to be erased before it is returned: it waits until you release it and give up the lines of the report that failed.
device-waits-for-release = Your device is to be erased before it is returned: it waits until you release it.
device-erased-from = Your device is to be erased before it is returned, from { $from } on: until then you can object.
device-to-be-erased = Your device is to be erased before it is returned.
custody-not-received = AWS has not received your device.
custody-here = Your device is at AWS.
custody-returned = Your device has been returned. The { $carrier } tracking number is { $number }.
disposal-Kept = Kept
disposal-Released = Released
disposal-Erasing = Erasing
disposal-Erased = Erased
disposal-EraseFailed = EraseFailed
disposal-Destroyed = Destroyed

## A new job

new-import = Import: files of a device become objects
new-export = Export: objects become files on a device
not-said = not said
yes = yes
manifest-good = The manifest is good.
manifest-faults = { $count ->
    [one] One thing is to be mended:
   *[other] { $count } things are to be mended:
}
line = Line { $line }:
new-how = Fill in the form, or write the manifest: each changes the other.
manifest-what = the same in words of AWS Import/Export; options that have no field are written here
manifest-send = Send the manifest
job-make = Make the job
check = Check
not-checked = Not checked: the service does not answer.
bucket = Bucket
group-files-go = Where the files go
group-device = The device
group-how = What is loaded, and how
group-onto = What goes onto the device
group-back = Where the device goes back to
group-report = Report, and who is told
write-erase = Erase it before it comes back
write-prefix = Prefix of every key
write-ignore = Leave out paths in which one of these is found
write-content-type = Type of what has no other
write-acl = Who may read the objects
write-storage-class = Storage class
write-unreadable = A file of which the device has given up some
write-only-prefix = Only keys that begin with
write-file-system = File system
write-company = Company
write-street = Street
write-street2 = Street, second line
write-city = City
write-state = State or province
write-postal-code = Postal code
write-country = Country
write-phone = Telephone
write-log-bucket = Bucket of the report
write-log-prefix = Prefix of its key
write-mail = Who is told by mail
write-device-id-hint = What is written on the device, such as its serial number.
write-prefix-hint = Nothing is put between: end it with a slash.
write-ignore-hint = A regular expression a line.
write-mail-hint = Addresses with commas between.

## What will happen

foresee-of-job = By the manifest of <a href="/jobs/{ $job }">job { $job }</a>.
foresee-of-draft = By the manifest as you have written it. Nothing is made.
foresee-files = Files of the device
foresee-files-how = a path a line; with sizes: <code>{ $find }</code> where the device is mounted, or JSON lines with <code>path</code> and <code>bytes</code>
foresee-rate = Megabytes a second
foresee-list = or a file with the list
foresee-look = Look
foresee-back = Back to the manifest
foresee-sum = { $files } files, { $bytes }
foresee-rest = { $ignored } left out, { $failed } that cannot be loaded.
foresee-without-size = Of { $files } files the list does not say how large they are.
foresee-takes = It takes { $times }; many small files take longer.
time-at-rate = { $time } at { $rate } MB/s
foresee-replaced = What the bucket has under these keys is replaced. A key that its store takes for another's, or refuses, is found out when the device is loaded.
foresee-failed = Cannot be loaded
foresee-one-key = Of several files with one key one is loaded. Which, the order on the device decides.
first-are-shown = The first { $count } are shown.
foresee-loaded = Loaded
foresee-imports-only = It can be told of imports of files.
foresee-faulty = The manifest cannot be used yet: { $faults }.
ignored-signature = the SIGNATURE file
ignored-manifest = `ignore` of the manifest
ignored-link = a symbolic link
ignored-special = a device, socket or pipe
ignored-empty = a folder with nothing in it
ignored-volume = a volume
ignored-gone = gone

## What happened to a job

nothing = { "" }
plain = { $words }
who = { $who }{ $station }{ $bay }
who-station = station { $station }
who-service = the service
who-user = user { $user } of account { $account }
who-account = account { $account }
who-at-station = , at station { $station }
who-at-bay = , bay { $bay }
history-because = : { $words }
history-announced = The job was made{ $device }{ $erase }.
history-for-device = { " " }for the device { $words }
history-to-be-erased = , which is to be erased before it goes back
history-updated = The customer replaced the manifest.
history-canceled = The job was canceled{ $why }.
history-expired = The device did not come in time.
history-received = The device came{ $carrier }{ $number }{ $condition }{ $seal }.
history-by-carrier = { " " }by { $words }
history-number = , number { $words }
history-seal = , seal { $words }
parcel-intact = , intact
parcel-damaged = , damaged
parcel-opened = , opened by somebody
parcel-wet = , wet
history-opened = The parcel was unpacked: { $found } was in it{ $seal }.
found-device = the device
found-power-supply = its power supply
found-cable = a cable
found-slip = its packing slip
found-nothing = nothing of the device
history-seal-whole = ; its seal was whole
history-seal-broken = ; its seal was broken
history-photographed = A picture of { $of } was taken: { $name }.
picture-parcel = the parcel
picture-label = the label
picture-seal = the seal
picture-device = the device
picture-damage = the damage
history-identified = A station saw { $device }{ $serial }{ $size }{ $signature }.
history-a-device = a device
history-serial = , serial { $words }
history-size = , { $bytes }
history-signature-valid = ; its SIGNATURE is the one that was issued
history-signature-missing = ; it has no SIGNATURE
history-signature-invalid = ; its SIGNATURE is not the one that was issued
history-docked = A station took the device up{ $protected }.
history-undocked = The station let go of the device{ $protected }.
history-protected = , set so that nothing can write to it
history-not-protected = , not protected from writing
history-unlocked = Volume { $volume } of the device was unlocked ({ $method }{ $key }).
history-key = , key { $words }
history-encrypted-made = The device was encrypted with { $method }{ $key }, and the password of the manifest opens it.
history-encrypted-found = The device is encrypted with { $method }{ $key }, and the password of the manifest opens it.
history-encrypted-told = The device was not encrypted here: who docked it says that something else does: { $words }.
history-examined = { $verdict }.
history-examined-facts = { $verdict }: { $facts }.
history-sound = The device says that it is sound
history-failing = The device says that it is failing
history-asked-how-it-is = The device was asked how it is
health-hours = { $count } hours of work
health-reallocated = { $count } sectors replaced
health-pending = { $count } sectors that it could not read
health-uncorrectable = { $count } errors not corrected
health-interface = { $count } errors of its interface
health-used = { $count } percent of its life used up
health-hidden = { $count } sectors kept from the host
health-heat = { $degrees } °C
history-probed-off = The store was probed: its word is enough for what it was shown to check.
history-probed-sampled = The store was probed: a sample of what is stored is read back.
history-probed-full = The store was probed: all that is stored is read back.
history-planned = The whole device was walked: { $entries } entries, { $bytes }.
history-began = The transfer began.
history-began-again = The transfer began again, attempt { $number }.
history-interrupted = The transfer stopped before its end: { $cause }.
history-loaded = The device is loaded
history-filled = The device is filled
history-finished = { $what }, { $errors }.
history-finished-tally = { $what }: { $stored } stored, { $bytes }, { $errors }.
history-errors = { $errors ->
    [0] without errors
    [one] with 1 error
   *[other] with { $errors } errors
}
history-aborted = The job was given up ({ $cause }){ $why }.
history-reported = The report lies in the log bucket: { $files }.
history-verified = { $what } compared with the report{ $share }: { $found }.
verified-bucket = The objects in the bucket were
verified-device = The files of the device were
verified-share = { " " }(a share of { $percent } percent)
verified-found = { $differences ->
    [0] nothing differs
    [one] 1 differs
   *[other] { $differences } differ
}
history-held = The job stands still until something is mended: { $cause }.
history-resumed = The job goes on: { $cause }.
history-released = The device was released to be erased{ $by }{ $lines }{ $why }.
released-by-manifest = { " " }by its manifest
released-by-rule = { " " }by the rule of the installation
released-lines = { $lines ->
    [one] { "" }, and 1 line of the report was given up
   *[other] { "" }, and { $lines } lines of the report were given up
}
history-objected = The customer objected to an erase: { $words }.
history-withdrawn = The customer took the objection back{ $why }.
history-erase-started = The erasing of the device began: { $technique }{ $confirmed }.
history-confirmed = , as confirmed by { $names }
technique-zeros = zeros over every visible block
technique-stream = a keyed stream over every visible block, read back, then zeros
history-erased = The device was erased ({ $method }) by { $technique }{ $confirmed }; { $read }; the verdict is `{ $verdict }`.
erased-not-read = was not read afterwards
erased-read-all = all of it was read afterwards
erased-read-places = { $places } places of it were read afterwards
history-erase-failed = The device could not be erased: { $why }.
history-destroyed = The device was destroyed: { $reason } ({ $authority } answers for it).
history-unerased = The device goes back as it is, although it was to be erased: { $reason } ({ $authority } answers for it).
history-sealed = The device was packed, seal { $seal }{ $box }.
history-box = , box { $words }
history-handed-over = The device was given to { $carrier }, number { $number }.
history-corrected = What event { $event } says is corrected: { $says } ({ $reason }).
history-closed = Nothing more is to come.
history-secret-destroyed = What opened the device of job { $job } was destroyed.
history-of-installation = Something happened to the installation.

## Passkeys, and one's own sessions

you = You
passkeys = Passkeys
passkeys-none = You have none: a link lets you in each time. With a passkey, on this device or on a key that you carry, you come in by yourself, and what cannot be taken back asks for its touch.
passkeys-not-here = Passkeys are for people with a name: who is at the host of the service comes in by a link. Add yourself on <a href="/people">People</a> to have one.
passkey-site = For
passkey-used = Last used
passkey-copied = There may be a copy of it: it lets nobody in any more. Remove it, and find out where the copy is.
passkey-remove-means = At once: who signed in by it is signed out, you among them.
passkey-name = What you call it
passkey-add = Add a passkey
passkey-sign-in = Sign in with a passkey
passkey-cannot = This browser has no passkeys.
passkey-not-added = Nothing was added:
passkey-not-in = You are not signed in:
passkey-wait = The browser asks you…
passkey-takes-script = A passkey takes a script.
remove = Remove
remove-it = Remove <bdi>{ $name }</bdi>
no-passkeys-insecure = No passkeys here: browsers have them for pages that come by HTTPS, or from localhost. Links let you in.
no-passkeys-nameless = No passkeys here: browsers have them for sites with a name, not with an address. Links let you in.
no-passkeys-this-host = No passkeys here: browsers have them for sites with a name, not with an address. Open { $url } in place of it.
no-passkeys-elsewhere = No passkeys here: those of this console are for { $url }.
touch-title = Touch your passkey
touch-why = What you are about to do cannot be taken back, so it takes a passkey of yours that was touched within five minutes. Then it is done.
touch-do = Touch it, and do it
touch-not = Do nothing
touch-failed = Nothing was done:
touch-elsewhere = Nothing was done: it takes the touch of a passkey, and yours are for { $sites }, where you are not.
touch-elsewhere-hint = Open the console there. Whoever manages people may remove a passkey that is lost: `longshore console forget`.
sessions-own = Where you are signed in
sessions-end-others = Sign out everywhere else
session-by = By
session-by-passkey = a passkey
session-by-link = a link
session-end = Sign out { $number }

## Users and groups of an account

account-users = Users and groups of <bdi>{ $account }</bdi>
accounts-all = All accounts
users = Users
users-of = Users and groups of { $account }
users-may = Keys of the account itself may all that the account may. A user may what policies allow, the own ones and those of the groups.
user-new = A new user
user-name = Name of the user
user-make = Make the user
user-title = User { $name }
user-keys = Keys
user-without-keys = None: the user cannot ask for anything.
user-in-no-group = In none. Users are put into a group on its page.
user-leaves = Out of <bdi>{ $name }</bdi>
user-delete-means = For good: the keys are revoked, and another user of that name is another user.
groups = Groups
group-new = A new group
group-name = Name of the group
group-make = Make the group
group-title = Group { $name }
group-users = Users in it
group-another-user = Another user
group-put-in = Put the user in
group-takes-out = Take <bdi>{ $name }</bdi> out
group-delete-means = For good: whoever is in it loses its policies.
identity-account = Account
identity-id = Id
identity-delete = Delete
identity-delete-it = Delete <bdi>{ $name }</bdi>
policies = Policies
policies-none-of-user = None of the user's own: without one, here or in a group, nothing is allowed.
policy-ready = ready-made
policy-take = Take <bdi>{ $policy }</bdi> away
policy-write = Write a policy
policy-name = What it is called
policy-says = What it says, in the language of AWS IAM
policy-give = Give the policy
policy-give-ready = Give one that is ready
policy-which = Which
policy-give-it = Give it
policy-faults = { $count ->
    [one] Nothing was changed: one thing is to be mended.
   *[other] Nothing was changed: { $count } things are to be mended.
}
key-once = The secret of a new key is shown once.
simulate = What a request would be answered
simulate-action = Action
simulate-resource = Resource
simulate-address = From the address
simulate-tls = by TLS
simulate-ask = Ask
simulate-by = by statement { $statement } of { $policy }.
simulate-by-none = since no statement is about it.
