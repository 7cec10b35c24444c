//! SIP as the peers of the world read and write it: a few lines of their own, so that a fault of callbox's reader and
//! one of its writer cannot agree with each other.

/// A message, taken apart.
#[derive(Clone, Debug, Default)]
pub struct Msg {
    pub start: String,
    pub fields: Vec<(String, String)>,
    pub body: String,
}

impl Msg {
    /// Reads a whole message; the reason when it is none.
    pub fn read(bytes: &[u8]) -> Result<Msg, &'static str> {
        let text = core::str::from_utf8(bytes).map_err(|_| "no UTF-8")?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no end of the head")?;
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let fields = lines
            .map(|line| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())))
            .collect::<Option<Vec<_>>>()
            .ok_or("a line without a colon")?;
        let message = Msg { start, fields, body: body.to_owned() };
        let wanted = ["Via", "From", "To", "Call-ID", "CSeq"];
        if wanted.iter().any(|name| message.get(name).is_empty()) {
            return Err("a mandatory header is missing");
        }
        if message.get("Content-Length").parse() != Ok(message.body.len()) {
            return Err("the Content-Length is not that of the body");
        }
        Ok(message)
    }

    pub fn request(method: &str, uri: &str) -> Msg {
        Msg { start: format!("{method} {uri} SIP/2.0"), ..Msg::default() }
    }

    /// A response with all that a response takes from its request (RFC 3261 §8.2.6.2).
    pub fn response(request: &Msg, code: u16, tag: &str) -> Msg {
        let mut out = Msg { start: format!("SIP/2.0 {code} Said"), ..Msg::default() };
        for via in request.all("Via") {
            out.put("Via", via);
        }
        out.put("From", request.get("From"));
        let to = request.get("To");
        let tagged = if code > 100 && !to.contains(";tag=") { format!("{to};tag={tag}") } else { to.to_owned() };
        out.put("To", &tagged);
        out.put("Call-ID", request.get("Call-ID"));
        out.put("CSeq", request.get("CSeq"));
        out
    }

    pub fn put(&mut self, name: &str, value: &str) -> &mut Msg {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn carry(&mut self, kind: &str, body: String) -> &mut Msg {
        if !body.is_empty() {
            self.put("Content-Type", kind);
        }
        self.body = body;
        self
    }

    pub fn text(&self) -> String {
        let fields: String = self.fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("{}\r\n{fields}Content-Length: {}\r\n\r\n{}", self.start, self.body.len(), self.body)
    }

    pub fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name).flat_map(|value| value.split(',')).any(|one| one.trim() == token)
    }

    pub fn is_request(&self) -> bool {
        !self.start.starts_with("SIP/2.0 ")
    }

    /// The status; 0 for a request.
    pub fn code(&self) -> u16 {
        self.start.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or(0)
    }

    /// The method, of a response that of its CSeq.
    pub fn method(&self) -> &str {
        if self.is_request() {
            self.start.split(' ').next().unwrap_or_default()
        } else {
            self.get("CSeq").split(' ').nth(1).unwrap_or_default()
        }
    }

    pub fn cseq(&self) -> u32 {
        self.get("CSeq").split(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    pub fn sender_tag(&self) -> &str {
        tag(self.get("From"))
    }

    pub fn receiver_tag(&self) -> &str {
        tag(self.get("To"))
    }

    pub fn branch(&self) -> &str {
        param(self.get("Via"), "branch")
    }

    pub fn call_id(&self) -> &str {
        self.get("Call-ID")
    }

    /// Whether it travels on a stream.
    pub fn is_streamed(&self) -> bool {
        self.get("Via").starts_with("SIP/2.0/TCP")
    }

    /// The URI of the Contact.
    pub fn contact(&self) -> String {
        let value = self.get("Contact");
        let inner = value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(uri, _)| uri);
        inner.unwrap_or(value).to_owned()
    }

    /// `INVITE`, `180 INVITE`.
    pub fn word(&self) -> String {
        if self.is_request() { self.method().to_owned() } else { format!("{} {}", self.code(), self.method()) }
    }

    /// The mark by which the walk knows what was said: of whom, and which of all.
    pub fn mark(&self) -> Option<Mark> {
        Mark::read(self.get("Reason")).or_else(|| Mark::read(self.get("X-Mark")))
    }
}

fn tag(value: &str) -> &str {
    param(value.rsplit_once('>').map_or(value, |(_, after)| after), "tag")
}

fn param<'a>(value: &'a str, name: &str) -> &'a str {
    let found = value.split(';').skip(1).find_map(|one| one.split_once('=').filter(|(known, _)| *known == name));
    found.map_or("", |(_, text)| text.trim())
}

/// What stands in Reason, which passes from end to end and is never said again (RFC 3326): the call, and the request in
/// it. A BYE has it in a header that does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    pub call: u64,
    pub serial: u64,
}

impl Mark {
    pub fn text(self) -> String {
        format!("walk;text=\"{:016x}{:016x}\"", self.call, self.serial)
    }

    fn read(value: &str) -> Option<Mark> {
        let digits = value.split_once("walk;text=\"")?.1;
        let call = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
        Some(Mark { call, serial: u64::from_str_radix(digits.get(16..32)?, 16).ok()? })
    }
}
