//! What a notice can say: the variables of its templates.
use super::Notice;
use crate::base::id::Handle;
use crate::base::now::Wall;
use crate::base::private::Private;
use crate::record::Zone;
use bytes::Bytes;
use std::borrow::Cow;

/// What there is to say of one occasion. It never prints it.
#[derive(Clone)]
#[allow(missing_docs, reason = "the fields are the variables; `VARIABLES` says what each is")]
pub struct Values {
    pub notice: Notice,
    pub id: Option<Handle>,
    pub update: bool,
    pub severity: &'static str,
    pub service: String,
    pub callback: String,
    pub callback_from: &'static str,
    pub location: String,
    pub documents: Vec<Private<Bytes>>,
    pub organisation: String,
    pub site: String,
    pub building: String,
    pub place: String,
    pub user: String,
    pub number: String,
    pub display: String,
    pub dialled: String,
    pub grade: &'static str,
    pub way: &'static str,
    pub cause: &'static str,
    pub trunk: String,
    pub at: Wall,
    pub zone: Option<Zone>,
    pub incident: String,
    pub note: String,
}

/// The variables of templates, and what each is.
pub const VARIABLES: [(&str, &str); 26] = [
    ("call", "that there is a call, and to which number; of a test call that it is one"),
    ("callback", "the number that reaches the caller"),
    ("location", "the location as the trunk was told it, in lines"),
    ("kind", "the word of the notice, as emergency_call"),
    ("severity", "critical, high, low or test"),
    ("phase", "started, or updated when something else was signalled later"),
    ("organisation", "the organisation's name"),
    ("site", "the site"),
    ("building", "the building, by its id"),
    ("place", "the place, by its id"),
    ("user", "the user, by its id"),
    ("number", "the number or extension that the caller showed"),
    ("display", "the name that the caller showed"),
    ("dialled", "what was dialled"),
    ("service", "the emergency number that was meant"),
    ("callback_from", "where the callback number is from"),
    ("grade", "how good the location is: dispatchable, best_available, default, stale or none"),
    ("way", "which way the call goes: direct, relay, gateway or test"),
    ("cause", "why it goes to the relay center"),
    ("trunk", "the trunk"),
    ("time", "when, in UTC"),
    ("local", "when, by the clocks of the site, where its time zone is known"),
    ("id", "our own id of the call, as in the log"),
    ("incident", "what the call and the calls back to its caller have in common: urn:emergency:uid:incidentid:…"),
    ("note", "what else is to be known"),
    ("acknowledge", "the address at which the recipient says that somebody looks after it"),
];

/// What is said of a number or place that is not known.
const UNKNOWN: &str = "not known";

impl Values {
    /// What a variable says; `None` for one that there is none of.
    pub fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let or_unknown = |text: &'_ str| if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() };
        Some(match name {
            "call" => self.fact().into(),
            "callback" => or_unknown(&self.callback).into(),
            "location" => or_unknown(&self.location).into(),
            "kind" => self.notice.text().into(),
            "severity" => self.severity.into(),
            "phase" => if self.update { "updated" } else { "started" }.into(),
            "organisation" => (&*self.organisation).into(),
            "site" => (&*self.site).into(),
            "building" => (&*self.building).into(),
            "place" => (&*self.place).into(),
            "user" => (&*self.user).into(),
            "number" => (&*self.number).into(),
            "display" => (&*self.display).into(),
            "dialled" => (&*self.dialled).into(),
            "service" => (&*self.service).into(),
            "callback_from" => self.callback_from.into(),
            "grade" => self.grade.into(),
            "way" => self.way.into(),
            "cause" => self.cause.into(),
            "trunk" => (&*self.trunk).into(),
            "time" => self.at.civil().xml_date_time().into(),
            "local" => self.zone.as_ref().map(|zone| zone.date_time(self.at)).unwrap_or_default().into(),
            "incident" => (&*self.incident).into(),
            "id" => self.id.map(|id| id.text().to_string()).unwrap_or_default().into(),
            "note" => (&*self.note).into(),
            _ => return None,
        })
    }

    /// The fact of the call.
    fn fact(&self) -> String {
        let label = match self.notice {
            Notice::TestCall => "TEST ",
            Notice::Callback => "CALLBACK ",
            Notice::CallFailed => "FAILED ",
            Notice::AbandonedCall => "ABANDONED ",
            _ => "",
        };
        format!("{label}{}", if self.service.is_empty() { "SOS" } else { &self.service })
    }

    /// The same for machines: everything that is known, and the documents as they were signalled.
    pub fn json(&self, acknowledge: &str) -> serde_json::Value {
        let text = |name: &str| self.value(name).unwrap_or_default().into_owned();
        let documents: Vec<_> =
            self.documents.iter().map(|document| String::from_utf8_lossy(document.expose()).into_owned()).collect();
        serde_json::json!({
            "kind": self.notice.text(),
            "phase": text("phase"),
            "severity": self.severity,
            "test": self.notice == Notice::TestCall,
            "call": self.fact(),
            "dialled": self.dialled,
            "service": self.service,
            "extension": self.number,
            "display": self.display,
            "callback": self.callback,
            "callback_from": self.callback_from,
            "location": { "text": self.location, "documents": documents, "grade": self.grade,
                "organisation": self.organisation, "site": self.site, "building": self.building, "place": self.place },
            "route": { "way": self.way, "cause": self.cause, "trunk": self.trunk },
            "user": self.user,
            "time": text("time"),
            "time_local": text("local"),
            "time_zone": self.zone.as_ref().map(Zone::name).unwrap_or_default(),
            "call_id": text("id"),
            "incident_id": self.incident,
            "note": self.note,
            "acknowledge": acknowledge,
        })
    }
}

impl core::fmt::Debug for Values {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(out, "Values({})", self.notice.text())
    }
}

/// What previews and test messages say: nothing of anybody.
pub fn sample(notice: Notice, at: Wall) -> Values {
    Values {
        notice,
        id: None,
        update: false,
        severity: if notice == Notice::TestCall { "test" } else { "high" },
        service: if notice == Notice::TestCall { "933" } else { "911" }.into(),
        callback: "+13125550100".into(),
        callback_from: "own",
        location: "100 Example Plaza\nChicago IL 60601 US\nFloor: 1\nRoom: 101".into(),
        documents: Vec::new(),
        organisation: "Example".into(),
        site: "hq".into(),
        building: "hq-main".into(),
        place: "hq-101".into(),
        user: "desk".into(),
        number: "4117".into(),
        display: "Front desk".into(),
        dialled: "9911".into(),
        grade: "dispatchable",
        way: "direct",
        cause: "",
        trunk: "psap-1".into(),
        at,
        zone: Zone::read("America/Chicago"),
        incident: "urn:emergency:uid:incidentid:00000000000000000000000000000000:callbox.example".into(),
        note: "This is a preview. Nobody called.".into(),
    }
}
