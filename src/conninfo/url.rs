//! Connection URLs: `postgresql://user:password@host:port,host:port/dbname?keyword=value`.

use super::{Conninfo, Fault};

const ESCAPES: &str = "Write `@ : / ? # %` and the like as `%40 %3A %2F %3F %23 %25`, in passwords above all.";

/// Reads what follows the scheme.
pub fn parse(rest: &str) -> Result<Conninfo, Fault> {
    let mut found = Conninfo::default();
    if rest.contains('#') {
        return Err(Fault::new("the connection URL has a `#`", ESCAPES));
    }
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = address.split_once('/').unwrap_or((address, ""));
    // libpq takes them, but mostly they come of a password whose `/` ended the hosts, and the rest of it would be shown as a name.
    if database.contains(['@', '/', ':']) {
        return Err(Fault::new("the connection URL has an `@`, `/` or `:` in the name of its database", ESCAPES));
    }
    let (login, hosts) = authority.rsplit_once('@').map_or(("", authority), |(login, hosts)| (login, hosts));
    if login.contains('@') {
        return Err(Fault::new("the connection URL has more than one `@` before its host", ESCAPES));
    }
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = hosts_and_ports(hosts)?;
    let parts = [("user", user), ("password", password), ("host", &*host), ("port", &*port), ("dbname", database)];
    for (keyword, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        found.add(0, keyword, decoded(value)?)?;
    }
    for (number, pair) in (1..).zip(query.split('&').filter(|pair| !pair.is_empty())) {
        let no_value = || Fault::new(format!("parameter {number} of the connection URL has no value"), ESCAPES);
        let (keyword, value) = pair.split_once('=').ok_or_else(no_value)?;
        let keyword = decoded(keyword)?;
        // What JDBC writes, which libpq takes too.
        let (keyword, value) = match (keyword.as_str(), value) {
            ("ssl", "true") => ("sslmode", "require"),
            (keyword, value) => (keyword, value),
        };
        found.add(number, keyword, decoded(value)?)?;
    }
    Ok(found)
}

/// The hosts and the ports, each as the list that the keywords take.
fn hosts_and_ports(text: &str) -> Result<(String, String), Fault> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = if let Some(rest) = one.strip_prefix('[') {
            let open = || Fault::new("a `[` in the connection URL has no `]`", "Write an IPv6 address as `[::1]`.");
            let (host, rest) = rest.split_once(']').ok_or_else(open)?;
            (host, rest.strip_prefix(':').unwrap_or(rest))
        } else {
            one.split_once(':').unwrap_or((one, ""))
        };
        hosts.push(host);
        ports.push(port);
    }
    let list = |list: &[&str]| if list.iter().all(|one| one.is_empty()) { String::new() } else { list.join(",") };
    Ok((list(&hosts), list(&ports)))
}

/// RFC 3986, 2.1.
fn decoded(text: &str) -> Result<String, Fault> {
    let broken = || Fault::new("a `%` in the connection URL is not followed by the two hexadecimal digits of a byte", ESCAPES);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, tail @ ..] = rest else { return Err(broken()) };
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let byte = digit(high).zip(digit(low)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(byte.filter(|byte| *byte != 0).ok_or_else(broken)?);
        rest = tail;
    }
    String::from_utf8(bytes).map_err(|_| broken())
}
