# What the console says in English. Each language has a file like this one, with the same names; a test says what lacks.
#
# Of a text with elements the values are made harmless; elements are the same in every language.
# API, command line, reports and what stations say are English, and are not here, but for what is known by a code.

## Numbers, spans and times

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

## Heads of columns, and names of facts

col-act = Act
col-added = Added
col-revoked = Revoked
col-role = Role
col-who = Who
col-number = Number
col-from = From
col-since = Since
rate = Rate
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
scan-await = Bay { $bay } of { $station }: scan the sheet or slip of what is in it, or a command card.
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
hold-DiskGone = DiskGone
hold-DiskFailing = DiskFailing
hold-ByOperator = ByOperator
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
hold-fact-DiskGone = The device was unplugged, or does not answer
hold-fact-DiskFailing = The device does not function properly
hold-fact-ByOperator = The operator has stopped it for a while
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
remedy-password = Send its password in the console or with `longshore job secret`, or give the operator its key file; loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-right-password = Send the right one in the console or with `longshore job secret`; loading goes on by itself while the device is in a bay, and else when it is docked again.
remedy-ask = Ask the operator what can be done.
remedy-signature = Give the operator the SIGNATURE of this job, which GetStatus shows; loading begins when the device is docked with it.
remedy-capacity = Correct the manifest with UpdateJob while the job is Pending, or ask the operator; loading goes on when the device is docked again.
remedy-operator = Loading goes on when the operator lets it.
remedy-dock-again = Loading goes on when the device is docked again.

## Titles

manifest-of-job = Manifest of job { $job }
what-will-happen = What will happen
what-will-happen-with = What will happen with job { $job }

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
