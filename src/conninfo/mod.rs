//! Connection strings of PostgreSQL, as libpq reads them: a URL or `keyword=value` pairs, with what variables, a service file and a
//! password file add. Nothing of a connection string is ever repeated in an error, since any part of it may be a password.

mod keywords;
mod passfile;
mod service;
mod settings;
#[cfg(test)]
mod tests;
mod url;

use std::collections::BTreeMap;
use std::fmt;

pub use passfile::password;
pub use service::service;
pub use settings::{Host, Session, Settings, Tls, TlsMode};

/// A parameter that bdr carries out: its keyword in connection strings and its environment variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub keyword: &'static str,
    pub variable: &'static str,
}

const fn parameter(keyword: &'static str, variable: &'static str) -> Parameter {
    Parameter { keyword, variable }
}

/// PostgreSQL's manual, "Parameter Key Words" and "Environment Variables" of libpq.
pub const PARAMETERS: [Parameter; 14] = [
    parameter("host", "PGHOST"),
    parameter("hostaddr", "PGHOSTADDR"),
    parameter("port", "PGPORT"),
    parameter("dbname", "PGDATABASE"),
    parameter("user", "PGUSER"),
    parameter("password", "PGPASSWORD"),
    parameter("passfile", "PGPASSFILE"),
    parameter("service", "PGSERVICE"),
    parameter("connect_timeout", "PGCONNECT_TIMEOUT"),
    parameter("application_name", "PGAPPNAME"),
    parameter("options", "PGOPTIONS"),
    parameter("sslmode", "PGSSLMODE"),
    parameter("sslrootcert", "PGSSLROOTCERT"),
    parameter("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// What is wrong with a connection string, without a word of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    pub what: String,
    /// A full sentence with the way out.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// A parameter that bdr does not carry out. Its name is not repeated: in a broken text it may be part of a password.
    fn unknown(number: usize, keyword: &str) -> Self {
        let all = PARAMETERS.iter().map(|parameter| parameter.keyword);
        let near = all.clone().map(|known| (strsim::damerau_levenshtein(known, keyword), known)).min();
        let help = match near.filter(|(distance, known)| *distance * 3 <= known.len()) {
            Some((_, known)) => format!("Did you mean `{known}`?"),
            None => format!("Take it out. The parameters are {}.", all.collect::<Vec<_>>().join(", ")),
        };
        Self::new(format!("parameter {number} of the connection string is none that bdr knows"), help)
    }
}

/// Parameters of a connection, each given at most once. Shown nowhere.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Conninfo(BTreeMap<&'static str, String>);

impl fmt::Debug for Conninfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Conninfo {
    /// Reads a connection string.
    ///
    /// # Errors
    /// When it is none, or names what bdr does not know.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let url = ["postgresql://", "postgres://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        match url {
            Some(rest) => url::parse(rest),
            None => keywords::parse(text),
        }
    }

    /// What the environment says.
    pub fn of_variables(vars: &BTreeMap<String, String>) -> Self {
        // libpq takes an empty variable as one that is not set, but for a few of which an empty value means the same.
        let set = |parameter: &Parameter| vars.get(parameter.variable).filter(|value| !value.is_empty()).cloned();
        Self(PARAMETERS.iter().filter_map(|parameter| Some((parameter.keyword, set(parameter)?))).collect())
    }

    /// The same, with what it does not say itself from `other`.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        for (keyword, value) in other.0 {
            self.0.entry(keyword).or_insert(value);
        }
        self
    }

    pub fn get(&self, keyword: &str) -> Option<&str> {
        self.0.get(keyword).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Adds the `number`th parameter of a text.
    fn add(&mut self, number: usize, keyword: &str, value: String) -> Result<(), Fault> {
        let known = PARAMETERS.iter().find(|parameter| parameter.keyword == keyword);
        let known = known.ok_or_else(|| Fault::unknown(number, keyword))?;
        // As in libpq, the last of equals counts.
        self.0.insert(known.keyword, value);
        Ok(())
    }
}
