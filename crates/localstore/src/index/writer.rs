//! The one task that changes the index and the names on disk.
//!
//! A batch goes: give contents their names, sync the folders, one transaction, answer everybody, then
//! remove what nobody needs any more. Files to remove are written into the same transaction
//! (`doomed`), so a crash before the removal only postpones it; the note is struck out by the next batch.

use super::apply::{Change, Doomed, apply};
use super::{Index, rows::Moment};
use crate::error::StoreError;
use crate::limits;
use crate::tree::{Incoming, Tree};
use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;
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

/// An order whose contents have their name.
struct Placed {
    order: Order,
    path: Option<String>,
}

/// Paths that may be removed, each with the number of its note in the index if it has one.
type Removals = Vec<(Option<i64>, String)>;

impl Writer {
    /// Starts the task; `struck` are notes of files that are removed already.
    pub(crate) fn start(
        index: Arc<Index>,
        db: SqliteConnection,
        tree: Arc<Tree>,
        struck: Vec<i64>,
    ) -> Self {
        let (inbox, orders) = mpsc::channel(limits::BATCH_CHANGES * 4);
        let (stop, stopped) = watch::channel(false);
        let task = Task {
            index,
            db,
            tree,
            struck,
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
    db: SqliteConnection,
    tree: Arc<Tree>,
    /// Notes of files that are removed, to be struck out with the next batch.
    struck: Vec<i64>,
}

impl Task {
    async fn run(mut self, mut inbox: mpsc::Receiver<Order>, mut stopped: watch::Receiver<bool>) {
        let mut orders = Vec::new();
        loop {
            tokio::select! {
                biased;
                count = inbox.recv_many(&mut orders, limits::BATCH_CHANGES) => if count == 0 { break },
                _ = stopped.wait_for(|stop| *stop), if !inbox.is_closed() => inbox.close(),
            }
            if !orders.is_empty() {
                self.batch(std::mem::take(&mut orders)).await;
            }
        }
        let struck = self.strike_out().await;
        if let Err(error) = struck.and(self.db.close().await.map_err(StoreError::from)) {
            tracing::warn!(error = %error, "index not closed cleanly");
        }
    }

    async fn batch(&mut self, orders: Vec<Order>) {
        let tree = Arc::clone(&self.tree);
        let placed = tokio::task::spawn_blocking(move || place_all(&tree, orders)).await;
        let Ok(placed) = placed else {
            return tracing::error!("placing files panicked; the batch is refused");
        };
        let removals = match self.transact(&placed).await {
            Ok((outcomes, doomed)) => self.answer(placed, outcomes, doomed),
            Err(error) => self.fail(placed, &error).await,
        };
        let tree = Arc::clone(&self.tree);
        let removed = tokio::task::spawn_blocking(move || remove_all(&tree, removals)).await;
        self.struck.extend(removed.unwrap_or_default());
    }

    /// One transaction for the batch: per order whether it was done, and the files to remove.
    async fn transact(
        &mut self,
        placed: &[Placed],
    ) -> Result<(Vec<Result<(), StoreError>>, Removals), StoreError> {
        let mut transaction = self.db.begin_with("BEGIN IMMEDIATE").await?;
        for note in &self.struck {
            strike(&mut transaction, *note).await?;
        }
        let mut outcomes = Vec::with_capacity(placed.len());
        let mut removals = Removals::new();
        for Placed { order, path } in placed {
            let path = path.as_deref().unwrap_or_default();
            match apply(&mut transaction, &order.change, path).await {
                Ok(doomed) => {
                    note_all(&mut transaction, doomed, &mut removals).await?;
                    outcomes.push(Ok(()));
                }
                Err(refusal @ StoreError::Refused(_)) => outcomes.push(Err(refusal)),
                Err(error) => return Err(error),
            }
        }
        transaction.commit().await?;
        self.struck.clear();
        Ok((outcomes, removals))
    }

    fn answer(
        &self,
        placed: Vec<Placed>,
        outcomes: Vec<Result<(), StoreError>>,
        mut removals: Removals,
    ) -> Removals {
        for (Placed { order, path }, outcome) in placed.into_iter().zip(outcomes) {
            if outcome.is_err() {
                removals.extend(path.map(|path| (None, path)));
            } else if let Change::DeleteBucket { bucket } = &order.change {
                self.tree.remove_bucket(bucket);
            }
            // Whoever asked may be gone; the change is done all the same.
            let _ = order.reply.send(outcome);
        }
        removals
    }

    /// Answers a batch whose transaction failed. A commit that failed may still have been carried
    /// out, so a file is removed only if the index says it is not in use.
    async fn fail(&self, placed: Vec<Placed>, error: &StoreError) -> Removals {
        tracing::error!(%error, changes = placed.len(), at = ?Moment::now(), "index transaction failed");
        let mut removals = Removals::new();
        for Placed { order, path } in placed {
            match path {
                Some(path) if matches!(self.index.uses(&path).await, Ok(false)) => {
                    removals.push((None, path));
                }
                // The second name in `.incoming` stays too: the next opening will look into it.
                Some(_) => std::mem::forget(order.contents),
                None => {}
            }
            let _ = order.reply.send(Err(error.clone()));
        }
        removals
    }

    async fn strike_out(&mut self) -> Result<(), StoreError> {
        let mut transaction = self.db.begin_with("BEGIN IMMEDIATE").await?;
        for note in &self.struck {
            strike(&mut transaction, *note).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn strike(db: &mut SqliteConnection, note: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM doomed WHERE id = ?")
        .bind(note)
        .execute(db)
        .await?;
    Ok(())
}

async fn note_all(
    db: &mut SqliteConnection,
    doomed: Doomed,
    removals: &mut Removals,
) -> Result<(), StoreError> {
    for path in doomed {
        let note = sqlx::query("INSERT INTO doomed (path) VALUES (?)")
            .bind(&path)
            .execute(&mut *db)
            .await?
            .last_insert_rowid();
        removals.push((Some(note), path));
    }
    Ok(())
}

/// Names all contents and syncs the folders; orders that fail are answered and left out.
fn place_all(tree: &Tree, orders: Vec<Order>) -> Vec<Placed> {
    let mut placed = Vec::with_capacity(orders.len());
    for order in orders {
        match place(tree, &order) {
            Ok(path) => placed.push(Placed { order, path }),
            Err(error) => drop(order.reply.send(Err(error))),
        }
    }
    let paths = placed.iter().filter_map(|placed| placed.path.as_deref());
    let Err(error) = tree.settle(paths) else {
        return placed;
    };
    for Placed { order, path } in placed {
        remove_all(tree, path.map(|path| (None, path)).into_iter().collect());
        drop(order.reply.send(Err(error.clone())));
    }
    Vec::new()
}

fn place(tree: &Tree, order: &Order) -> Result<Option<String>, StoreError> {
    match (&order.change, &order.contents) {
        (Change::PutObject { object, .. } | Change::Complete { object, .. }, Some(contents)) => {
            let label = &object.label;
            tree.place_object(contents, &label.bucket, &label.key)
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
fn remove_all(tree: &Tree, removals: Removals) -> Vec<i64> {
    let mut gone = Vec::new();
    for (note, path) in removals {
        match tree.remove(&path) {
            Ok(()) => gone.extend(note),
            Err(error) => tracing::warn!(path, %error, "file without use left behind"),
        }
    }
    gone
}
