//! The ledger's file: entries in at its end, out in order, and whether they are what they were.
use super::super::database::{Schema, Trouble, be_patient, keep_little, prepare, private, whole};
use super::chain::{Entry, Kind, Label, Link, SALT_LEN, link, seal};
use crate::base::entropy::Entropy;
use crate::base::now::Wall;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, Transaction};
use std::collections::HashMap;
use std::path::Path;

/// Every version that the file ever had. What was released is never edited.
const SCHEMA: Schema = Schema { mark: *b"cbxl", steps: &[include_str!("1.sql"), include_str!("2.sql")] };

/// How many contents go in one transaction.
const LET_GO: u32 = 1000;

/// An open ledger.
#[derive(Debug)]
pub struct Book {
    pub(super) connection: Connection,
}

/// What a look through the whole ledger found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries there are, up to the first that is wrong.
    pub entries: u64,
    /// How many of them have let go of their content.
    pub let_go: u64,
    /// The link of the last that is right.
    pub head: Link,
    /// The place of the first that is wrong, and what is wrong with it.
    pub wrong: Option<(u64, &'static str)>,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// Not before this.
    pub from: Option<Wall>,
    /// Before this.
    pub to: Option<Wall>,
    /// Of this organisation alone.
    pub organisation: Option<String>,
}

/// An entry as it is kept. It never prints itself.
pub struct Kept {
    /// Its place, from 1.
    pub place: u64,
    /// When it was.
    pub at: Wall,
    /// What it is.
    pub kind: String,
    /// Whose it is.
    pub organisation: String,
    /// The call.
    pub call: String,
    /// What it is sealed with.
    pub link: Link,
    /// What it says, where that was not let go.
    pub body: Option<String>,
    seal: Vec<u8>,
    salt: Option<Vec<u8>>,
}

impl Book {
    /// Opens the ledger at `path`, and makes it if it is not there. Nobody but its owner can read it.
    ///
    /// # Errors
    /// A file that is something else or of a later version; what the system says.
    pub fn create(path: &Path, now: Wall) -> Result<Book, Trouble> {
        let mut connection = Connection::open(private(path, false)?)?;
        prepare(&connection)?;
        keep_little(&connection)?;
        SCHEMA.bring_up(&mut connection, path, now)?;
        Ok(Book { connection })
    }

    /// Opens the ledger at `path` to look at it alone, while a router may write it.
    ///
    /// # Errors
    /// [`Trouble::Absent`] when there is none; as [`Book::create`].
    pub fn look(path: &Path) -> Result<Book, Trouble> {
        if !path.exists() {
            return Err(Trouble::Absent(path.into()));
        }
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        be_patient(&connection)?;
        SCHEMA.is_newest(&connection, path)?;
        Ok(Book { connection })
    }

    /// Adds entries, all or none. When this returns they are on the disk.
    ///
    /// # Errors
    /// What the database says: no room on the disk, for one.
    pub fn append(&mut self, entries: &[Entry], chance: &mut Entropy) -> Result<(), Trouble> {
        Ok(whole(&self.connection, |transaction| add(transaction, entries, chance))?)
    }

    /// Lets go of the contents of an organisation's entries from before `until`, and says so in the ledger. Returns how
    /// many there were. What was entered behind something that is not that old is not either, whatever date it has: a node
    /// that starts without a clock begins in 1970.
    ///
    /// # Errors
    /// What the database says.
    pub fn let_go(&mut self, organisation: &str, until: Wall, now: Wall, chance: &mut Entropy) -> Result<u64, Trouble> {
        let mut gone = 0;
        let young = "SELECT place FROM entries WHERE at >= ?1 AND at <= ?2 ORDER BY place LIMIT 1";
        let young =
            self.connection.query_row(young, (until.as_millis(), now.as_millis()), |row| row.get(0)).optional()?;
        let before: i64 = young.unwrap_or(i64::MAX);
        loop {
            let count = whole(&self.connection, |transaction| {
                let count = transaction.execute(
                    "UPDATE entries SET salt = NULL, body = NULL WHERE place IN (SELECT place FROM entries WHERE \
                     organisation = ?1 AND at < ?2 AND place < ?4 AND body IS NOT NULL AND kind IN ('begun', 'receipt') \
                     LIMIT ?3)",
                    (organisation, until.as_millis(), LET_GO, before),
                )?;
                if count > 0 {
                    let said = Entry {
                        at: now.as_millis(),
                        kind: Kind::Retention,
                        organisation: organisation.into(),
                        call: String::new(),
                        body: format!("{{\"until\":{},\"entries\":{count}}}", until.as_millis()),
                    };
                    add(transaction, &[said], chance)?;
                }
                Ok(count as u64)
            })?;
            if count == 0 {
                return Ok(gone);
            }
            gone += count;
        }
    }

    /// When the last entry was made, and when the last one that says that the calendar moved.
    ///
    /// # Errors
    /// What the database says.
    pub fn last_seen(&self) -> Result<(Option<Wall>, Option<Wall>), Trouble> {
        let at = |of: &str| -> Result<Option<Wall>, rusqlite::Error> {
            let select = format!("SELECT at FROM entries {of} ORDER BY place DESC LIMIT 1");
            self.connection.query_row(&select, [], |row| row.get(0).map(Wall::from_millis)).optional()
        };
        Ok((at("")?, at("WHERE kind = 'clock'")?))
    }

    /// The organisations of which there is any content.
    ///
    /// # Errors
    /// What the database says.
    pub fn organisations(&self) -> Result<Vec<String>, Trouble> {
        let mut rows = self.connection.prepare("SELECT DISTINCT organisation FROM entries WHERE body IS NOT NULL")?;
        let rows = rows.query_map([], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Looks through all entries: whether none is missing, whether each is what it was when it was sealed, and whether what
    /// was let go was let go by its time.
    ///
    /// # Errors
    /// What the database says.
    pub fn verify(&self) -> Result<Verdict, Trouble> {
        let transaction = self.connection.unchecked_transaction()?;
        let retained = retained(&transaction)?;
        let mut verdict = Verdict { entries: 0, let_go: 0, head: Link::default(), wrong: None };
        let mut rows = transaction.prepare("SELECT * FROM entries ORDER BY place")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let kept = match kept(row) {
                Ok(kept) => kept,
                Err(_) => {
                    verdict.wrong = Some((verdict.entries + 1, "it cannot be read"));
                    break;
                }
            };
            if let Some(why) = wrong(&kept, &verdict, &retained) {
                verdict.wrong = Some((verdict.entries + 1, why));
                break;
            }
            verdict.entries += 1;
            verdict.let_go += u64::from(kept.body.is_none());
            verdict.head = kept.link;
        }
        Ok(verdict)
    }

    /// The place of the entry with a link.
    ///
    /// # Errors
    /// What the database says.
    pub fn place_of(&self, link: Link) -> Result<Option<u64>, Trouble> {
        let found = self.connection.query_row("SELECT place FROM entries WHERE link = ?1", [link.0], |row| row.get(0));
        Ok(found.optional()?)
    }

    /// How many entries there are, and the link of the last.
    ///
    /// # Errors
    /// What the database says.
    pub fn head(&self) -> Result<(u64, Link), Trouble> {
        Ok(last(&self.connection)?)
    }

    /// Gives the entries that are wanted in order. Of a call that has its receipt, what was kept at its beginning is left
    /// out.
    ///
    /// # Errors
    /// What the database says.
    pub fn each(&self, chosen: &Chosen, mut each: impl FnMut(&Kept)) -> Result<(), Trouble> {
        let mut rows = self.connection.prepare(
            "SELECT * FROM entries AS one WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR organisation = ?3) AND NOT \
             (kind = 'begun' AND EXISTS (SELECT 1 FROM entries AS other WHERE other.call = one.call AND other.call <> '' \
             AND other.kind = 'receipt')) ORDER BY place",
        )?;
        let from = chosen.from.map_or(0, Wall::as_millis);
        let to = chosen.to.map_or(i64::MAX as u64, Wall::as_millis);
        let mut rows = rows.query((from, to, chosen.organisation.as_deref()))?;
        while let Some(row) = rows.next()? {
            each(&kept(row)?);
        }
        Ok(())
    }
}

/// Until when contents of each organisation were let go, and where that is said.
type Retained = HashMap<String, Vec<(u64, u64)>>;

fn retained(transaction: &Transaction<'_>) -> Result<Retained, Trouble> {
    let mut retained = Retained::new();
    let mut rows = transaction.prepare("SELECT * FROM entries WHERE kind = 'retention'")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        // One that cannot be read, or does not say until when, is found in its turn.
        let Ok(Kept { place, organisation, body: Some(body), .. }) = kept(row) else { continue };
        let said: Option<serde_json::Value> = serde_json::from_str(&body).ok();
        let until = said.and_then(|said| said.get("until")?.as_u64());
        retained.entry(organisation).or_default().extend(until.map(|until| (place, until)));
    }
    Ok(retained)
}

/// What is wrong with the entry behind those that were right so far.
fn wrong(kept: &Kept, so_far: &Verdict, retained: &Retained) -> Option<&'static str> {
    if kept.place != so_far.entries + 1 {
        return Some("it is missing");
    }
    let Kept { place, at, kind, organisation, call, .. } = kept;
    let label = Label { place: *place, at: at.as_millis(), kind, organisation, call };
    if link(so_far.head, label, &kept.seal) != kept.link {
        return Some("it is not what was sealed, or the one before it is not");
    }
    let was_due = || {
        let said = retained.get(organisation).into_iter().flatten();
        said.into_iter().any(|(at_place, until)| at_place > place && at.as_millis() < *until)
    };
    match (&kept.salt, &kept.body) {
        (Some(salt), Some(body)) if seal(salt, body)[..] == kept.seal => None,
        (None, None) if matches!(Kind::read(kind), Some(Kind::Begun | Kind::Receipt)) && was_due() => None,
        (None, None) => Some("its content is gone before its time"),
        _ => Some("its content is not what was sealed"),
    }
}

fn add(transaction: &Connection, entries: &[Entry], chance: &mut Entropy) -> Result<(), rusqlite::Error> {
    let (mut place, mut before) = last(transaction)?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO entries (place, at, kind, organisation, call, seal, link, salt, body) VALUES (?1, ?2, ?3, ?4, ?5, \
         ?6, ?7, ?8, ?9)",
    )?;
    for entry in entries {
        place += 1;
        let mut salt = [0; SALT_LEN];
        salt.chunks_mut(8).for_each(|piece| piece.copy_from_slice(&chance.bits().to_be_bytes()));
        let (seal, kind) = (seal(&salt, &entry.body), entry.kind.text());
        let Entry { at, organisation, call, body, .. } = entry;
        before = link(before, Label { place, at: *at, kind, organisation, call }, &seal);
        put.execute((place, at, kind, organisation, call, seal, before.0, salt, body))?;
    }
    Ok(())
}

fn last(connection: &Connection) -> Result<(u64, Link), rusqlite::Error> {
    let last = connection
        .prepare_cached("SELECT place, link FROM entries ORDER BY place DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, Link(row.get(1)?))))
        .optional()?;
    Ok(last.unwrap_or_default())
}

fn kept(row: &Row<'_>) -> Result<Kept, rusqlite::Error> {
    Ok(Kept {
        place: row.get("place")?,
        at: Wall::from_millis(row.get("at")?),
        kind: row.get("kind")?,
        organisation: row.get("organisation")?,
        call: row.get("call")?,
        link: Link(row.get("link")?),
        body: row.get("body")?,
        seal: row.get("seal")?,
        salt: row.get("salt")?,
    })
}
