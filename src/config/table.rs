//! Tables of keys: one declaration gives the struct, its defaults, its reader and its page in the reference.
use super::complaint::{Complaint, nearest};
use super::document::Document;
use super::value::Setting;
use config::{Map, Value, ValueKind};

/// One key of a table, for the reference and for `conf/callbox.toml`.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub form: &'static str,
    /// Its default as TOML; an example where it is required.
    pub default: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it does.
    pub about: String,
}

/// A table of a config.
pub trait Table: Sized + Default {
    /// What the table is about.
    fn about() -> String;
    /// Its keys, in the order in which the reference has them.
    fn keys() -> Vec<Key>;
    /// Reads it; what is wrong is told to the reader and takes its default.
    fn read(reader: &mut Reader<'_>) -> Self;
}

/// Declares a [`Table`]. `[required]` before a field says that its value is an example and not a default.
macro_rules! table {
    ($(#[doc = $about:literal])+ $name:ident {
        $($(#[doc = $doc:literal])+ $([$required:ident])? $field:ident: $type:ty = $default:expr),+ $(,)?
    }) => {
        $(#[doc = $about])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::config::table::Table for $name {
            fn about() -> String {
                [$($about),+].concat().trim().to_owned()
            }

            fn keys() -> Vec<$crate::config::table::Key> {
                let default = Self::default();
                vec![$($crate::config::table::Key {
                    name: stringify!($field),
                    form: <$type as $crate::config::value::Setting>::FORM,
                    default: $crate::config::value::Setting::written(&default.$field),
                    required: !<[&str]>::is_empty(&[$(stringify!($required))?]),
                    about: [$($doc),+].concat().trim().to_owned(),
                }),+]
            }

            fn read(reader: &mut $crate::config::table::Reader<'_>) -> Self {
                let default = Self::default();
                let read = Self { $($field: reader.key(
                    stringify!($field),
                    !<[&str]>::is_empty(&[$(stringify!($required))?]),
                    default.$field,
                ),)+ };
                reader.refuse_the_rest(&[$(stringify!($field)),+]);
                read
            }
        }
    };
}
pub(crate) use table;

/// Reads one table of a document, key by key.
pub struct Reader<'a> {
    document: &'a Document,
    path: String,
    values: Map<String, Value>,
    complaints: &'a mut Vec<Complaint>,
}

impl<'a> Reader<'a> {
    /// A reader of the table at `path` (`trunk[0]`; empty for the whole document).
    pub fn new(
        document: &'a Document,
        path: &str,
        values: Map<String, Value>,
        complaints: &'a mut Vec<Complaint>,
    ) -> Self {
        Self { document, path: path.to_owned(), values, complaints }
    }

    /// One value.
    pub fn key<T: Setting>(&mut self, name: &str, required: bool, default: T) -> T {
        let Some(value) = self.values.remove(name) else {
            if required {
                self.complain(name, "is not set".into(), format!("{name} = {}", default.written()));
            }
            return default;
        };
        T::read(value).unwrap_or_else(|| {
            self.complain(name, format!("is not {}", T::FORM), T::EXAMPLE.to_owned());
            default
        })
    }

    /// The table under `name`: `[node]`.
    pub fn table<T: Table>(&mut self, name: &str) -> T {
        let values = match self.values.remove(name) {
            None => Map::new(),
            Some(Value { kind: ValueKind::Table(values), .. }) => values,
            Some(_) => {
                self.complain(name, "is not a table".into(), format!("[{name}]"));
                return T::default();
            }
        };
        T::read(&mut Reader::new(self.document, &self.under(name), values, self.complaints))
    }

    /// The tables under `name`: `[[trunk]]`.
    pub fn tables<T: Table>(&mut self, name: &str) -> Vec<T> {
        let entries = match self.values.remove(name) {
            None => return Vec::new(),
            Some(Value { kind: ValueKind::Array(entries), .. }) => entries,
            Some(_) => {
                self.complain(name, "is not a list of tables".into(), format!("[[{name}]]"));
                return Vec::new();
            }
        };
        let mut read = Vec::with_capacity(entries.len());
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("{name}[{at}]");
            if let ValueKind::Table(values) = entry.kind {
                read.push(T::read(&mut Reader::new(self.document, &self.under(&path), values, self.complaints)));
            } else {
                self.complain(&path, "is not a table".into(), format!("[[{name}]]"));
            }
        }
        read
    }

    /// Complains about every key that nobody asked for.
    pub fn refuse_the_rest(&mut self, known: &[&'static str]) {
        let mut rest: Vec<String> = core::mem::take(&mut self.values).into_keys().collect();
        rest.sort_unstable();
        for name in rest {
            let remedy = match nearest(&name, known.iter().copied()) {
                Some(known) => known.to_owned(),
                None => format!("one of {}", known.join(", ")),
            };
            self.complain(&name, "is not a key that callbox knows".into(), remedy);
        }
    }

    fn under(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn complain(&mut self, name: &str, why: String, remedy: String) {
        self.complaints.push(self.document.complaint(&self.under(name), why, remedy));
    }
}
