//! What a run is about: which jobs there are, and how many hosts.

use crate::chance::Chance;
use crate::shipment::image::Place;
use crate::volume;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Files of a device become objects.
    Import,
    /// The same of a disk that is read without being mounted.
    Disk,
    /// Objects become files of a device.
    Export,
    /// The image of a device goes there.
    Image(Place),
}

/// The jobs and the hosts of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// The jobs.
    pub jobs: Vec<Work>,
    /// How many hosts there are.
    pub hosts: usize,
}

impl Scenario {
    /// One import, of a device that is docked at one of two hosts.
    #[must_use]
    pub fn one_import() -> Self {
        Self {
            jobs: vec![Work::Import],
            hosts: 2,
        }
    }

    /// What the seed says: mostly one import, else some jobs at once.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let chance = Chance::new(seed).of("scenario");
        let scenario = match chance.below(7) {
            0 => Self::several(chance),
            _ => Self::one_import(),
        };
        scenario.with_disks(chance.of("disks"))
    }

    /// Whether several devices and hosts are at work at once.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let is_import = |work| matches!(work, Work::Import | Work::Disk);
        !matches!(self.jobs[..], [work] if is_import(work)) || self.hosts > 2
    }

    /// The same, some of whose imports are of disks, where the tools are here that make those. Drawn apart from the
    /// others, so that seeds keep their meaning.
    fn with_disks(mut self, chance: Chance) -> Self {
        for (index, job) in self.jobs.iter_mut().enumerate() {
            let is_disk = *job == Work::Import && chance.of(index).one_in(4);
            if is_disk && !volume::all().is_empty() {
                *job = Work::Disk;
            }
        }
        self
    }

    fn several(chance: Chance) -> Self {
        let ebs = chance.of("ebs").pick(&[Place::Snapshot, Place::Series]);
        let glacier = chance.of("glacier").pick(&[Place::Archive, Place::Object]);
        let kinds = [
            Work::Import,
            Work::Export,
            Work::Export,
            Work::Image(ebs),
            Work::Image(glacier),
        ];
        let count = 1 + chance.of("jobs").below(3);
        Self {
            jobs: (0..count)
                .map(|index| chance.of(("kind", index)).pick(&kinds))
                .collect(),
            hosts: 2 + chance.of("hosts").index(2),
        }
    }

    /// The settings of the services that take images: jobs whose images go to objects find none.
    #[must_use]
    pub fn image_settings(&self) -> String {
        let table = |place, name| {
            let is_there = self.jobs.contains(&Work::Image(place));
            let table = format!(
                "[{name}]\nendpoint = \"http://127.0.0.1:9\"\naccess_key_id = \"AK\"\n\
                 secret_access_key = \"SK\"\n"
            );
            if is_there { table } else { String::new() }
        };
        table(Place::Snapshot, "ebs") + &table(Place::Archive, "glacier")
    }
}
