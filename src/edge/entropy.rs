//! Chance from the operating system, to seed the streams that the engines draw from.
use crate::base::entropy::Entropy;
use std::fs::File;
use std::io::{self, Read};

/// A stream that nobody can guess. An error says that the system has no source of chance; a node does not start then,
/// since its tags and branches could be forged.
pub fn from_system() -> io::Result<Entropy> {
    let mut seed = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut seed)?;
    Ok(Entropy::seeded(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_streams_from_the_system_differ() {
        assert_ne!(from_system().unwrap().bits(), from_system().unwrap().bits());
    }
}
