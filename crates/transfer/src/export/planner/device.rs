//! One device while it is planned: its room, the names given away on it, and its recovery
//! directory.

use std::path::Path;

use model::export::capacity::Room;
use model::export::{self, Place, Unfit};
use model::ids::ObjectKey;
use model::manifest::S3Export;

use super::PlanFailure;
use super::listing::Selected;
use super::names::{Free, Names};
use crate::destination::folder::STAGED;
use crate::export::plan::To;

/// A device that is being planned.
pub(super) struct Device<'a> {
    rules: &'a S3Export,
    /// Names in the root that are the job's, folded.
    own: Vec<String>,
    names: Names,
    room: Room,
    /// Files of the recovery directory that have been given away, or passed over.
    recovered: u64,
}

impl<'a> Device<'a> {
    /// An empty device.
    pub(super) fn new(
        rules: &'a S3Export,
        scratch: &Path,
        own: &[String],
        room: Room,
    ) -> Result<Self, PlanFailure> {
        let fold = |name: &String| export::fold(rules.file_system, name);
        let mut device = Self {
            rules,
            own: own.iter().map(fold).collect(),
            names: Names::create(rules.file_system, scratch)?,
            room,
            recovered: 0,
        };
        device.reserve_recovery()?;
        Ok(device)
    }

    /// Keeps the recovery directory from becoming a file. It takes no room before it is used.
    fn reserve_recovery(&mut self) -> Result<(), PlanFailure> {
        let path = export::recovery_directory(self.rules);
        if self.is_own(&path) {
            return Err(PlanFailure::RecoveryDirectory(path));
        }
        let reserved = self.names.directory(&path, &mut |free| {
            free.directories
                .iter()
                .all(|directory| self.room.take_directory(directory))
        })?;
        debug_assert!(reserved.is_ok(), "nothing is on the device yet");
        Ok(())
    }

    /// Places an object; `None` if there is no room for it, and then the device is done.
    pub(super) fn place(&mut self, found: &Selected) -> Result<Option<To>, PlanFailure> {
        let (key, bytes) = (&found.listed.key, found.listed.size);
        match export::place(self.rules, found.set(self.rules), key, bytes) {
            Place::File(path) => self.file(path, key, bytes),
            Place::Directory(path) => self.directory(path, key, bytes),
            Place::Recovery(why) => self.recover(&why, key, bytes),
            Place::Nowhere(failure) => {
                let mentioned = self.room.take_mention("", key);
                Ok(mentioned.then_some(To::Nowhere(failure)))
            }
        }
    }

    fn file(
        &mut self,
        path: String,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Option<To>, PlanFailure> {
        if self.is_own(&path) {
            return self.recover(&Unfit::Reserved(path), key, bytes);
        }
        match self.take_file(&path, key, bytes)? {
            Ok(taken) => Ok(taken.map(|path| To::File { path })),
            Err(why) => self.recover(&why, key, bytes),
        }
    }

    fn directory(
        &mut self,
        path: String,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Option<To>, PlanFailure> {
        if self.is_own(&path) {
            return self.recover(&Unfit::Reserved(path), key, bytes);
        }
        let room = &mut self.room;
        let taken = self.names.directory(&path, &mut |free| {
            afford_above(room, free) && room.take_mention(&free.path, key)
        })?;
        match taken {
            Ok(taken) => Ok(taken.map(|free| To::Directory { path: free.path })),
            Err(why) => self.recover(&why, key, bytes),
        }
    }

    /// Gives an object the next file of the recovery directory that is free.
    fn recover(
        &mut self,
        why: &Unfit,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Option<To>, PlanFailure> {
        while let Some(path) = export::recovery_file(self.rules, self.recovered) {
            self.recovered += 1;
            let why = why.to_string();
            // An object may have been given just this name as its own.
            if let Ok(taken) = self.take_file(&path, key, bytes)? {
                return Ok(taken.map(|path| To::Recovered { path, why }));
            }
        }
        let mentioned = self.room.take_mention("", key);
        Ok(mentioned.then(|| To::Nowhere(export::recovery_full(key))))
    }

    fn take_file(
        &mut self,
        path: &str,
        key: &ObjectKey,
        bytes: u64,
    ) -> Result<Result<Option<String>, Unfit>, PlanFailure> {
        let room = &mut self.room;
        let taken = self.names.file(path, &mut |free| {
            afford_above(room, free) && room.take_file(&free.path, key, bytes)
        })?;
        Ok(taken.map(|taken| taken.map(|free| free.path)))
    }

    /// Whether a path begins with a name that the job itself has in the root, or has a part that
    /// could be a file on its way to its name.
    fn is_own(&self, path: &str) -> bool {
        let fold = |name| export::fold(self.rules.file_system, name);
        let (path, staged) = (fold(path), fold(STAGED));
        let first = path.split('/').next().unwrap_or(&path);
        let is_taken = self.own.iter().any(|own| own == first);
        is_taken || path.split('/').any(|part| part.starts_with(&staged))
    }
}

/// Takes room for the directories above a name.
fn afford_above(room: &mut Room, free: &Free) -> bool {
    free.directories
        .iter()
        .all(|directory| room.take_directory(directory))
}
