//! Connection strings of `keyword = value` pairs.

use std::iter::Peekable;
use std::str::Chars;

use super::{Conninfo, Fault};

/// Reads the pairs.
pub fn parse(text: &str) -> Result<Conninfo, Fault> {
    let mut found = Conninfo::default();
    let mut chars = text.chars().peekable();
    for number in 1.. {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.peek().is_none() {
            break;
        }
        let mut keyword = String::new();
        while let Some(c) = chars.next_if(|c| *c != '=' && !c.is_whitespace()) {
            keyword.push(c);
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        if chars.next() != Some('=') {
            return Err(Fault::new(
                "the connection string is neither a URL nor `keyword=value` pairs",
                "Write `postgresql://user@host/dbname`, or `host=… dbname=… user=…`.",
            ));
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let value = value(&mut chars)?;
        found.add(number, &keyword, value)?;
    }
    Ok(found)
}

/// Up to a blank, or in single quotes; a backslash takes the next character as it is.
fn value(chars: &mut Peekable<Chars<'_>>) -> Result<String, Fault> {
    let quoted = chars.next_if_eq(&'\'').is_some();
    let mut value = String::new();
    loop {
        match chars.peek().copied() {
            None if quoted => {
                let help = "End it with `'`; write a quote inside as `\\'`.";
                return Err(Fault::new("a quoted value of the connection string does not end", help));
            }
            None => return Ok(value),
            Some('\'') if quoted => {
                chars.next();
                return Ok(value);
            }
            Some(c) if !quoted && c.is_whitespace() => return Ok(value),
            Some('\\') => {
                chars.next();
                value.extend(chars.next());
            }
            Some(c) => {
                chars.next();
                value.push(c);
            }
        }
    }
}
