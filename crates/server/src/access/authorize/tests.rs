//! Every right, walked: nothing is allowed by being forgotten.

use model::control::LeaseToken;
use model::ids::{AccessKeyId, IdentityId, IdentityName, JobId, JobType, PersonName, PolicyName};
use model::loading::Figures;
use model::time::Timestamp;

use super::*;
use crate::access::Origin;
use crate::jobstore::{Identity, IdentityKind, StoredPolicy};

fn account(digit: char, import: &[&str], export: &[&str]) -> Account {
    let owned = |rights: &[&str]| rights.iter().map(|&right| right.to_owned()).collect();
    Account {
        id: AccountId::new(digit.to_string().repeat(12)).unwrap(),
        name: "studio".to_owned(),
        import: owned(import),
        export: owned(export),
    }
}

fn job(owner: &Account) -> Job {
    let id = JobId::new("ABCDE").unwrap();
    let now = Timestamp::from_unix(1_700_000_000);
    Job::open(id, owner.id.clone(), JobType::Import, String::new(), now)
}

fn lease(station: &StationName) -> Lease {
    Lease {
        job: JobId::new("ABCDE").unwrap(),
        station: station.clone(),
        token: LeaseToken("t".to_owned()),
        attempt: 1,
        until: Timestamp::from_unix(1_700_000_000),
        figures: Figures::default(),
        ended: false,
    }
}

fn name(text: &str) -> StationName {
    StationName::new(text).unwrap()
}

fn bucket(text: &str) -> BucketName {
    BucketName::new(text).unwrap()
}

/// The things there are: one's own, and another's.
struct Things {
    own: Account,
    own_job: Job,
    other: Account,
    other_job: Job,
    own_station: StationName,
    other_station: StationName,
    own_lease: Lease,
    other_lease: Lease,
    buckets: [BucketName; 3],
}

impl Things {
    fn new() -> Self {
        let own = account('1', &["incoming"], &["outgoing"]);
        let other = account('2', &["*"], &["*"]);
        let (own_station, other_station) = (name("dock-1"), name("dock-2"));
        Self {
            own_job: job(&own),
            other_job: job(&other),
            own_lease: lease(&own_station),
            other_lease: lease(&other_station),
            buckets: ["incoming", "outgoing", "neither"].map(bucket),
            own,
            other,
            own_station,
            other_station,
        }
    }

    fn resources(&self) -> Vec<(&'static str, Resource<'_>)> {
        vec![
            ("own jobs", Resource::JobsOf(&self.own.id)),
            ("other jobs", Resource::JobsOf(&self.other.id)),
            ("own job", Resource::Job(&self.own_job)),
            ("other job", Resource::Job(&self.other_job)),
            ("import bucket", Resource::Bucket(&self.buckets[0])),
            ("export bucket", Resource::Bucket(&self.buckets[1])),
            ("no bucket", Resource::Bucket(&self.buckets[2])),
            ("own station", Resource::Station(&self.own_station)),
            ("other station", Resource::Station(&self.other_station)),
            ("own lease", Resource::Lease(&self.own_lease)),
            ("other lease", Resource::Lease(&self.other_lease)),
            ("service", Resource::Service),
        ]
    }
}

/// All that a caller may do, as `Action: what, what` in the order of the actions.
fn rights<'a>(principal: Principal<'a>, things: &Things) -> Vec<String> {
    let of_action = |action: Action| {
        let allowed: Vec<&str> = things
            .resources()
            .into_iter()
            .filter(|(_, resource)| authorize(principal, action, *resource).is_ok())
            .map(|(name, _)| name)
            .collect();
        (!allowed.is_empty()).then(|| format!("{action:?}: {}", allowed.join(", ")))
    };
    Action::ALL.into_iter().filter_map(of_action).collect()
}

#[test]
fn an_account_has_its_jobs_and_the_buckets_it_was_given() {
    let things = Things::new();
    let expected = [
        "CreateJob: own jobs",
        "ListJobs: own jobs, own job",
        "GetStatus: own job",
        "UpdateJob: own job",
        "CancelJob: own job",
        "PrintLabel: own job",
        "Import: import bucket",
        "Export: export bucket",
        "Report: import bucket",
        "ReadHistory: own job",
        "HoldJob: own job",
        "ResumeJob: own job",
        "MakeReceipt: own job",
        "ReleaseDevice: own job",
        "HoldDevice: own job",
        "OpenConsole: own jobs",
        "GiveSecret: own job",
    ];
    assert_eq!(rights((&things.own).into(), &things), expected);
}

fn user_of(account: &Account, document: &str) -> User {
    let identity = Identity {
        id: IdentityId::new("U".repeat(20)).unwrap(),
        account: account.id.clone(),
        kind: IdentityKind::User,
        name: IdentityName::new("jane").unwrap(),
        created: Timestamp::from_unix(1),
    };
    let policy = StoredPolicy {
        name: PolicyName::new("own").unwrap(),
        document: Some(document.to_owned()),
    };
    let now = Timestamp::from_unix(2);
    User::new(identity, vec![policy], &Origin::default(), now).unwrap()
}

#[test]
fn a_user_has_of_its_accounts_rights_what_a_policy_allows() {
    let things = Things::new();
    let of_user = |document: &str| {
        let user = user_of(&things.own, document);
        rights(Principal::User(&things.own, &user), &things)
    };
    let all = of_user(r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#);
    assert_eq!(
        all,
        rights((&things.own).into(), &things),
        "no more than the account"
    );
    let of_aws = r#"{"Statement": [
        {"Effect": "Allow", "Action": "importexport:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "importexport:c*", "Resource": "*"},
        {"Effect": "Deny", "Action": "longshore:Export", "Resource": "arn:aws:s3:::out*"}]}"#;
    let expected = [
        "ListJobs: own jobs, own job",
        "GetStatus: own job",
        "UpdateJob: own job",
        "PrintLabel: own job",
        "Import: import bucket",
        "Report: import bucket",
    ];
    assert_eq!(of_user(of_aws), expected);
    let nothing = r#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#;
    assert_eq!(of_user(nothing), [""; 0]);
}

#[test]
fn a_station_speaks_for_itself_and_does_to_jobs_what_a_person_decides() {
    let things = Things::new();
    let expected = [
        "ClaimJobs: own station",
        "UseLease: own lease",
        "LookAtJob: own job, other job",
        "ReturnDevice: own job, other job",
        "AbortJob: own job, other job",
        "RetryJob: own job, other job",
        "HoldJob: own job, other job",
        "ResumeJob: own job, other job",
        "GiveUpJob: own job, other job",
        "SendHeartbeat: own station",
        "OrderStation: own station",
        "ReceiveParcel: own station",
        "ReleaseDevice: own job, other job",
        "HoldDevice: own job, other job",
        "DestroyDevice: own job, other job",
        "EraseDevices: own station",
        "TellVerified: own job, other job",
        "GiveSecret: own job, other job",
    ];
    let station = Principal::Station(&things.own_station);
    assert_eq!(rights(station, &things), expected);
}

#[test]
fn who_is_at_the_host_manages_the_service_and_holds_no_lease() {
    let things = Things::new();
    let expected = [
        "ListJobs: own jobs, other jobs, service",
        "GetStatus: own job, other job",
        "CancelJob: own job, other job",
        "LookAtJob: own job, other job",
        "ReadHistory: own job, other job",
        "ReturnDevice: own job, other job",
        "AbortJob: own job, other job",
        "RetryJob: own job, other job",
        "HoldJob: own job, other job",
        "ResumeJob: own job, other job",
        "GiveUpJob: own job, other job",
        "ManageAccounts: service",
        "ManageKeys: service",
        "ManageUsers: service",
        "ManageStations: service",
        "LookAtStations: service",
        "OrderStation: own station, other station",
        "DrainStation: own station, other station",
        "RevokeStation: own station, other station",
        "LookAtStores: service",
        "ProbeStore: service",
        "ManageOperators: service",
        "ReadAudit: service",
        "LookAtParcels: service",
        "ReceiveParcel: own station, other station",
        "MakeReceipt: own job, other job",
        "TellOfDevice: own job, other job",
        "RotateCustodyKey: service",
        "LookAtNotices: service",
        "ManageWebhooks: service",
        "SendNotices: service",
        "ReleaseDevice: own job, other job",
        "HoldDevice: own job, other job",
        "DestroyDevice: own job, other job",
        "TellVerified: own job, other job",
        "OpenConsole: service",
        "GiveSecret: own job, other job",
    ];
    assert_eq!(rights(Principal::Operator, &things), expected);
    let admin = person(Role::Admin);
    assert_eq!(rights(Principal::Person(&admin), &things), expected);
}

fn person(role: Role) -> Person {
    let name = PersonName::new("jane").unwrap();
    Person { name, role }
}

#[test]
fn each_role_has_the_rights_of_those_before_it() {
    let things = Things::new();
    for roles in Role::ALL.windows(2) {
        let less = rights(Principal::Person(&person(roles[0])), &things);
        let more = rights(Principal::Person(&person(roles[1])), &things);
        assert!(
            less.iter().all(|right| more.contains(right)),
            "{roles:?}: {less:?}"
        );
        assert!(less.len() < more.len(), "{roles:?}");
    }
}

/// Prints `docs/roles.md`. With `UPDATE_DOCS=1` it is written, otherwise compared.
#[test]
fn the_documented_roles_are_the_true_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/roles.md");
    let printed = role_table();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &printed).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap();
    assert_eq!(page, printed, "run the tests once with UPDATE_DOCS=1");
}

fn role_table() -> String {
    let things = Things::new();
    let people = Role::ALL.map(person);
    let may = |principal: Principal<'_>, action| {
        let resources = things.resources();
        resources
            .iter()
            .any(|(_, resource)| authorize(principal, action, *resource).is_ok())
    };
    let mut page = String::from(
        "# Roles\n\nPrinted from `server::access::authorize` by its tests; do not edit by hand.\n\n\
         The people who run a service have a role, `longshore operator add NAME --role ROLE`. Whoever is at the host\n\
         of the service and can read its secret key needs none, and may do what an admin may. Customers and stations\n\
         stand beside them: a customer does what follows to its own jobs and buckets alone, a station to its own\n\
         leases, and to every job what the person in front of it decides.\n\n",
    );
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    page.push_str(&format!(
        "| Action | customer | station | {} |\n| --- |{}\n",
        roles.join(" | "),
        " --- |".repeat(roles.len() + 2)
    ));
    for action in Action::ALL {
        let customer = Principal::Account(&things.own);
        let station = Principal::Station(&things.own_station);
        let people = people.iter().map(Principal::Person);
        let cells: Vec<&str> = [customer, station]
            .into_iter()
            .chain(people)
            .map(|principal| if may(principal, action) { "yes" } else { "" })
            .collect();
        page.push_str(&format!("| {} | {} |\n", action.name(), cells.join(" | ")));
    }
    page
}

#[test]
fn an_accounts_rights_are_names_or_beginnings() {
    let may = |right: &str, name: &str| {
        let account = account('1', &[right], &[]);
        authorize(&account, Action::Import, Resource::Bucket(&bucket(name))).is_ok()
    };
    assert!(may("archive", "archive") && !may("archive", "archive2"));
    assert!(may("team-*", "team-a") && !may("team-*", "tea"));
    assert!(may("*", "anything"));
}

#[test]
fn a_denial_says_who_may_not_do_what_to_what() {
    let own = account('1', &[], &[]);
    let denied = |denied: Result<(), Denied>| denied.unwrap_err().to_string();
    assert_eq!(
        denied(authorize(
            &own,
            Action::Export,
            Resource::Bucket(&bucket("photos"))
        )),
        "account:111111111111 may not export from the bucket `photos`"
    );
    let station = Caller::Station(name("dock-1"));
    assert_eq!(
        denied(authorize(
            &station,
            Action::ManageAccounts,
            Resource::Service
        )),
        "station:dock-1 may not manage the accounts of this service"
    );
    let viewer = person(Role::Viewer);
    let own_job = job(&account('1', &[], &[]));
    assert_eq!(
        denied(authorize(
            Principal::Person(&viewer),
            Action::AbortJob,
            Resource::Job(&own_job)
        )),
        "person:jane may not abort job ABCDE"
    );
    let customer = Caller::Customer(Customer {
        key: AccessKeyId::new("A".repeat(20)).unwrap(),
        user: None,
        account: own,
    });
    assert_eq!(
        customer.station(Action::ClaimJobs).unwrap_err().to_string(),
        "account:111111111111 may not claim jobs for a station"
    );
}
