//! What a protection reads, opened by its method: the one place that knows which source a backup is made of.

use std::path::PathBuf;

use crate::cli::chosen::Chosen;
use crate::cli::load::References;
use crate::cli::{Context, Failure};
use crate::policy::{Backend, ComponentKind, Files, Method, Policy, Postgresql};
use crate::postgres::{self, Target, Walsender, connect};
use crate::source::Source;
use crate::sources::folder::{Options, Select, Walk};
use crate::sources::postgres::{DATA, Dump, Dumping, Taking, survey};

/// What is read, and how to begin reading it, again for each try.
pub struct Reading {
    /// As they resolved: a restore has to know them, and a path is no secret.
    pub roots: Vec<String>,
    /// System identifier of the cluster that is copied.
    pub system: Option<u64>,
    pub begin: Box<dyn Fn() -> Box<dyn Source> + Send + Sync>,
}

/// `None`: bdr copies nothing itself.
///
/// # Errors
/// When the source cannot be opened, or the policy's globs are wrong.
pub async fn open(context: &Context, policy: &Policy, chosen: &Chosen<'_>) -> Result<Option<Reading>, Failure> {
    match (&chosen.protection.method, &chosen.component.kind) {
        (Method::FileBackup(_), ComponentKind::Files(files)) => folder(files, policy).map(Some),
        (Method::LogicalDump(_), ComponentKind::Postgresql(database)) => dump(context, database).await.map(Some),
        (Method::BaseBackup(_), ComponentKind::Postgresql(database)) => cluster(context, database).await.map(Some),
        _ => Ok(None),
    }
}

/// The files of a component, to be walked through and not to be read.
///
/// # Errors
/// When the policy's globs are wrong.
pub fn files(files: &Files, policy: &Policy) -> Result<Box<dyn Source>, Failure> {
    folder(files, policy).map(|reading| (reading.begin)())
}

/// The stores' own folders are left out, or a backup would hold the backups before it.
fn folder(files: &Files, policy: &Policy) -> Result<Reading, Failure> {
    let text = |globs: &[crate::diag::Spanned<String>]| globs.iter().map(|glob| glob.value.clone()).collect::<Vec<_>>();
    let select = Select::new(&text(&files.include), &text(&files.exclude)).map_err(|error| Failure::new(error.to_string()))?;
    let folder = |backend: &Backend| match backend {
        Backend::Folder(folder) => Some(PathBuf::from(folder.path.expose())),
        Backend::S3(_) => None,
    };
    let options = Options {
        roots: files.paths.iter().map(|path| PathBuf::from(path.expose())).collect(),
        select,
        one_file_system: files.one_file_system,
        avoid: policy.stores.values().filter_map(|store| folder(&store.backend)).collect(),
    };
    let roots = files.paths.iter().map(|path| path.expose().to_owned()).collect();
    Ok(Reading { roots, system: None, begin: Box::new(move || Box::new(Walk::new(options.clone()))) })
}

async fn dump(context: &Context, database: &Postgresql) -> Result<Reading, Failure> {
    let env = context.env(References::Acting)?;
    let target = Target::find(database, &env)?;
    let server = connect(&target, &target.dbname).await?;
    let description = survey(&server, &target.dbname).await?;
    let major = description.server_major();
    let tools = (postgres::find("pg_dump", major, &env)?, postgres::find("pg_dumpall", major, &env)?);
    let dumping = Dumping::new(&server, description, (&tools.0, &tools.1));
    let context = context.clone();
    Ok(Reading {
        roots: vec!["/".to_owned()],
        system: None,
        begin: Box::new(move || Box::new(Dump::new(&dumping, context.now()))),
    })
}

/// What refuses a base backup is told before one is begun.
async fn cluster(context: &Context, database: &Postgresql) -> Result<Reading, Failure> {
    let env = context.env(References::Acting)?;
    let target = Target::find(database, &env)?;
    let looked = target.clone();
    let about = tokio::task::spawn_blocking(move || Walsender::connect(&looked).map(|walsender| walsender.about));
    let system = about.await.map_err(|error| Failure::new(error.to_string()))??.system;
    let context = context.clone();
    let begin = move || -> Box<dyn Source> { Box::new(Taking::new(target.clone(), system, context.now())) };
    Ok(Reading { roots: vec![format!("/{DATA}")], system: Some(system), begin: Box::new(begin) })
}
