//! Service files: sections `[name]` of `keyword=value` lines.

use super::{Conninfo, Fault};

/// The parameters of a service; `None`: the file does not know it.
///
/// # Errors
/// When its section has what is no parameter.
pub fn service(text: &str, name: &str) -> Result<Option<Conninfo>, Fault> {
    let mut found: Option<Conninfo> = None;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            if found.is_some() {
                break;
            }
            if section == name {
                found = Some(Conninfo::default());
            }
            continue;
        }
        let Some(conninfo) = found.as_mut().filter(|_| !line.is_empty() && !line.starts_with('#')) else { continue };
        let pair = line.split_once('=').filter(|(keyword, _)| keyword.trim() != "service");
        let (keyword, value) = pair.ok_or_else(|| {
            Fault::new(format!("line {number} of the service file is no parameter"), "Write `keyword=value`, such as `host=db1`.")
        })?;
        conninfo.add(number, keyword.trim(), value.trim().to_owned()).map_err(|fault| Fault {
            what: format!("line {number} of the service file has a parameter that bdr does not know"),
            ..fault
        })?;
    }
    Ok(found)
}
