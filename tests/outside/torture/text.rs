//! A message as text, one character a byte, read by the simplest rules there are.

/// A message.
#[derive(Clone, Debug)]
pub struct Text {
    pub whole: String,
    start: String,
    head: Vec<(String, String)>,
}

impl Text {
    pub fn of(bytes: &[u8]) -> Text {
        let text: String = bytes.iter().copied().map(char::from).collect();
        let head = text.split_once("\r\n\r\n").map_or(text.trim_end(), |(head, _)| head);
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = head.split("\r\n");
        let start = lines.next().unwrap_or_default().to_owned();
        let field = |line: &str| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (long(name.trim()), value.trim().to_owned())
        };
        Text { whole: text.clone(), start, head: lines.map(field).collect() }
    }

    pub fn start(&self) -> &str {
        &self.start
    }

    /// Empty for a response.
    pub fn method(&self) -> &str {
        if self.status().is_some() { "" } else { self.start.split(' ').next().unwrap_or_default() }
    }

    pub fn status(&self) -> Option<u16> {
        self.start.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
    }

    pub fn field(&self, name: &str) -> Option<String> {
        self.fields(name).next().map(str::to_owned)
    }

    pub fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.head.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The CSeq number and method.
    pub fn cseq(&self) -> (u32, String) {
        let value = self.field("CSeq").unwrap_or_default();
        let mut words = value.split_ascii_whitespace();
        let number = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
        (number, words.next().unwrap_or_default().to_owned())
    }
}

fn long(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "v" => "Via",
        "f" => "From",
        "t" => "To",
        "i" => "Call-ID",
        "l" => "Content-Length",
        "m" => "Contact",
        _ => return name.to_owned(),
    }
    .to_owned()
}
