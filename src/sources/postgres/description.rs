//! `server.json`: of which server and database a dump is, and what makes an empty database like it.

use serde::{Deserialize, Serialize};

use crate::postgres::{identifier, literal};

/// Its name in the tree.
pub const DESCRIPTION: &str = "server.json";
pub const VERSION: u32 = 1;

/// What a dump was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    pub version: u32,
    /// As the server tells it: `15.8 (Debian 15.8-0+deb12u1)`.
    pub server_version: String,
    /// `150008`.
    pub server_version_num: u32,
    /// What no other cluster has; `None`: the user may not see it.
    pub system_identifier: Option<String>,
    /// Version of `pg_dump`: `pg_restore` must not be older.
    pub dumped_by: String,
    pub dumped_by_major: u32,
    /// Whether `globals.sql` has the roles' passwords (as hashes).
    pub role_passwords: bool,
    pub databases: Vec<Database>,
}

/// A database of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub name: String,
    /// In the tree.
    pub file: String,
    pub encoding: String,
    pub collate: String,
    pub ctype: String,
    /// `c` (libc), `i` (ICU) or `b` (built in); `None` before 15.
    pub locale_provider: Option<String>,
    /// Of ICU and built in.
    pub locale: Option<String>,
}

impl Description {
    pub fn server_major(&self) -> u32 {
        self.server_version_num / 10_000
    }
}

impl Database {
    /// The file of a database: names may hold what paths may not.
    pub fn file_of(name: &str) -> String {
        let mut file = String::new();
        for (at, c) in name.char_indices() {
            let plain = c != '/' && c != '%' && !c.is_control() && !(at == 0 && c == '.');
            if plain {
                file.push(c);
            } else {
                c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| file += &format!("%{byte:02X}"));
            }
        }
        file + ".dump"
    }

    /// Makes an empty one like it, of another name. It comes from `template0`, which holds nothing that the dump holds too.
    pub fn create(&self, name: &str) -> String {
        let mut sql = format!(
            "CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}",
            identifier(name),
            literal(&self.encoding),
            literal(&self.collate),
            literal(&self.ctype)
        );
        let provider = match self.locale_provider.as_deref() {
            Some("i") => Some(("icu", "ICU_LOCALE")),
            Some("b") => Some(("builtin", "BUILTIN_LOCALE")),
            _ => None,
        };
        if let (Some((provider, key)), Some(locale)) = (provider, &self.locale) {
            sql += &format!(" LOCALE_PROVIDER {provider} {key} {}", literal(locale));
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::entry::is_safe;

    #[test]
    fn any_name_of_a_database_is_one_safe_file_of_its_own() {
        let names = ["app", "a/b", "a%2Fb", "..", ".", "/", "å ä", "a\nb", "x.dump", "*"];
        let files: std::collections::BTreeSet<String> = names.iter().map(|name| Database::file_of(name)).collect();
        assert_eq!(files.len(), names.len());
        assert!(files.iter().all(|file| is_safe(file.as_bytes()) && !file.contains('/')), "{files:?}");
        assert_eq!(Database::file_of("app"), "app.dump");
        assert_eq!(Database::file_of("a/b"), "a%2Fb.dump");
        assert_eq!(Database::file_of(".."), "%2E..dump");
        assert!(Database::file_of(&"/".repeat(63)).len() < 255);
    }

    #[test]
    fn an_empty_database_is_made_with_the_same_locale() {
        let of = |provider: Option<&str>, locale: Option<&str>| Database {
            name: "app".to_owned(),
            file: "app.dump".to_owned(),
            encoding: "UTF8".to_owned(),
            collate: "C".to_owned(),
            ctype: "C.UTF-8".to_owned(),
            locale_provider: provider.map(str::to_owned),
            locale: locale.map(str::to_owned),
        };
        let plain = "CREATE DATABASE \"new\" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'";
        assert_eq!(of(Some("c"), None).create("new"), plain);
        assert_eq!(of(None, None).create("new"), plain);
        assert_eq!(of(Some("i"), Some("sv-SE")).create("new"), format!("{plain} LOCALE_PROVIDER icu ICU_LOCALE 'sv-SE'"));
    }
}
