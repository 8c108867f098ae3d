//! `bdr wal status`: how the archive of a log stands.

use crate::cli::chosen::{Format, Which};
use crate::cli::load::References;
use crate::cli::log_kept::{self, Bases, Logs};
use crate::cli::view::unread::{self, Unread};
use crate::cli::view::wal::{self, Document, Stored};
use crate::cli::wal::chosen::{self, Chosen};
use crate::cli::{Context, Exit, Failure, load, working};
use crate::journal::LogWindow;
use crate::policy::{Component, Policy};
use crate::postgres::{self, Archiver, Target, connect};
use crate::provider::Env;
use crate::stores::Patience;
use crate::tree::Known;

/// Tell how the archive of the write-ahead log stands
///
/// For each store: what can be replayed, timeline by timeline, which segments are missing between others, when the newest one was archived and
/// how many come in an hour; and from which moment on any can be restored, with the base backups that the log rolls forward. Where the server can be reached, how far behind it the archive is, and whether `archive_command` fails. Data is not
/// read, and nothing is written; it needs the rights of `bdr iam-policy status`. Exit code 2: a segment is missing, another file of a taken name was
/// refused, the archive is empty, or the server does not archive as the policy says; 1: a store could not be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Component [default: the only one with a `wal_archive`]
    component: Option<String>,
    /// Look at this store alone; give it several times for several [default: every store of the archive]
    #[arg(long, value_name = "NAME")]
    store: Vec<String>,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

pub async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    working::listen(context);
    let loaded = load::policy(context, References::Called)?;
    let env = context.env(References::Called)?;
    let policy = &loaded.policy;
    let named = (args.component.as_deref(), args.store.as_slice());
    let chosen = chosen::archives(context, policy, named, &env, Patience::PERSON).await?;
    let mut document = Document::new(policy.name.as_str(), chosen.component, chosen.protection);
    let Chosen { component, protection, archives } = chosen;
    let bases = base_backups(policy, component, &env);
    let looks = async { Ok::<_, Failure>(tokio::join!(Logs::look(archives), server(component, context), bases)) };
    let (logs, server, bases) = working::look(context, component.name.as_str(), looks).await?;
    for (archive, seen) in &logs.stores {
        let name = archive.store.as_str();
        match seen {
            Ok(seen) => document.stores.push(Stored::of(name, &archive.describe(), seen.as_ref(), context.now())),
            Err(error) => document.unread.push(Unread {
                subject: format!("store `{name}`"),
                reason: error.to_string(),
                help: error.help().map(str::to_owned),
            }),
        }
    }
    match bases {
        Ok(bases) => document.window = window(&logs, &bases, context.now()).filter(|_| logs.unread().is_none()),
        Err(failure) => document.unread.push(Unread {
            subject: "the base backups, so that the window is not known".to_owned(),
            reason: failure.message,
            help: failure.help,
        }),
    }
    match server {
        Ok(archiver) => document.server(&archiver, protection),
        Err(why) => document.server_unread = Some(why),
    }
    match args.format {
        Format::Human => context.print(&wal::human(&document, &policy.timezone, context.terminal.width))?,
        Format::Json => context.print_json(&wal::json(&document)?)?,
    }
    unread::tell(context, &document.unread);
    Ok(match (document.is_well(), document.unread.is_empty()) {
        (false, _) => Exit::Present,
        (true, false) => Exit::Failed,
        (true, true) => Exit::Done,
    })
}

/// The base backups that the log rolls forward, place by place.
async fn base_backups(policy: &Policy, component: &Component, env: &Env) -> Result<Vec<(String, Known)>, Failure> {
    let mut found = Vec::new();
    if !component.protections.values().any(log_kept::is_base) {
        return Ok(found);
    }
    let all = crate::cli::chosen::choose(policy, component, &Which::default(), env).await?;
    for chosen in all.iter().filter(|chosen| log_kept::is_base(chosen.protection)) {
        found.push((chosen.label(), chosen.soon.known().await?));
    }
    Ok(found)
}

fn window(logs: &Logs, bases: &[(String, Known)], now: jiff::Timestamp) -> Option<LogWindow> {
    let places = bases.iter().map(|(label, known)| (label.clone(), known)).collect();
    let reach = log_kept::reachable(&logs.standing()?, &Bases { places, unread: None }, now)?;
    Some(LogWindow { from: reach.from, to: reach.to })
}

/// What the server says; why it says nothing, which an archive does not depend on.
async fn server(component: &Component, context: &Context) -> Result<Archiver, String> {
    let database = component.kind.postgresql().ok_or("the component is no database")?;
    if let Some(url) = database.url.as_ref().filter(|url| !url.value.is_known()) {
        return Err(format!("its url, {}, has no value here", url.value));
    }
    let env = context.env(References::Called).map_err(|failure| failure.message)?;
    let target = Target::find(database, &env).map_err(|error| error.to_string())?;
    let server = connect(&target, &target.dbname).await.map_err(|error| error.to_string())?;
    postgres::archiver(&server).await.map_err(|error| error.to_string())
}
