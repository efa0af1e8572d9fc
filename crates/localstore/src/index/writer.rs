//! The one task that changes the index and the names on disk.
//!
//! A batch goes: give contents their names, sync the folders, one transaction, rename what replaces
//! something, answer everybody, then remove what nobody needs any more. Renames (`move`) and files to
//! remove (`doomed`) are noted in the same transaction, so a crash before either only postpones it;
//! the notes are struck out by the next batch. A batch holds at most one change of each object, so that what
//! is read of the objects' names before it is still true when it is written.
//!
//! A connection that has seen a failure is never used again: the database may have rolled back by
//! itself, and then the library's count of open transactions is wrong for good.

use super::Index;
use super::apply::{Change, Doomed, apply};
use crate::error::StoreError;
use crate::limits;
use crate::naming;
use crate::tree::{self, Incoming, Place, Tree};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

/// Where changes are handed in.
#[derive(Debug)]
pub(crate) struct Writer {
    inbox: mpsc::Sender<Order>,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Order {
    change: Change,
    contents: Option<Incoming>,
    reply: oneshot::Sender<Result<(), StoreError>>,
}

/// What is known of an object's name before its contents are placed.
#[derive(Debug, Default)]
struct Known {
    /// The name that the object to be replaced has.
    present: Option<String>,
    /// Whether the best name belongs to another key.
    is_reserved: bool,
}

/// An order whose contents have a place.
struct Placed {
    order: Order,
    place: Option<Place>,
}

/// Notes in the index of what is done on disk, and so can be struck out.
#[derive(Debug, Default)]
pub(crate) struct Struck {
    pub(crate) doomed: Vec<i64>,
    pub(crate) moves: Vec<i64>,
}

/// What a transaction leaves to be done on disk.
#[derive(Debug, Default)]
struct Chores {
    /// Files to remove, each with the number of its note if it has one.
    removals: Vec<(Option<i64>, String)>,
    /// Note, where the file is, what it is to be called.
    moves: Vec<(i64, String, String)>,
}

impl Writer {
    /// Starts the task; `struck` are notes of what is done already.
    pub(crate) fn start(
        index: Arc<Index>,
        db: SqliteConnection,
        tree: Arc<Tree>,
        struck: Struck,
    ) -> Self {
        let (inbox, orders) = mpsc::channel(limits::BATCH_CHANGES * 4);
        let (stop, stopped) = watch::channel(false);
        let task = Task {
            index,
            db: Some(db),
            tree,
            struck,
            unsure: Vec::new(),
        };
        let task = tokio::spawn(task.run(orders, stopped));
        Self {
            inbox,
            stop,
            task: Mutex::new(Some(task)),
        }
    }

    /// Makes a change true and durable. Runs to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// [`StoreError::Refused`] and nothing changed; or the disk's or index's failure.
    pub(crate) async fn submit(
        &self,
        change: Change,
        contents: Option<Incoming>,
    ) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let order = Order {
            change,
            contents,
            reply,
        };
        self.inbox
            .send(order)
            .await
            .map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes the changes already handed in and ends the task.
    pub(crate) async fn close(&self) {
        self.stop.send_replace(true);
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Err(error)) = match task {
            Some(task) => Some(task.await),
            None => None,
        } {
            tracing::error!(%error, "index writer ended badly");
        }
    }
}

struct Task {
    index: Arc<Index>,
    /// `None` after a failure, until the next batch opens another.
    db: Option<SqliteConnection>,
    tree: Arc<Tree>,
    /// Notes to be struck out with the next batch.
    struck: Struck,
    /// Names of which it is not known whether their files are to be replaced.
    unsure: Vec<String>,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>, mut stopped: watch::Receiver<bool>) {
        let mut waiting = VecDeque::new();
        let mut orders = Vec::new();
        loop {
            if waiting.is_empty() {
                tokio::select! {
                    biased;
                    count = inbox.recv_many(&mut orders, limits::BATCH_CHANGES) => if count == 0 { break },
                    _ = stopped.wait_for(|stop| *stop), if !inbox.is_closed() => inbox.close(),
                }
                waiting.extend(orders.drain(..));
            }
            let batch = take_batch(&mut waiting);
            if !batch.is_empty() {
                self.batch(batch).await;
            }
        }
        if let Err(error) = self.strike_out().await {
            tracing::warn!(%error, "index not closed cleanly");
        }
    }

    async fn batch(&mut self, orders: Vec<Order>) {
        let known = match self.connect().await {
            Ok(()) => self.look_up(&orders).await,
            Err(error) => Err(error),
        };
        let known = match known {
            Ok(known) => known,
            Err(error) => return self.abandon(orders, error),
        };
        let tree = Arc::clone(&self.tree);
        let placed = tokio::task::spawn_blocking(move || {
            tree.reserve().keep();
            place_all(&tree, orders, known)
        });
        let Ok(placed) = placed.await else {
            return tracing::error!("placing files panicked; the batch is refused");
        };
        if !placed.is_empty() {
            self.commit(placed).await;
        }
    }

    /// One transaction for what is placed, and what follows from it on disk.
    async fn commit(&mut self, placed: Vec<Placed>) {
        self.tree.begin_moves(replaced(&placed));
        match self.transact(&placed).await {
            Ok((outcomes, chores)) => self.finish(placed, outcomes, chores).await,
            Err(error) => self.fail(placed, error).await,
        }
    }

    /// One transaction for the batch: per order whether it was done, and what is left to do.
    async fn transact(
        &mut self,
        placed: &[Placed],
    ) -> Result<(Vec<Result<(), StoreError>>, Chores), StoreError> {
        let db = self.db.as_mut().ok_or(StoreError::Closed)?;
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
        self.struck.strike(&mut transaction).await?;
        let mut outcomes = Vec::with_capacity(placed.len());
        let mut chores = Chores::default();
        for Placed { order, place } in placed {
            match apply(&mut transaction, &self.tree, &order.change, place.as_ref()).await {
                Ok(doomed) => {
                    chores.note_doomed(&mut transaction, doomed).await?;
                    chores.note_move(&mut transaction, place.as_ref()).await?;
                    outcomes.push(Ok(()));
                }
                Err(refusal @ StoreError::Refused(_)) => outcomes.push(Err(refusal)),
                Err(error) => return Err(error),
            }
        }
        transaction.commit().await?;
        self.struck = Struck::default();
        Ok((outcomes, chores))
    }

    async fn finish(
        &mut self,
        placed: Vec<Placed>,
        outcomes: Vec<Result<(), StoreError>>,
        mut chores: Chores,
    ) {
        let replaced: Vec<String> = replaced(&placed).map(ToOwned::to_owned).collect();
        let stuck = self.rename(std::mem::take(&mut chores.moves)).await;
        let done = replaced.iter().filter(|path| !stuck.contains(*path));
        self.tree.end_moves(done.map(String::as_str));
        for (Placed { order, place }, outcome) in placed.into_iter().zip(outcomes) {
            match (&outcome, place) {
                (Err(_), Some(Place::Named(path))) => chores.removals.push((None, path)),
                // The file is still needed: opening again will give it its name.
                (Ok(()), Some(place)) if stuck.contains(place.path()) => {
                    std::mem::forget(order.contents);
                }
                _ => {}
            }
            if let (Ok(()), Change::DeleteBucket { bucket }) = (&outcome, &order.change) {
                self.tree.remove_bucket(bucket);
            }
            // Whoever asked may be gone; the change is done all the same.
            let _ = order.reply.send(outcome);
        }
        self.clear_up(chores.removals, replaced).await;
    }

    /// Gives files their names; returns the names that could not be given.
    async fn rename(&mut self, moves: Vec<(i64, String, String)>) -> HashSet<String> {
        if moves.is_empty() {
            return HashSet::new();
        }
        let tree = Arc::clone(&self.tree);
        let renamed = tokio::task::spawn_blocking(move || {
            let mut done = Vec::new();
            let mut stuck = HashSet::new();
            for (note, source, path) in moves {
                match tree.finish_move(&source, &path) {
                    Ok(()) => done.push(note),
                    Err(error) => {
                        tracing::error!(path, %error, "contents without their name; the store will try again when it is opened");
                        stuck.insert(path);
                    }
                }
            }
            (done, stuck)
        });
        let (done, stuck) = renamed.await.unwrap_or_default();
        self.struck.moves.extend(done);
        stuck
    }

    /// Removes what no row has, and waits until the names given are on the disk: before that their
    /// notes must not be struck out.
    async fn clear_up(&mut self, removals: Vec<(Option<i64>, String)>, renamed: Vec<String>) {
        let tree = Arc::clone(&self.tree);
        let cleared = tokio::task::spawn_blocking(move || {
            let gone = remove_all(&tree, removals);
            (gone, tree.settle_names(renamed.iter().map(String::as_str)))
        });
        match cleared.await {
            Ok((gone, settled)) => {
                self.struck.doomed.extend(gone);
                if let Err(error) = settled {
                    tracing::warn!(%error, "names not known to be on the disk");
                    self.struck.moves.clear();
                }
            }
            Err(_) => self.struck.moves.clear(),
        }
    }

    /// Answers a batch whose transaction failed. A commit that failed may still have been carried
    /// out, so contents go only if the index says that they are not in use.
    async fn fail(&mut self, placed: Vec<Placed>, error: StoreError) {
        self.db = None;
        let error = self.named(error);
        let is_full = error.is_out_of_space();
        tracing::error!(%error, cause = ?std::error::Error::source(&error), changes = placed.len(), "index transaction failed");
        let moves = self.index.moves().await;
        let mut removals = Vec::new();
        let mut again = Vec::new();
        for Placed { order, place } in placed {
            match &place {
                Some(Place::Named(path)) => match self.index.uses(path).await {
                    Ok(false) => removals.push((None, path.clone())),
                    // The second name in `.incoming` stays too: the next opening will look into it.
                    _ => std::mem::forget(order.contents),
                },
                Some(Place::Replacing { path, source }) => match &moves {
                    Ok(moves) if !moves.iter().any(|(_, noted, _)| noted == source) => {
                        self.tree.end_moves(std::iter::once(path.as_str()));
                    }
                    _ => {
                        std::mem::forget(order.contents);
                        self.unsure.push(path.clone());
                    }
                },
                None if is_full && order.change.makes_room() => {
                    again.push(Placed { order, place });
                    continue;
                }
                None => {}
            }
            let _ = order.reply.send(Err(error.clone()));
        }
        self.clear_up(removals, Vec::new()).await;
        self.make_room(again, error).await;
    }

    /// Deletes although the disk is full, with the space that was kept aside for it.
    async fn make_room(&mut self, placed: Vec<Placed>, error: StoreError) {
        if placed.is_empty() {
            return;
        }
        if !self.tree.reserve().release() || self.connect().await.is_err() {
            return self.abandon(placed.into_iter().map(|placed| placed.order), error);
        }
        match self.transact(&placed).await {
            Ok((outcomes, chores)) => self.finish(placed, outcomes, chores).await,
            Err(error) => {
                self.db = None;
                let error = self.named(error);
                self.abandon(placed.into_iter().map(|placed| placed.order), error);
            }
        }
    }

    fn abandon(&self, orders: impl IntoIterator<Item = Order>, error: StoreError) {
        let error = self.named(error);
        for order in orders {
            let _ = order.reply.send(Err(error.clone()));
        }
    }

    /// A failure by its cause: on a full disk the database fails in several ways.
    fn named(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Index(_) if self.tree.reserve().is_wanted() => {
                tree::full("write the index")
            }
            other => other,
        }
    }

    /// Opens a connection if the last one failed, and does what may have been left undone then.
    async fn connect(&mut self) -> Result<(), StoreError> {
        if self.db.is_some() {
            return Ok(());
        }
        let db = self.index.writer().await?;
        if !self.unsure.is_empty() {
            let moves = self.index.moves().await?;
            let stuck = self.rename(moves).await;
            let unsure = std::mem::take(&mut self.unsure);
            let (stuck, done): (Vec<_>, Vec<_>) =
                unsure.into_iter().partition(|path| stuck.contains(path));
            self.tree.end_moves(done.iter().map(String::as_str));
            self.unsure = stuck;
            self.clear_up(Vec::new(), done).await;
        }
        self.db = Some(db);
        Ok(())
    }

    /// What the index knows about the names of the objects that are about to be written.
    async fn look_up(&mut self, orders: &[Order]) -> Result<Vec<Known>, StoreError> {
        let mut known = Vec::with_capacity(orders.len());
        for order in orders {
            known.push(match (&order.contents, order.change.object()) {
                (Some(_), Some((bucket, key))) => self.known(bucket, key).await.inspect_err(|_| {
                    // Not even reading went well.
                    tracing::error!(bucket, key, "object not looked up");
                }),
                _ => Ok(Known::default()),
            });
        }
        let known: Result<Vec<Known>, StoreError> = known.into_iter().collect();
        if known.is_err() {
            self.db = None;
        }
        known
    }

    async fn known(&mut self, bucket: &str, key: &str) -> Result<Known, StoreError> {
        let db = self.db.as_mut().ok_or(StoreError::Closed)?;
        let present = sqlx::query_scalar("SELECT path FROM object WHERE bucket = ? AND key = ?")
            .bind(bucket)
            .bind(key.as_bytes())
            .fetch_optional(&mut *db)
            .await?;
        let wish = format!("{bucket}/{}", naming::components(key).join("/"));
        let other: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM object WHERE path = ? AND NOT (bucket = ? AND key = ?) LIMIT 1",
        )
        .bind(wish)
        .bind(bucket)
        .bind(key.as_bytes())
        .fetch_optional(db)
        .await?;
        Ok(Known {
            present,
            is_reserved: other.is_some(),
        })
    }

    async fn strike_out(&mut self) -> Result<(), StoreError> {
        self.connect().await?;
        let Some(mut db) = self.db.take() else {
            return Ok(());
        };
        let mut transaction = db.begin_with("BEGIN IMMEDIATE").await?;
        self.struck.strike(&mut transaction).await?;
        transaction.commit().await?;
        Ok(db.close().await?)
    }
}

impl Struck {
    async fn strike(&self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        for note in &self.doomed {
            sqlx::query("DELETE FROM doomed WHERE id = ?")
                .bind(note)
                .execute(&mut *db)
                .await?;
        }
        for note in &self.moves {
            sqlx::query("DELETE FROM move WHERE id = ?")
                .bind(note)
                .execute(&mut *db)
                .await?;
        }
        Ok(())
    }
}

impl Chores {
    async fn note_doomed(
        &mut self,
        db: &mut SqliteConnection,
        doomed: Doomed,
    ) -> Result<(), StoreError> {
        for path in doomed {
            let note = sqlx::query("INSERT INTO doomed (path) VALUES (?)")
                .bind(&path)
                .execute(&mut *db)
                .await?
                .last_insert_rowid();
            self.removals.push((Some(note), path));
        }
        Ok(())
    }

    async fn note_move(
        &mut self,
        db: &mut SqliteConnection,
        place: Option<&Place>,
    ) -> Result<(), StoreError> {
        let Some(Place::Replacing { path, source }) = place else {
            return Ok(());
        };
        let note = sqlx::query("INSERT INTO move (source, path) VALUES (?, ?)")
            .bind(source)
            .bind(path)
            .execute(db)
            .await?
            .last_insert_rowid();
        self.moves.push((note, source.clone(), path.clone()));
        Ok(())
    }
}

/// The orders up to the first that is about an object of an earlier one.
fn take_batch(waiting: &mut VecDeque<Order>) -> Vec<Order> {
    let mut objects = HashSet::new();
    let mut count = 0;
    for order in waiting.iter() {
        if let Some((bucket, key)) = order.change.object()
            && !objects.insert((bucket, key))
        {
            break;
        }
        count += 1;
    }
    drop(objects);
    waiting.drain(..count).collect()
}

fn replaced(placed: &[Placed]) -> impl Iterator<Item = &str> {
    placed.iter().filter_map(|placed| match &placed.place {
        Some(Place::Replacing { path, .. }) => Some(path.as_str()),
        _ => None,
    })
}

/// Places all contents and syncs the folders; orders that fail are answered and left out.
fn place_all(tree: &Tree, orders: Vec<Order>, known: Vec<Known>) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(orders.len());
    for (order, known) in orders.into_iter().zip(known) {
        match place(tree, &order, &known) {
            Ok(place) => placed.push(Placed { order, place }),
            Err(error) => drop(order.reply.send(Err(error))),
        }
    }
    let places = placed.iter().filter_map(|placed| placed.place.as_ref());
    let Err(error) = tree.settle(places) else {
        return placed;
    };
    for Placed { order, place } in placed {
        if let Some(Place::Named(path)) = place {
            remove_all(tree, vec![(None, path)]);
        }
        drop(order.reply.send(Err(error.clone())));
    }
    Vec::new()
}

fn place(tree: &Tree, order: &Order, known: &Known) -> Result<Option<Place>, StoreError> {
    match (&order.change, &order.contents) {
        (Change::PutObject { object, .. } | Change::Complete { object, .. }, Some(contents)) => {
            let label = &object.label;
            let name = (label.bucket.as_str(), label.key.as_str());
            let present = known.present.as_deref();
            tree.place_object(contents, name, present, known.is_reserved)
                .map(Some)
        }
        (Change::PutPart { part, .. }, Some(contents)) => tree
            .place_part(contents, &part.upload, part.number)
            .map(Some),
        (Change::CreateBucket(bucket), _) => tree.make_bucket(&bucket.name).map(|()| None),
        _ => Ok(None),
    }
}

/// Removes files; returns the notes of those that are gone. One that resists stays noted.
fn remove_all(tree: &Tree, removals: Vec<(Option<i64>, String)>) -> Vec<i64> {
    let mut gone = Vec::new();
    for (note, path) in removals {
        match tree.remove(&path) {
            Ok(()) => gone.extend(note),
            Err(error) => tracing::warn!(path, %error, "file without use left behind"),
        }
    }
    gone
}
