//! Password files: lines of `host:port:database:user:password`.

/// The password for a connection: of the first line that fits. `host` is as it was written, `localhost` for a socket of this machine.
pub fn password(text: &str, host: &str, port: u16, database: &str, user: &str) -> Option<String> {
    let port = port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let (fields, password) = split(line)?;
        let fits = fields.iter().zip([host, &port, database, user]).all(|(field, is)| *field == "*" || unescaped(field) == is);
        fits.then(|| unescaped(password)).filter(|password| !password.is_empty())
    })
}

/// The four fields before the password, with their escapes, and the password.
fn split(line: &str) -> Option<([&str; 4], &str)> {
    let mut fields = [""; 4];
    let mut rest = line;
    for field in &mut fields {
        let mut escaped = false;
        let end = rest.char_indices().find_map(|(at, c)| {
            let ends = c == ':' && !escaped;
            escaped = c == '\\' && !escaped;
            ends.then_some(at)
        })?;
        (*field, rest) = (&rest[..end], &rest[end + 1..]);
    }
    Some((fields, rest))
}

/// `\:` and `\\` stand for the characters themselves.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
