//! A restore that goes on into a database: the dump that came back is loaded into a new one on the component's server.

use std::time::Instant;

use crate::cli::backup::threads;
use crate::cli::load::References;
use crate::cli::restore::Args;
use crate::cli::{Context, Failure, working};
use crate::policy::Component;
use crate::postgres::{self, Server, Target, connect_to_any};
use crate::provider::Env;
use crate::sources::postgres::{DESCRIPTION, Description, Load, ready};
use crate::units::duration::Duration;

/// A server on which the database can be made.
pub struct Ready {
    name: String,
    server: Server,
    env: Env,
}

/// Tables and indexes loaded at once: each takes a connection of the server.
const JOBS: usize = 8;

/// What can be known before a byte is copied. `None`: no database was asked for.
///
/// # Errors
/// When the database cannot be made.
pub async fn check(args: &Args, context: &Context, component: &Component) -> Result<Option<Ready>, Failure> {
    let Some(name) = &args.database else { return Ok(None) };
    let Some(database) = component.kind.postgresql() else {
        let what = format!("`{}` is no database, and nothing was restored", *component.name);
        return Err(Failure::usage(what).help("Leave `--database` away: its files come back into the folder."));
    };
    let env = context.env(References::Acting)?;
    let target = Target::find(database, &env)?;
    // The database of the component may be what was lost.
    let server = connect_to_any(&target, &[target.dbname.as_str(), "postgres", "template1"]).await?;
    ready(&server, name).await?;
    Ok(Some(Ready { name: name.clone(), server, env }))
}

impl Ready {
    /// Loads what was restored.
    ///
    /// # Errors
    /// When the folder holds no dump, or it cannot be loaded whole.
    pub async fn load(self, args: &Args, context: &Context) -> Result<(), Failure> {
        let begun = Instant::now();
        let description = description(args)?;
        let [of] = description.databases.as_slice() else {
            return Err(Failure::new("could not load the backup: it does not hold one dump").help("Load it with pg_restore."));
        };
        let pg_restore = postgres::find("pg_restore", description.dumped_by_major, &self.env)?;
        let Self { name, server, .. } = &self;
        let load = Load { server, name, pg_restore: &pg_restore, jobs: threads().min(JOBS), no_owner: args.no_owner };
        let file = std::path::absolute(args.to.join(&of.file)).map_err(|error| Failure::new(error.to_string()))?;
        working::patiently(context, load.run(of, &file)).await?;
        let elapsed = Duration::from_secs(begun.elapsed().as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX));
        context.say(&format!("database `{name}` made of {} on {}, in {elapsed}", of.file, server.shown));
        Ok(())
    }
}

fn description(args: &Args) -> Result<Description, Failure> {
    let path = args.to.join(DESCRIPTION);
    let unread = |error: &dyn std::fmt::Display| {
        Failure::new(format!("could not read `{}`: {error}", path.display()))
            .help("The backup is whole in the folder: load it with pg_restore.")
    };
    let text = std::fs::read(&path).map_err(|error| unread(&error))?;
    serde_json::from_slice(&text).map_err(|error| unread(&error))
}
