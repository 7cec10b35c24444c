//! Whose do-not-disturb must be undone, and what was before. A row is there while it lasts, and not longer.
use crate::base::now::Wall;
use crate::base::private::Private;
use crate::presence::{Agent, Hold, Kept, Manner, Note, Terms};
use core::time::Duration;
use rusqlite::{Connection, Row, params};

/// The connection of what keeps presence.
pub struct Book(Connection);

impl Book {
    /// One on its own connection.
    pub fn new(connection: Connection) -> Book {
        Book(connection)
    }

    /// Writes notes down, all or none.
    ///
    /// # Errors
    /// What the database says: a full disk, for one.
    pub fn write<'n>(&mut self, notes: impl IntoIterator<Item = &'n Note>) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for note in notes {
            match note {
                Note::Keep(kept) => {
                    let insert = "INSERT OR REPLACE INTO presence \
                                  (adapter, agent, manner, ours, before, token, began, ended, lease_ms, after_ms) \
                                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
                    let hold = |of: fn(Hold) -> Duration| kept.terms.hold.map_or(0, |hold| millis(of(hold)));
                    transaction.prepare_cached(insert)?.execute(params![
                        kept.agent.adapter,
                        kept.agent.key.expose(),
                        kept.terms.manner.text(),
                        kept.terms.ours.expose(),
                        kept.before.as_ref().map_or("", |before| before.expose()),
                        kept.token.as_deref().unwrap_or_default(),
                        kept.began.as_millis(),
                        kept.ended.map_or(0, Wall::as_millis),
                        hold(|hold| hold.lease),
                        hold(|hold| hold.after),
                    ])?;
                }
                Note::Forget(agent) => {
                    let delete = "DELETE FROM presence WHERE adapter = ?1 AND agent = ?2";
                    transaction.prepare_cached(delete)?.execute(params![agent.adapter, agent.key.expose()])?;
                }
            }
        }
        transaction.commit()
    }

    /// What is to be undone.
    ///
    /// # Errors
    /// What the database says.
    pub fn open(&self) -> rusqlite::Result<Vec<Kept>> {
        let select =
            "SELECT adapter, agent, manner, ours, before, token, began, ended, lease_ms, after_ms FROM presence";
        self.0.prepare(select)?.query_map([], kept)?.collect()
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let text = |at: usize| row.get::<_, String>(at);
    let filled = |at: usize| text(at).map(|text| (!text.is_empty()).then_some(text));
    let ended: u64 = row.get(7)?;
    let (lease, after) = (row.get(8)?, row.get(9)?);
    let hold = Hold { lease: Duration::from_millis(lease), after: Duration::from_millis(after) };
    Ok(Kept {
        note: 0,
        agent: Agent { adapter: text(0)?.into(), key: Private::new(text(1)?.into()) },
        terms: Terms {
            manner: Manner::read(&text(2)?).unwrap_or(Manner::Replaces),
            ours: Private::new(text(3)?.into()),
            hold: (lease > 0 || after > 0).then_some(hold),
        },
        before: filled(4)?.map(|before| Private::new(before.into())),
        token: filled(5)?.map(Into::into),
        began: Wall::from_millis(row.get(6)?),
        ended: (ended > 0).then(|| Wall::from_millis(ended)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::state::State;

    #[test]
    fn what_must_be_undone_is_found_again_until_it_is_undone() {
        let home = tempfile::tempdir().unwrap();
        let state = State::take(home.path(), Wall::from_millis(7)).unwrap();
        let mut book = Book::new(state.connect().unwrap());
        let agent = |key: &str| Agent { adapter: "center".into(), key: Private::new(key.into()) };
        let hold = Hold { lease: Duration::from_secs(3600), after: Duration::from_millis(1500) };
        let ann = Kept {
            note: 0,
            agent: agent("ann"),
            terms: Terms { manner: Manner::Replaces, ours: Private::new("dnd".into()), hold: Some(hold) },
            before: Some(Private::new("on lunch".into())),
            token: None,
            began: Wall::from_millis(1_800_000_000_000),
            ended: None,
        };
        let terms = Terms { manner: Manner::Adds, hold: None, ..ann.terms.clone() };
        let ended = Some(Wall::from_millis(1_800_000_001_000));
        let bob = Kept { agent: agent("bob"), terms, before: None, token: Some("t1".into()), ended, ..ann.clone() };
        let keep = |kept: &Kept| Note::Keep(Box::new(kept.clone()));
        let old = Kept { before: None, ..ann.clone() };
        book.write(&[keep(&old), keep(&bob), keep(&ann)]).unwrap();
        drop((book, state));
        let state = State::take(home.path(), Wall::from_millis(8)).unwrap();
        let mut book = Book::new(state.connect().unwrap());
        assert_eq!(book.open().unwrap(), [ann.clone(), bob.clone()]);
        book.write(&[Note::Forget(ann.agent)]).unwrap();
        assert_eq!(book.open().unwrap(), [bob]);
    }
}
