//! Messages that are not delivered yet, and what became of those that are. What a message says is kept until it is
//! delivered or given up, and not longer: there is no history of calls.
use crate::base::now::Wall;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// A message as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: u64,
    /// When it was made.
    pub made: Wall,
    /// The word of its notice.
    pub notice: String,
    /// Our id of the call; empty where it is about none.
    pub call: String,
    /// The channel: `email`, or the name of a webhook.
    pub way: String,
    /// Those who answer for each other; empty for none.
    pub group: String,
    /// The step in the group.
    pub step: u8,
    /// How often it was tried.
    pub tries: u32,
    /// Whether it was delivered.
    pub delivered: bool,
    /// What finds it when it is acknowledged.
    pub token: [u8; 32],
    /// Which template it was written by.
    pub template: String,
    /// What is sent; empty once it is delivered.
    pub parcel: String,
}

/// One line of what became of messages: no content and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it was made.
    pub made: Wall,
    /// The word of its notice.
    pub notice: String,
    /// Our id of the call.
    pub call: String,
    /// The channel.
    pub way: String,
    /// The step in its group.
    pub step: u8,
    /// How often it was tried.
    pub tries: u32,
    /// waiting, delivered, acknowledged, given_up or not_needed.
    pub state: String,
}

/// Something to be written down.
pub enum Note {
    /// A message that is to be sent.
    New(Box<Kept>),
    /// A try that failed.
    Tried {
        /// The message.
        id: u64,
        /// How often it was tried.
        tries: u32,
    },
    /// A message that is delivered, given up or not needed any more, by our word for it.
    Over {
        /// The message.
        id: u64,
        /// delivered, given_up or not_needed.
        state: &'static str,
    },
    /// A recipient has acknowledged.
    Acknowledged {
        /// The message.
        id: u64,
    },
}

/// The outbox's own connection.
pub struct Outbox(Connection);

impl Outbox {
    /// An outbox on its own connection.
    pub fn new(connection: Connection) -> Outbox {
        Outbox(connection)
    }

    /// Writes notes down, all or none.
    ///
    /// # Errors
    /// What the database says: a full disk, for one.
    pub fn write(&mut self, notes: &[Note], now: Wall) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for note in notes {
            match note {
                Note::New(kept) => {
                    let insert = "INSERT OR REPLACE INTO outbox (id, made, notice, call, way, grp, step, tries, state, \
                                  token, template, parcel, changed) \
                                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'waiting', ?9, ?10, ?11, ?12)";
                    transaction.prepare_cached(insert)?.execute(params![
                        kept.id,
                        kept.made.as_millis(),
                        kept.notice,
                        kept.call,
                        kept.way,
                        kept.group,
                        kept.step,
                        kept.tries,
                        kept.token,
                        kept.template,
                        kept.parcel,
                        now.as_millis()
                    ])?;
                }
                Note::Tried { id, tries } => {
                    let update = "UPDATE outbox SET tries = ?2, changed = ?3 WHERE id = ?1";
                    transaction.prepare_cached(update)?.execute(params![id, tries, now.as_millis()])?;
                }
                Note::Over { id, state } => {
                    let update = "UPDATE outbox SET state = ?2, parcel = '', changed = ?3 \
                                  WHERE id = ?1 AND state <> 'acknowledged'";
                    transaction.prepare_cached(update)?.execute(params![id, state, now.as_millis()])?;
                }
                Note::Acknowledged { id } => {
                    let update = "UPDATE outbox SET state = 'acknowledged', parcel = '', changed = ?2 WHERE id = ?1";
                    transaction.prepare_cached(update)?.execute(params![id, now.as_millis()])?;
                }
            }
        }
        transaction.commit()
    }

    /// What is to be sent, and what was delivered and may still be acknowledged; in the order in which it was made.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(&self) -> rusqlite::Result<Vec<Kept>> {
        let select = "SELECT id, made, notice, call, way, grp, step, tries, state, token, template, parcel FROM outbox \
                      WHERE state IN ('waiting', 'delivered') ORDER BY id";
        self.0.prepare(select)?.query_map([], kept)?.collect()
    }

    /// The number of the last message; 0 when there never was one.
    ///
    /// # Errors
    /// What the database says.
    pub fn last(&self) -> rusqlite::Result<u64> {
        let last = self.0.query_row("SELECT max(id) FROM outbox", [], |row| row.get(0)).optional()?;
        Ok(last.flatten().unwrap_or(0))
    }

    /// Forgets what was made before this moment and is over.
    ///
    /// # Errors
    /// What the database says.
    pub fn forget(&self, before: Wall) -> rusqlite::Result<usize> {
        self.0.execute("DELETE FROM outbox WHERE state <> 'waiting' AND made < ?1", [before.as_millis()])
    }

    /// What became of the last messages, the newest first.
    ///
    /// # Errors
    /// What the database says.
    pub fn lines(&self, most: u32) -> rusqlite::Result<Vec<Line>> {
        let select = "SELECT made, notice, call, way, step, tries, state FROM outbox ORDER BY id DESC LIMIT ?1";
        let line = |row: &Row<'_>| {
            Ok(Line {
                made: Wall::from_millis(row.get(0)?),
                notice: row.get(1)?,
                call: row.get(2)?,
                way: row.get(3)?,
                step: row.get(4)?,
                tries: row.get(5)?,
                state: row.get(6)?,
            })
        };
        self.0.prepare(select)?.query_map([most], line)?.collect()
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get(0)?,
        made: Wall::from_millis(row.get(1)?),
        notice: row.get(2)?,
        call: row.get(3)?,
        way: row.get(4)?,
        group: row.get(5)?,
        step: row.get(6)?,
        tries: row.get(7)?,
        delivered: row.get::<_, String>(8)? == "delivered",
        token: row.get(9)?,
        template: row.get(10)?,
        parcel: row.get(11)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::state::State;

    const NOW: Wall = Wall::from_millis(1_795_000_000_000);

    fn message(id: u64) -> Box<Kept> {
        Box::new(Kept {
            id,
            made: NOW,
            notice: "emergency_call".into(),
            call: "00".into(),
            way: "email".into(),
            group: "desk".into(),
            step: 1,
            tries: 0,
            delivered: false,
            token: [id as u8; 32],
            template: "abc".into(),
            parcel: "what was said".into(),
        })
    }

    #[test]
    fn what_is_not_delivered_is_found_again_after_a_crash_and_what_is_says_nothing_any_more() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), NOW).unwrap();
        let mut outbox = Outbox::new(state.connect().unwrap());
        let notes: Vec<_> = (1..=4).map(|id| Note::New(message(id))).collect();
        outbox.write(&notes, NOW).unwrap();
        let over = |id, state| Note::Over { id, state };
        outbox.write(&[over(1, "delivered"), over(2, "given_up"), Note::Tried { id: 3, tries: 2 }], NOW).unwrap();
        outbox.write(&[Note::Acknowledged { id: 4 }, over(4, "delivered")], NOW).unwrap();
        drop((outbox, state));
        let state = State::take(home.path(), NOW).unwrap();
        let outbox = Outbox::new(state.connect().unwrap());
        let open = outbox.open().unwrap();
        assert_eq!(
            open.iter().map(|one| (one.id, one.tries, one.delivered)).collect::<Vec<_>>(),
            [(1, 0, true), (3, 2, false)]
        );
        assert_eq!((open[0].parcel.as_str(), open[1].parcel.as_str()), ("", "what was said"));
        assert_eq!(outbox.last().unwrap(), 4);
        let states: Vec<_> = outbox.lines(10).unwrap().into_iter().map(|line| line.state).collect();
        assert_eq!(states, ["acknowledged", "waiting", "given_up", "delivered"]);
        assert_eq!(outbox.forget(Wall::from_millis(NOW.as_millis() + 1)).unwrap(), 3, "what waits stays");
    }
}
