//! Names and texts as SQL and connection strings take them.

/// A name in SQL.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL, whatever `standard_conforming_strings` says.
pub fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// The name of a database as an argument that takes connection strings: never taken for one, whatever it holds.
pub fn in_conninfo(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conninfo::Conninfo;

    #[test]
    fn nothing_in_a_name_ends_it() {
        assert_eq!(identifier("a\"; DROP DATABASE b"), "\"a\"\"; DROP DATABASE b\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), "E'a\\\\''b'");
        for name in ["plain", "it's", "a\\b", "host=x", "postgresql://x", "a b"] {
            let read = Conninfo::parse(&in_conninfo(name)).expect("reads");
            assert_eq!(read.get("dbname"), Some(name));
        }
    }
}
