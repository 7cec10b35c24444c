//! How much of one message is looked at. What lies past a limit is dropped, and not the call, wherever it still can be
//! framed; [`super::Message::dropped`] says how many header fields were left out.

/// The longest start line, in bytes, without its line end.
pub const START_LINE: usize = 8 * 1024;
/// The longest head, in bytes: start line, header fields and the empty line.
pub const HEAD: usize = 64 * 1024;
/// How many header fields are kept; later ones are dropped from view.
pub const FIELDS: usize = 256;
/// The longest header field, in bytes, with its name, folds and line ends; a longer one is dropped from view.
pub const FIELD: usize = 8 * 1024;
/// The longest body, in bytes.
pub const BODY: usize = 1024 * 1024;
