//! The writer's own hold of the file: before each piece of work it looks whether the files are still those that it
//! opened, and after it, before anything is acknowledged, again.

use std::{
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use rusqlite::{Connection, config::DbConfig};
use tokio::sync::Semaphore;

use crate::{
    clock::now_ms,
    retention::Witnesses,
    store::{
        BUSY, READERS, StoreError,
        erased::Known,
        folder::Folder,
        health::Health,
        ledger::{self, Counted, Ledger},
        log::Log,
        names::{self, Names, Rules},
        note, outbox,
        place::{Part, Place, Sizes},
        retention, schema,
        segments::Packing,
    },
};

/// What readers share with the writer.
#[derive(Clone)]
pub struct Shared {
    pub health: Arc<Health>,
    /// The files that were opened.
    pub place: Arc<RwLock<Place>>,
    /// Something else was written into the file.
    pub is_overwritten: Arc<AtomicBool>,
    pub readers: Arc<Semaphore>,
    /// Who looks whether all is well reads beside them.
    pub prober: Arc<Semaphore>,
    /// Which components are told apart.
    pub rules: Rules,
    /// What pages have told of the clock.
    pub witnesses: Arc<Mutex<Witnesses>>,
}

impl Shared {
    /// How large the files are, if they are the ones that were opened.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn look(&self) -> Result<Sizes, StoreError> {
        let place = self.place.read().unwrap_or_else(PoisonError::into_inner).check();
        let is_overwritten = self.is_overwritten.load(Ordering::Relaxed);
        let place =
            place.and_then(|sizes| if is_overwritten { Err(Part::Content) } else { Ok(sizes) });
        self.health.place(place.err());
        place.map_err(|_| self.unwell())
    }

    fn unwell(&self) -> StoreError {
        StoreError::Unwell(self.health.check().err().unwrap_or_default())
    }
}

pub struct File {
    pub connection: Connection,
    pub known: Known,
    pub names: Names,
    pub packing: Packing,
    shared: Shared,
    folder: Folder,
    ledger: Ledger,
    log: Log,
    /// Size and time of the file as this server has left it.
    left: (u64, Option<SystemTime>),
}

impl File {
    /// Opens the file of a folder, making it when missing.
    pub fn open(folder: Folder, max_bytes: u64, packing: Packing) -> Result<Self, StoreError> {
        ledger::keep_out_a_foreign_log(&folder, now_ms())?;
        let log = Log::new(max_bytes);
        let mut connection = connect(&folder, &log, &packing)?;
        let known = Known::load(&connection)?;
        let mut names = Names::default();
        names.load(&connection)?;
        let ledger = Ledger::open(&folder, &connection)?;
        let shared = Shared {
            health: Arc::default(),
            place: Arc::new(RwLock::new(Place::of(&folder.events())?)),
            is_overwritten: Arc::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            prober: Arc::new(Semaphore::new(1)),
            rules: names.rules(),
            witnesses: Arc::default(),
        };
        if let Err(failure) = schema::check(&mut connection) {
            shared.health.saw(&failure);
        }
        let mut file = Self {
            connection,
            known,
            names,
            packing,
            shared,
            folder,
            ledger,
            log,
            left: (0, None),
        };
        // From here on the file itself is of a generation of its own.
        file.checkpoint(true)?;
        file.settle(None)?;
        Ok(file)
    }

    pub fn shared(&self) -> Shared {
        self.shared.clone()
    }

    /// Before anything is written.
    ///
    /// # Errors
    /// When what is written would be nowhere.
    pub fn ready(&mut self) -> Result<Sizes, StoreError> {
        let place = self.place();
        if matches!(place, Err(Part::Log | Part::Index)) {
            self.begin_a_log();
        }
        let sizes = self.look();
        let was_lost = sizes.is_err();
        // Whoever closes a file that is not at its name would remove the log of the one that is.
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, was_lost)?;
        let sizes = sizes?;
        self.folder.hold_on()?;
        Ok(sizes)
    }

    /// Whether there is room for some bytes of lines.
    ///
    /// # Errors
    /// When the log is too long, as somebody reads on and on.
    pub fn has_room(&mut self, sizes: Sizes) -> Result<(), StoreError> {
        if self.log.is_within_bounds(sizes.log) {
            return Ok(());
        }
        self.checkpoint(true)?;
        let sizes = self.look()?;
        if self.log.is_within_bounds(sizes.log) { Ok(()) } else { Err(StoreError::LogFull) }
    }

    /// After a transaction, with what [`ledger::count`] said of it; what it wrote may be acknowledged then.
    ///
    /// # Errors
    /// When it was written to a file that is nowhere.
    pub fn settle(&mut self, counted: Counted) -> Result<(), StoreError> {
        let sizes = self.look()?;
        if let Some((commits, cursor)) = counted {
            self.ledger.entry.commits = commits;
            self.ledger.entry.cursor = cursor;
        }
        self.ledger.entry.bytes = sizes.events;
        self.ledger.write();
        Ok(())
    }

    /// Copies the log into the file when it is long enough, so that it begins anew.
    pub fn tidy(&mut self) {
        let Ok(sizes) = self.look() else { return };
        if self.log.is_due(sizes.log) {
            if let Err(failure) = self.checkpoint(self.log.is_long(sizes.log)) {
                self.shared.health.saw(&failure);
            }
            self.log.tell(sizes.log);
        }
    }

    /// Empties the log now, so that nothing of what was erased stands in it. A reader may hold it: events do not wait
    /// for that, and it is tried again.
    pub fn empty_log(&mut self) -> Result<(), StoreError> {
        self.checkpoint(true).map(|_| ())
    }

    pub fn group_bytes(&self) -> u64 {
        self.log.group_bytes()
    }

    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// Whether all of the log stands in the file now. With `empty` the log gives its room back too.
    fn checkpoint(&mut self, empty: bool) -> Result<bool, StoreError> {
        if !self.ledger.entry.pending {
            // A full disk has no room for that; then an older copy may go unnoticed.
            if let Ok(generation) = ledger::next_generation(&mut self.connection) {
                self.ledger.entry.generation = generation;
            }
            self.ledger.entry.pending = true;
            self.ledger.write();
        }
        let is_done = self.log.copy(&self.connection, empty)?;
        self.ledger.entry.pending = !is_done;
        if let Ok(sizes) = self.place() {
            self.left = (sizes.events, sizes.written);
            self.ledger.entry.bytes = sizes.events;
        }
        self.ledger.write();
        Ok(is_done)
    }

    /// As [`Shared::look`]; and whether the file still has what this server has left in it, where somebody else has written
    /// to it.
    fn look(&mut self) -> Result<Sizes, StoreError> {
        if let Ok(sizes) = self.place() {
            let found = (sizes.events, sizes.written);
            let is_ours = found == self.left || self.ledger.is_of(&self.folder.events());
            if is_ours {
                self.left = found;
            }
            self.shared.is_overwritten.store(!is_ours, Ordering::Relaxed);
        }
        self.shared.look()
    }

    fn place(&self) -> Result<Sizes, Part> {
        self.shared.place.read().unwrap_or_else(PoisonError::into_inner).check()
    }

    /// The log is gone, but its bytes are still ours to read: they go into the file, and a new log begins. Readers must
    /// not be in between, as each of them has the old one.
    fn begin_a_log(&mut self) {
        let Ok(permits) = u32::try_from(READERS) else { return };
        let readers = self.shared.readers.clone();
        let Ok(_alone) = readers.try_acquire_many_owned(permits) else { return };
        let Ok(_unwatched) = self.shared.prober.clone().try_acquire_owned() else { return };
        match self.reopen() {
            Ok(true) => tracing::warn!(
                "all that was acknowledged stands in the file of the events; a new log is begun"
            ),
            Ok(false) => {}
            Err(failure) => tracing::error!("a new log cannot be begun: {failure}"),
        }
    }

    fn reopen(&mut self) -> Result<bool, StoreError> {
        // A file that is not at its name either is not helped by that.
        if matches!(self.place(), Err(Part::Events)) || !self.checkpoint(false)? {
            return Ok(false);
        }
        if self.folder.log().exists() {
            self.folder.set_log_aside(now_ms())?;
        }
        let _ = std::fs::remove_file(self.folder.beside("-shm"));
        self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Closes the old one first: two that do not share a log must never be open together.
        self.connection = Connection::open_in_memory()?;
        self.connection = connect(&self.folder, &self.log, &self.packing)?;
        self.ledger = Ledger::open(&self.folder, &self.connection)?;
        let place = Place::of(&self.folder.events())?;
        *self.shared.place.write().unwrap_or_else(PoisonError::into_inner) = place;
        self.checkpoint(true)?;
        Ok(true)
    }
}

fn connect(folder: &Folder, log: &Log, packing: &Packing) -> Result<Connection, StoreError> {
    let mut connection = Connection::open(folder.events())?;
    connection.busy_timeout(BUSY)?;
    schema::prepare(&mut connection, packing)?;
    note::prepare(&connection)?;
    outbox::prepare(&connection)?;
    retention::prepare(&connection)?;
    names::prepare(&mut connection)?;
    ledger::prepare(&connection)?;
    log.attach(&mut connection)?;
    Ok(connection)
}
