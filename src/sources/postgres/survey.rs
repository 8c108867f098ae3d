//! What a server says of itself and of the database that is dumped.

use crate::postgres::{Server, failed, literal};
use crate::provider::ProviderError;
use crate::sources::postgres::description::{Database, Description, VERSION};

const OPERATION: &str = "ask for its version";

/// All but what dumps it.
///
/// # Errors
/// When the server refuses to answer.
pub async fn survey(server: &Server, dbname: &str) -> Result<Description, ProviderError> {
    let unclear = || failed(OPERATION, server.shown.clone(), "its answer is not to be understood");
    let about = "SELECT current_setting('server_version'), current_setting('server_version_num'), \
                 has_table_privilege('pg_catalog.pg_authid', 'SELECT')";
    let mut rows = server.rows(OPERATION, about).await?;
    let row = rows.pop().ok_or_else(unclear)?;
    let [Some(server_version), Some(number), Some(passwords)] = row.as_slice() else { return Err(unclear()) };
    let server_version_num: u32 = number.parse().map_err(|_| unclear())?;
    // Since 9.6; who may not ask for it does without.
    let identifier = server.rows(OPERATION, "SELECT system_identifier FROM pg_catalog.pg_control_system()").await;
    let system_identifier = identifier.ok().and_then(|mut rows| rows.pop()?.pop()?);
    let locale = match server_version_num {
        ..150_000 => "NULL, NULL",
        150_000..170_000 => "datlocprovider, daticulocale",
        _ => "datlocprovider, datlocale",
    };
    let of = format!(
        "SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype, {locale} FROM pg_catalog.pg_database \
         WHERE datname = {}",
        literal(dbname)
    );
    let mut row = server.rows("read the settings of", &of).await?.pop().ok_or_else(unclear)?.into_iter();
    let mut next = || row.next().flatten();
    let (encoding, collate, ctype) = (next(), next(), next());
    let database = Database {
        name: dbname.to_owned(),
        file: Database::file_of(dbname),
        encoding: encoding.ok_or_else(unclear)?,
        collate: collate.ok_or_else(unclear)?,
        ctype: ctype.ok_or_else(unclear)?,
        locale_provider: next(),
        locale: next(),
    };
    Ok(Description {
        version: VERSION,
        server_version: server_version.clone(),
        server_version_num,
        system_identifier,
        dumped_by: String::new(),
        dumped_by_major: 0,
        role_passwords: passwords == "t",
        databases: vec![database],
    })
}
