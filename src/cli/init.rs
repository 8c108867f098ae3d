//! `bdr init`: a first policy, asked for on a terminal or given by flags.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::address::{PolicyName, near_name};
use crate::cli::{Context, Exit, Failure, hint};
use crate::diag::render_all;
use crate::lint::draft::{self, Answers, Bucket, SchedulerWord};
use crate::units::cadence::Zone;
use crate::units::duration::Duration;

/// Write a first policy, commented, that `bdr lint` has nothing against
///
/// On a terminal it asks for what no flag gives; elsewhere the flags and the defaults count.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the policy: lower-case letters, digits, `-` and `_` [default: the folder's name]
    #[arg(long)]
    name: Option<String>,
    /// File or folder to protect; give it several times for several
    #[arg(long, value_name = "PATH")]
    path: Vec<PathBuf>,
    /// Folder for the copies, best on another disk
    #[arg(long, value_name = "PATH")]
    store_folder: Option<PathBuf>,
    /// S3 bucket for the copies
    #[arg(long, value_name = "BUCKET")]
    store_s3: Option<String>,
    /// Region of the bucket
    #[arg(long, requires = "store_s3")]
    region: Option<String>,
    /// Address of a store that is compatible with S3
    #[arg(long, value_name = "URL", requires = "store_s3")]
    endpoint: Option<String>,
    /// Most loss that is bearable, as time, such as 26h or 30m [default: 26h]
    #[arg(long, value_name = "DURATION")]
    rpo: Option<Duration>,
    /// Most time until the data is back [default: 8h]
    #[arg(long, value_name = "DURATION")]
    rto: Option<Duration>,
    /// What runs the schedules [default: systemd]
    #[arg(long, value_enum)]
    scheduler: Option<Scheduler>,
    /// File to write; `-` writes to stdout
    #[arg(long, value_name = "FILE", default_value = "bdr.yaml")]
    out: PathBuf,
    /// Replace the file if there is one
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scheduler {
    /// Timers of the system
    Systemd,
    /// Timers of the user who applies
    SystemdUser,
    /// A file in /etc/cron.d
    Cron,
    /// The crontab of the user who applies
    Crontab,
}

const RPO: &str = "26h";
const RTO: &str = "8h";

pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let to_stdout = args.out == Path::new("-");
    if !to_stdout && !args.force && args.out.exists() {
        return Err(hint::there_already(&args.out));
    }
    let text = agreed(args, context)?;
    if to_stdout {
        context.print_exactly(&text)?;
        return Ok(Exit::Done);
    }
    write(&args.out, &text, args.force)?;
    let file = args.out.display();
    context.say(&format!("Wrote {file}. Next: bdr plan -p {file}"));
    Ok(Exit::Done)
}

/// The text of a policy that nothing is to be said against. At a terminal the questions come again until there is one, each with
/// what was answered before.
fn agreed(args: &Args, context: &Context) -> Result<String, Failure> {
    let asker = Asker { context, open: context.terminal.stdin && context.terminal.stderr, asked: Cell::new(false) };
    let mut before = None;
    loop {
        let answers = asker.answers(args, before.as_ref())?;
        let (found, sources) = match draft::draft(&answers, &args.out.display().to_string(), context.now()) {
            Ok(text) => return Ok(text),
            Err(refused) => refused,
        };
        context.warn(render_all(&found, &sources, context.look_stderr()).trim_end());
        if !asker.asked.get() {
            return Err(Failure::new("no policy was written: with these answers it could not keep what it promises")
                .help("Run `bdr init` again with other answers; each finding above says what would help."));
        }
        context.warn(
            "With these answers the policy could not keep what it promises. Once more; an empty answer keeps the one before.",
        );
        before = Some(answers);
    }
}

/// Writes the file, whole or not at all; without `force` never over another one, even one that came in this moment.
pub fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    let failed = |error: std::io::Error| hint::unwritten(format_args!("`{}`", path.display()), &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".bdr-init-").tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    let done = if force { file.persist(path) } else { file.persist_noclobber(path) };
    done.map(drop).map_err(|error| failed(error.error))
}

/// Answers from flags, the terminal, or defaults, in this order.
struct Asker<'a> {
    context: &'a Context,
    /// Whether there is somebody to ask.
    open: bool,
    /// Whether somebody was asked anything.
    asked: Cell<bool>,
}

impl Asker<'_> {
    /// `before`: the answers of the round before, which are the defaults of this one.
    fn answers(&self, args: &Args, before: Option<&Answers>) -> Result<Answers, Failure> {
        let name = before.map_or_else(folder_name, |before| before.name.to_string());
        args.name.as_deref().map_or(Ok(()), fits)?;
        let name = self.value(args.name.clone(), "Name of the policy?", &name, |text| {
            PolicyName::new(text).map_err(|error| error.to_string())
        })?;
        let mut paths = args.path.clone();
        if paths.is_empty() {
            let kept = before.and_then(|before| before.paths.first().cloned());
            paths.push(PathBuf::from(self.needed("Which file or folder must be recoverable?", "--path PATH", kept)?));
        }
        let mut folder = args.store_folder.clone();
        let mut bucket = args.store_s3.clone();
        if folder.is_none() && bucket.is_none() {
            let place = self.needed(
                "Where do copies go: a folder (best on another disk), or s3://BUCKET?",
                "--store-folder PATH or --store-s3 BUCKET",
                before.and_then(place),
            )?;
            match place.strip_prefix("s3://") {
                Some(name) => bucket = Some(name.trim_end_matches('/').to_owned()),
                None => folder = Some(PathBuf::from(place)),
            }
        }
        let duration = |text: &str| text.parse::<Duration>().map_err(|error| error.to_string());
        let shown = |given: Option<Duration>| given.map(|given| given.to_string());
        let (rpo, rto) =
            before.map_or_else(|| (RPO.to_owned(), RTO.to_owned()), |before| (before.rpo.to_string(), before.rto.to_string()));
        let rpo = self.value(shown(args.rpo), "How much loss is bearable, as time (RPO)?", &rpo, duration)?;
        let rto = self.value(shown(args.rto), "How long may recovery take (RTO)?", &rto, duration)?;
        let given = args.scheduler.and_then(|word| word.to_possible_value()).map(|word| word.get_name().to_owned());
        let question = "What runs the schedules: systemd, systemd-user, cron or crontab?";
        let kept = before.map_or("systemd", |before| word(before.scheduler));
        let scheduler = self.value(given, question, kept, |text| {
            Scheduler::from_str(text, true).map_err(|_| format!("`{text}` is none of systemd, systemd-user, cron and crontab"))
        })?;
        Ok(Answers {
            name,
            zone: local_zone(),
            paths: paths.iter().map(|path| absolute(path)).collect::<Result<_, _>>()?,
            folder: folder.as_deref().map(absolute).transpose()?,
            s3: bucket.map(|name| Bucket { name, region: args.region.clone(), endpoint: args.endpoint.clone() }),
            rpo,
            rto,
            scheduler: match scheduler {
                Scheduler::Systemd => SchedulerWord::Systemd,
                Scheduler::SystemdUser => SchedulerWord::SystemdUser,
                Scheduler::Cron => SchedulerWord::Cron,
                Scheduler::Crontab => SchedulerWord::Crontab,
            },
        })
    }

    /// A value with a default; on a terminal asked again until it can be read.
    fn value<T>(
        &self,
        given: Option<String>,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Failure> {
        if given.is_some() || !self.open {
            return read(given.as_deref().unwrap_or(default)).map_err(Failure::usage);
        }
        loop {
            let answer = self.ask(&format!("{question} [{default}]"))?;
            match read(if answer.is_empty() { default } else { &answer }) {
                Ok(value) => return Ok(value),
                Err(why) => self.context.warn(&why),
            }
        }
    }

    /// A value without a default, but for what was answered before.
    fn needed(&self, question: &str, flag: &str, before: Option<String>) -> Result<String, Failure> {
        if !self.open {
            return Err(Failure::usage(format!("give {flag}")).help("Without a terminal there is nobody to ask."));
        }
        loop {
            let answer = match &before {
                Some(before) => self.ask(&format!("{question} [{before}]"))?,
                None => self.ask(question)?,
            };
            match (answer.is_empty(), &before) {
                (false, _) => return Ok(answer),
                (true, Some(before)) => return Ok(before.clone()),
                (true, None) => {}
            }
        }
    }

    fn ask(&self, question: &str) -> Result<String, Failure> {
        self.asked.set(true);
        self.context.ask(question).ok_or_else(|| Failure::new("the answer could not be read; nothing was written"))
    }
}

/// Whether a policy can be called so.
///
/// # Errors
/// When not, with the name that comes nearest.
pub fn fits(name: &str) -> Result<(), Failure> {
    let Err(error) = PolicyName::new(name) else { return Ok(()) };
    let near = near_name(name).unwrap_or_else(|| "backups".to_owned());
    Err(Failure::usage(error.to_string()).help(format!("Say, for instance, `--name {near}`.")))
}

/// Where copies go, as it is answered.
fn place(answers: &Answers) -> Option<String> {
    answers.s3.as_ref().map(|bucket| format!("s3://{}", bucket.name)).or_else(|| answers.folder.clone())
}

fn word(scheduler: SchedulerWord) -> &'static str {
    match scheduler {
        SchedulerWord::Systemd => "systemd",
        SchedulerWord::SystemdUser => "systemd-user",
        SchedulerWord::Cron => "cron",
        SchedulerWord::Crontab => "crontab",
    }
}

fn absolute(path: &Path) -> Result<String, Failure> {
    let unusable = |why: &str| Failure::usage(format!("`{}` cannot be used in a policy: {why}", path.display()));
    let path = std::path::absolute(path).map_err(|error| unusable(&error.to_string()))?;
    let text = path.to_str().ok_or_else(|| unusable("its name is not UTF-8"))?;
    Ok(if text.len() > 1 { text.trim_end_matches('/').to_owned() } else { text.to_owned() })
}

/// The name of the folder that the program runs in, made to fit; `backups` where nothing of it fits.
fn folder_name() -> String {
    let folder = std::env::current_dir().ok();
    let name = folder.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default().to_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut made: String = name.chars().map(|c| if fits(c) || c == '_' { c } else { '-' }).take(63).collect();
    made = made.trim_start_matches(|c| !fits(c)).trim_end_matches(|c| !fits(c)).to_owned();
    if made.is_empty() { "backups".to_owned() } else { made }
}

fn local_zone() -> Zone {
    jiff::tz::TimeZone::system().iana_name().and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc)
}
