//! The jobs of all accounts, for those who run the service; and those of one, for its customer.

use model::ids::{AccountId, JobId, StationName};
use model::words::Word;

use crate::access::{Action, Caller, Resource, authorize};
use crate::jobstore::{JobFilter, JobsFound, WORD_MATCHES};
use crate::ops::{AccountFault, Admin, Refused, SubmissionFault, accounts};

/// Most jobs of a page: a list is looked at by a person, or read page by page.
pub const MOST_JOBS: u32 = 1_000;

/// Jobs of a page where nobody says how many.
pub const JOBS: u32 = 20;

/// Fewest characters of a word that is looked for.
const WORD_CHARS: usize = 2;

/// A question for a page of jobs. What is not said is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// With this `ProgressCode`.
    pub progress: Option<String>,
    /// That are on hold.
    pub held: bool,
    /// Of this account, by name or number.
    pub account: Option<String>,
    /// Whose device this station has.
    pub station: Option<StationName>,
    /// That have a word with this beginning: an id, a device id, a serial or tracking number.
    pub word: Option<String>,
    /// The job behind which the page begins; the first page without one.
    pub before: Option<JobId>,
    /// Most jobs of the page.
    pub limit: Option<u32>,
}

/// Lists jobs, the newest first.
///
/// # Errors
/// [`AccountFault::NoSuchAccount`]; [`SubmissionFault::Marker`] if `before` is no job; [`AccountFault::Word`] if too
/// many jobs have such a word, or none can have.
pub async fn search(admin: &Admin, caller: &Caller, search: Search) -> Result<JobsFound, Refused> {
    authorize(caller, Action::ListJobs, Resource::Service)?;
    let account = match &search.account {
        Some(wanted) => Some(number(admin, wanted).await?),
        None => None,
    };
    let word = match &search.word {
        Some(word) => Some(beginning(admin, word).await?),
        None => None,
    };
    if let Some(before) = search.before
        && admin.jobs.job(before).await?.is_none()
    {
        return Err(SubmissionFault::Marker(before.to_string()).into());
    }
    find(admin, search, account, word).await
}

/// Lists the jobs of the customer who asks, the newest first. Stations and words are nothing that customers ask for: who is
/// answered otherwise because others have such jobs learns of them.
///
/// # Errors
/// [`SubmissionFault::Marker`] if `before` is no job of the customer's.
pub async fn own(admin: &Admin, caller: &Caller, search: Search) -> Result<JobsFound, Refused> {
    let account = caller.customer(Action::ListJobs)?.account.id.clone();
    authorize(caller, Action::ListJobs, Resource::JobsOf(&account))?;
    if let Some(before) = search.before {
        let stored = admin.jobs.job(before).await?;
        let is_own = stored.is_some_and(|stored| stored.job.account == account);
        if !is_own {
            return Err(SubmissionFault::Marker(before.to_string()).into());
        }
    }
    let search = Search {
        station: None,
        ..search
    };
    find(admin, search, Some(account), None).await
}

async fn find(
    admin: &Admin,
    search: Search,
    account: Option<AccountId>,
    word: Option<Word>,
) -> Result<JobsFound, Refused> {
    let filter = JobFilter {
        progress: search.progress,
        held: search.held,
        account,
        station: search.station,
        word,
        before: search.before,
    };
    let limit = search.limit.unwrap_or(JOBS).clamp(1, MOST_JOBS);
    Ok(admin.jobs.find_jobs(&filter, limit).await?)
}

async fn number(admin: &Admin, wanted: &str) -> Result<AccountId, Refused> {
    Ok(accounts::find(admin, wanted).await?.id)
}

async fn beginning(admin: &Admin, text: &str) -> Result<Word, Refused> {
    let fault = |why| AccountFault::Word {
        text: text.to_owned(),
        why,
    };
    let word = Word::new(text).filter(|word| word.chars() >= WORD_CHARS);
    let word = word.ok_or_else(|| fault("it takes two characters at least"))?;
    if admin.jobs.is_common(&word, WORD_MATCHES).await? {
        return Err(fault("more than 1,000 begin like this: give more of it").into());
    }
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobstore::Person;
    use crate::ops::tests::World;
    use model::actor::Actor;
    use model::ids::{JobType, PersonName};
    use model::job::Job;
    use model::role::Role;

    fn viewer() -> Caller {
        Caller::Person(Person {
            name: PersonName::new("joe").unwrap(),
            role: Role::Viewer,
        })
    }

    async fn world() -> World {
        let world = World::new().await;
        let account = accounts::create(
            &world.admin,
            &Caller::Operator,
            "studio",
            accounts::Rights::default(),
        );
        let account = account.await.unwrap();
        for id in ["1AAAA", "1AAAB"] {
            let id = JobId::new(id).unwrap();
            let now = world.admin.clock.now();
            let job = Job::open(id, account.id.clone(), JobType::Import, String::new(), now);
            let inserted = world.admin.jobs.insert_job(&job, &Actor::Service, None);
            inserted.await.unwrap();
        }
        world
    }

    #[tokio::test]
    async fn a_viewer_finds_jobs_by_the_name_of_their_account() {
        let world = world().await;
        let wanted = Search {
            account: Some("studio".to_owned()),
            limit: Some(1),
            ..Search::default()
        };
        let page = search(&world.admin, &viewer(), wanted).await.unwrap();
        let (job, name) = &page.jobs[0];
        assert_eq!(
            (job.id.as_str(), name.as_deref(), page.truncated),
            ("1AAAB", Some("studio"), true)
        );
    }

    #[tokio::test]
    async fn what_cannot_be_looked_for_is_refused() {
        let world = world().await;
        let refused = async |wanted| {
            let found = search(&world.admin, &viewer(), wanted).await;
            found.unwrap_err().to_string()
        };
        let with_word = |word: &str| Search {
            word: Some(word.to_owned()),
            ..Search::default()
        };
        assert_eq!(
            refused(with_word(" a ")).await,
            "jobs cannot be looked for by ` a `: it takes two characters at least"
        );
        let account = Search {
            account: Some("nobody".to_owned()),
            ..Search::default()
        };
        assert_eq!(refused(account).await, "there is no account `nobody`");
        let before = Search {
            before: Some(JobId::new("1ZZZZ").unwrap()),
            ..Search::default()
        };
        assert_eq!(
            refused(before).await,
            "the list cannot go on after `1ZZZZ`: there is no such job"
        );
        let station = Caller::Station(StationName::new("dock-1").unwrap());
        let denied = search(&world.admin, &station, Search::default()).await;
        assert!(matches!(denied, Err(Refused::Denied(_))), "{denied:?}");
    }
}
