//! Cutting a byte stream into SIP messages (RFC 3261 §18.3, §7.5).
//!
//! A stream is framed by Content-Length and nothing else. Where that cannot be trusted the place of the next message is
//! unknown, so nothing behind it is read: the peer gets a 400 if the head allows one, and the connection ends.
use super::message::head::{ContentLength, Head};
use super::message::{Unreadable, limits};
use bytes::{Buf, Bytes, BytesMut};
use core::fmt;
use memchr::memmem;

/// What a stream holds next.
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole message, for [`super::message::Message::read`].
    Message(Bytes),
    /// A keep-alive, CRLF CRLF between messages: the answer is one CRLF (RFC 5626 §4.4.1).
    Ping,
}

/// The stream cannot be read on.
#[derive(Clone, PartialEq, Eq)]
pub struct Broken {
    /// Why.
    pub why: Unframed,
    /// The head as far as it came, for [`super::message::Message::read_head`]: a request in it is answered 400 before
    /// the connection is closed.
    pub head: Bytes,
}

/// Why a stream cannot be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unframed {
    /// No Content-Length, or one that is negative, no number, or contradicts another (RFC 3261 §20.14).
    #[error("no usable Content-Length")]
    Length,
    /// The head or the body is past its limit ([`limits`]).
    #[error("larger than the limit")]
    TooLarge,
    /// The first line is neither a request line nor a status line.
    #[error("no SIP start line")]
    StartLine,
}

/// Takes what a connection brings and gives whole messages. As an iterator it gives what is complete so far; `None`
/// means that more bytes are needed, or, after a [`Broken`], that nothing more will come.
#[derive(Default)]
pub struct Framer {
    buffer: BytesMut,
    /// How many bytes at the front of the buffer are known to hold no end of the head.
    searched: usize,
    /// How the lines of the head at the front end, once its first one has.
    ends: Option<LineEnds>,
    /// Length of the message at the front, once its head has ended.
    length: Option<usize>,
    broken: bool,
}

/// How the lines of a head end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    Crlf,
    /// Tolerated when the whole head has them.
    Lf,
}

impl Framer {
    /// Adds bytes as they came from the connection.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.broken {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Whether part of a message has come and its rest is awaited: the time for a slow sender to be given up runs.
    pub fn is_inside_message(&self) -> bool {
        !self.broken && self.buffer.iter().any(|&byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// Passes the line ends between messages; two in a row are a ping.
    fn pass_line_ends(&mut self) -> Option<Frame> {
        loop {
            match *self.buffer {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.buffer.advance(4);
                    return Some(Frame::Ping);
                }
                // what could still become a ping waits for its rest
                [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return None,
                [b'\r' | b'\n', ..] => self.buffer.advance(1),
                _ => return None,
            }
        }
    }

    /// Finds out how long the message at the front is; `Ok(None)` while its head has not ended.
    fn measure(&mut self) -> Result<Option<usize>, Broken> {
        let head = match self.head_end() {
            Ok(Some(head)) if head <= limits::HEAD => head,
            Ok(None) if self.buffer.len() <= limits::HEAD => return Ok(None),
            Ok(_) => return Err(self.give_up(Unframed::TooLarge, limits::HEAD)),
            Err(why) => return Err(self.give_up(why, limits::HEAD)),
        };
        let mut scanned = Head::unread();
        let length = match scanned.scan(&self.buffer[..head]).map(|()| scanned.length) {
            Ok(ContentLength::Bytes(body)) if body as usize <= limits::BODY => Ok(head + body as usize),
            Ok(ContentLength::Bytes(_)) | Err(Unreadable::TooLarge) => Err(Unframed::TooLarge),
            Ok(ContentLength::Absent | ContentLength::Unusable) => Err(Unframed::Length),
            Err(Unreadable::Empty | Unreadable::StartLine | Unreadable::Head | Unreadable::Body) => {
                Err(Unframed::StartLine)
            }
        };
        length.map(Some).map_err(|why| self.give_up(why, head))
    }

    /// Where the head ends, as [`Head::scan`] sees it, without searching any byte twice.
    fn head_end(&mut self) -> Result<Option<usize>, Unframed> {
        let until = self.buffer.len().min(limits::HEAD + 4);
        let ends = match self.ends {
            Some(ends) => ends,
            None => {
                let Some(offset) = memchr::memchr(b'\n', &self.buffer[self.searched..until]) else {
                    self.searched = until;
                    return Ok(None);
                };
                self.searched += offset;
                let ends = if self.buffer[..self.searched].ends_with(b"\r") { LineEnds::Crlf } else { LineEnds::Lf };
                *self.ends.insert(ends)
            }
        };
        let from = self.searched.saturating_sub(3);
        let text = &self.buffer[from..until];
        self.searched = until;
        let crlf = memmem::find(text, if ends == LineEnds::Crlf { b"\r\n\r\n" } else { b"\r\n" });
        if ends == LineEnds::Crlf {
            return Ok(crlf.map(|at| from + at + 4));
        }
        let lf = memmem::find(text, b"\n\n");
        match (lf, crlf) {
            (Some(end), None) => Ok(Some(from + end + 2)),
            (Some(end), Some(mixed)) if end < mixed => Ok(Some(from + end + 2)),
            // both kinds of line end in one head: nobody can say where its lines are
            (_, Some(_)) => Err(Unframed::StartLine),
            (None, None) => Ok(None),
        }
    }

    fn give_up(&mut self, why: Unframed, head: usize) -> Broken {
        self.broken = true;
        let mut bytes = core::mem::take(&mut self.buffer).freeze();
        bytes.truncate(head);
        Broken { why, head: bytes }
    }
}

impl Iterator for Framer {
    type Item = Result<Frame, Broken>;

    fn next(&mut self) -> Option<Result<Frame, Broken>> {
        if self.broken {
            return None;
        }
        if self.length.is_none() {
            if self.searched == 0 {
                if let Some(ping) = self.pass_line_ends() {
                    return Some(Ok(ping));
                }
                if matches!(*self.buffer, [] | [b'\r' | b'\n', ..]) {
                    return None;
                }
            }
            match self.measure() {
                Ok(length) => self.length = length,
                Err(broken) => return Some(Err(broken)),
            }
        }
        let length = self.length.filter(|&length| self.buffer.len() >= length)?;
        (self.length, self.searched, self.ends) = (None, 0, None);
        Some(Ok(Frame::Message(self.buffer.split_to(length).freeze())))
    }
}

/// Shows sizes alone: messages are private.
impl fmt::Debug for Frame {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Frame::Message(bytes) => write!(out, "Message({} bytes)", bytes.len()),
            Frame::Ping => out.write_str("Ping"),
        }
    }
}

/// Shows the reason alone: messages are private.
impl fmt::Debug for Broken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Broken({:?})", self.why)
    }
}

/// Shows sizes alone: messages are private.
impl fmt::Debug for Framer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Framer({} bytes, broken: {})", self.buffer.len(), self.broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP c;branch=z9hG4bK1\r\nl: 4\r\n\r\n";

    fn all(framer: &mut Framer) -> Vec<Frame> {
        framer.by_ref().map(|frame| frame.unwrap()).collect()
    }

    fn broken(text: &str) -> Broken {
        let mut framer = Framer::default();
        framer.push(text.as_bytes());
        let broken = framer.next().unwrap().unwrap_err();
        assert!(framer.next().is_none());
        broken
    }

    #[test]
    fn one_message_over_many_segments_is_one_message() {
        let whole = format!("{HEAD}body");
        let mut framer = Framer::default();
        for byte in whole.as_bytes() {
            assert!(framer.next().is_none());
            framer.push(&[*byte]);
        }
        assert_eq!(all(&mut framer), [Frame::Message(whole.into())]);
        assert!(!framer.is_inside_message());
    }

    #[test]
    fn several_messages_in_one_segment_are_several() {
        let mut framer = Framer::default();
        framer.push(format!("{HEAD}one1\r\n{HEAD}two2{HEAD}thr").as_bytes());
        let bodies: Vec<_> = all(&mut framer)
            .into_iter()
            .map(|frame| match frame {
                Frame::Message(bytes) => bytes.slice(bytes.len() - 4..),
                Frame::Ping => panic!("no ping was sent"),
            })
            .collect();
        assert_eq!(bodies, [&b"one1"[..], b"two2"]);
        assert!(framer.is_inside_message());
    }

    #[test]
    fn two_line_ends_between_messages_are_a_ping_and_one_is_nothing() {
        let mut framer = Framer::default();
        framer.push(b"\r\n");
        assert!(framer.next().is_none());
        framer.push(b"\r");
        assert!(framer.next().is_none());
        framer.push(b"\n\r\n");
        assert_eq!(all(&mut framer), [Frame::Ping]);
        framer.push(format!("{HEAD}body\r\n\r\n").as_bytes());
        assert_eq!(all(&mut framer), [Frame::Message(format!("{HEAD}body").into()), Frame::Ping]);
    }

    #[test]
    fn a_length_that_cannot_be_trusted_ends_the_stream_with_the_head_at_hand() {
        let start = "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n";
        for length in
            ["", "l: -1\r\n", "Content-Length: x\r\n", "l: 4\r\nContent-Length: 5\r\n", "l: 4, 4\r\n", "l:\r\n"]
        {
            let broken = broken(&format!("{start}{length}\r\nbody and more"));
            assert_eq!(broken.why, Unframed::Length, "{length:?}");
            assert_eq!(broken.head, format!("{start}{length}\r\n"));
        }
    }

    #[test]
    fn a_length_said_twice_alike_is_a_length() {
        let message = "INVITE sip:a@b SIP/2.0\r\nl: 4\r\nContent-Length: 04\r\n\r\nbody";
        let mut framer = Framer::default();
        framer.push(message.as_bytes());
        assert_eq!(all(&mut framer), [Frame::Message(message.into())]);
    }

    #[test]
    fn what_is_past_a_limit_ends_the_stream() {
        assert_eq!(broken("BYE sip:a@b SIP/2.0\r\nl: 1048577\r\n\r\n").why, Unframed::TooLarge);
        assert_eq!(broken("BYE sip:a@b SIP/2.0\r\nl: 4294967296\r\n\r\n").why, Unframed::TooLarge);
        assert_eq!(broken(&format!("BYE sip:a@b SIP/2.0\r\nX: {}", "x".repeat(70_000))).why, Unframed::TooLarge);
        assert_eq!(broken(&"x".repeat(70_000)).why, Unframed::TooLarge);
        assert_eq!(broken("GET / HTTP/1.1\r\nHost: x\r\n\r\n").why, Unframed::StartLine);
    }

    #[test]
    fn line_feeds_alone_end_lines_only_when_the_whole_head_has_them() {
        let message = "BYE sip:a@b SIP/2.0\nl: 2\n\n\r\n";
        let mut framer = Framer::default();
        framer.push(message.as_bytes());
        assert_eq!(all(&mut framer), [Frame::Message(message.into())]);
        assert_eq!(broken("BYE sip:a@b SIP/2.0\nl: 0\r\n\r\n").why, Unframed::StartLine);
        let message = "BYE sip:a@b SIP/2.0\r\nSubject: a\n\nb\r\nl: 0\r\n\r\n";
        framer.push(message.as_bytes());
        assert_eq!(all(&mut framer), [Frame::Message(message.into())]);
    }
}
